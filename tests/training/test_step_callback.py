"""Step callbacks receive the point before each update, and the end of the fit."""

import keras
import numpy as np
import pytest

import linfit
from linfit.callbacks import DivergenceGuard, StatusPrinter, StepCallback

X, Y = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, noise=0.1).sample(40, seed=1)


class Recorder(StepCallback):
    """Keeps the steps it receives, one row per step."""

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.rows = []

    def on_steps_end(self, trajectory):
        self.rows += zip(trajectory.step, trajectory.loss, trajectory.learning_rate, trajectory.values, strict=True)

    def column(self, index):
        return np.array([row[index] for row in self.rows])


def numpy_points(batches, learning_rate=0.05):
    """Return the loss and (w, b) before each update, in NumPy, and the end point."""
    point, rows = np.zeros(3), []
    for batch in batches:
        a = np.column_stack([X[batch], np.ones(len(X[batch]))])
        residual = a @ point - Y[batch, 0]
        rows.append((np.mean(residual**2), point))
        point = point - learning_rate * 2 / len(a) * a.T @ residual
    return np.array([loss for loss, _ in rows]), np.array([*(values for _, values in rows), point])


def ours():
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.05)
    return model


def stock():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    return model


@pytest.mark.parametrize("make", [ours, stock])
@pytest.mark.parametrize("batch_size", [40, 15])
def test_each_step_has_the_point_before_its_update_and_the_loss_there(make, batch_size):
    recorder = Recorder()
    make().fit(X, Y, batch_size=batch_size, epochs=4, shuffle=False, verbose=0, callbacks=[recorder])
    batches = [slice(first, first + batch_size) for first in range(0, 40, batch_size)] * 4
    losses, points = numpy_points(batches)
    np.testing.assert_array_equal(recorder.column(0), np.arange(len(batches) + 1))
    np.testing.assert_allclose(recorder.column(1)[:-1], losses, rtol=2e-5)
    np.testing.assert_allclose(recorder.column(2), 0.05, rtol=1e-6)
    np.testing.assert_allclose(np.vstack(recorder.column(3)), points, atol=2e-6)


def test_the_end_of_a_full_batch_fit_has_its_loss_and_of_a_mini_batch_fit_has_none():
    for batch_size, measured in [(40, True), (15, False)]:
        recorder, model = Recorder(), ours()
        model.fit(X, Y, batch_size=batch_size, epochs=2, verbose=0, callbacks=[recorder])
        assert np.isfinite(recorder.rows[-1][1]) == measured
        if measured:
            assert recorder.rows[-1][1] == pytest.approx(model.evaluate(X, Y, batch_size=40, verbose=0), rel=1e-6)


def test_validation_in_between_does_not_disturb_the_recorded_losses():
    plain, validated = Recorder(), Recorder()
    ours().fit(X, Y, batch_size=40, epochs=5, shuffle=False, verbose=0, callbacks=[plain])
    validation = (X[:5], 9 * Y[:5])
    ours().fit(
        X,
        Y,
        batch_size=40,
        epochs=5,
        shuffle=False,
        verbose=0,
        validation_data=validation,
        callbacks=[validated],
    )
    np.testing.assert_array_equal(plain.column(1), validated.column(1))


def test_every_thins_the_steps_and_keeps_the_end():
    recorder = Recorder(every=4)
    ours().fit(X, Y, batch_size=40, epochs=10, verbose=0, callbacks=[recorder])
    assert recorder.column(0).tolist() == [0, 4, 8, 10]


def test_a_second_fit_continues_the_step_axis():
    recorder, model = Recorder(), ours()
    for expected in [[0, 1, 2, 3], [3, 4, 5, 6]]:
        model.fit(X, Y, batch_size=40, epochs=3, verbose=0, callbacks=[recorder])
        assert recorder.column(0).tolist() == expected


def test_parameters_of_deeper_models_are_recorded_under_their_paths():
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2, name="hidden"), keras.layers.Dense(1, name="out")]
    )
    model.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
    seen = []

    class Names(StepCallback):
        def on_steps_end(self, trajectory):
            seen.append(trajectory.names)

    model.fit(X, Y, batch_size=40, epochs=1, verbose=0, callbacks=[Names()])
    assert (
        seen[0][:2] == ("sequential/hidden/kernel/0/0", "sequential/hidden/kernel/0/1") or "hidden/kernel" in seen[0][0]
    )
    assert len(seen[0]) == 9


def test_the_printer_prints_aligned_lines_with_the_distance_to_the_truth(capsys):
    truth = linfit.GroundTruth(w=2.0, b=1.0)
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.1)
    printer = StatusPrinter(every=2, truth=truth)
    model.fit([0.0, 1.0], [1.0, 3.0], epochs=4, verbose=0, callbacks=[printer])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "  step        loss           w           b   w - truth   b - truth"
    # By hand: the residuals at the start are -1 and -3, so the loss is (1 + 9) / 2, dw = -3 and db = -4.
    assert lines[1] == "     0    5.000000    0.000000    0.000000   -2.000000   -1.000000"
    assert [line.split()[0] for line in lines[1:]] == ["0", "2", "4"]
    assert len({len(line) for line in lines}) == 1


def test_the_printer_gives_norm_and_worst_where_the_columns_do_not_fit(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    truth = linfit.GroundTruth(w=np.arange(12.0), feature_names=[f"f{i}" for i in range(12)])
    x, y = truth.sample(30, seed=1)
    model = ours()
    model.fit(x, y, batch_size=30, epochs=1, verbose=0, callbacks=[StatusPrinter(every=1, truth=truth)])
    header, first, _ = capsys.readouterr().out.splitlines()
    assert header.split() == ["step", "loss", "distance", "furthest", "off"]
    assert first.split()[2:] == [f"{np.linalg.norm(np.arange(12)):#.7g}", "w/f11", "-11.00000"]


def test_without_a_truth_the_printer_measures_the_distance_to_the_optimum(capsys):
    ours().fit(X[:, 0], Y, batch_size=40, epochs=1, verbose=0, callbacks=[StatusPrinter(every=1)])
    header, first, _ = capsys.readouterr().out.splitlines()
    slope, intercept = np.polyfit(X[:, 0], Y[:, 0], 1)
    assert "w - optimum" in header
    assert first.split()[-2:] == [f"{-slope:+.6f}", f"{-intercept:+.6f}"]


@pytest.mark.parametrize("jit_compile", ["auto", False])
def test_divergence_stops_the_fit_explains_itself_and_goes_back_to_the_last_finite_point(jit_compile):
    recorder, model = Recorder(), ours()
    model.compile(learning_rate=5.0, jit_compile=jit_compile)
    with pytest.warns(UserWarning, match=r"left the finite range at step \d+\. The learning rate 5 is above") as caught:
        history = model.fit(X, Y, batch_size=40, epochs=200, verbose=0, callbacks=[recorder, DivergenceGuard()])
    (explanation,) = (str(warning.message) for warning in caught if warning.category is UserWarning)
    losses, steps = recorder.column(1), recorder.column(0)
    assert np.isfinite(losses).all()
    assert steps.tolist() == list(range(len(steps)))  # no step twice, and none that was undone
    assert f"at step {steps[-1] + 1}." in explanation
    assert int(model.optimizer.iterations) == steps[-1]
    np.testing.assert_array_equal(np.append(model.w.numpy(), model.b.numpy()), recorder.rows[-1][3])
    assert np.isinf(history.history["loss"][-1])
    assert len(history.history["loss"]) == steps[-1] + 2


def test_the_losses_of_a_float64_fit_are_recorded_in_float64():
    recorder, model = Recorder(), linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=0.05)
    model.fit(X, Y, batch_size=40, epochs=4, shuffle=False, verbose=0, callbacks=[recorder])
    losses, _ = numpy_points([slice(None)] * 4)
    np.testing.assert_allclose(recorder.column(1)[:-1], losses, rtol=1e-13)


def test_a_model_without_parameters_is_told_to_be_built():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    message = (
        r"Recorder needs a built model, got one that has no parameters yet\. Before the fit, call "
        r"model\.build\(\(None, features\)\), or make keras\.Input the model's first layer\."
    )
    with pytest.raises(linfit.InputError, match=message):
        model.fit(X, Y, verbose=0, callbacks=[Recorder()])


def test_a_frozen_parameter_is_refused_and_not_moved():
    model = ours()
    model.fit(X, Y, verbose=0)
    before = model.w.numpy()
    model.trainable = False
    with pytest.raises(
        linfit.InputError, match=r"trains all its parameters, got trainable = False for w, b\. Set trainable = True"
    ):
        model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.w.numpy(), before)
