"""Fits that end automatically: at the optimum, at the truth, and before the numbers overflow."""

import gc
import re
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import linfit
from linfit.callbacks import (
    DivergenceGuard,
    HyperParameters,
    StatusPrinter,
    StepCallback,
    StopAtOptimum,
    StopAtTruth,
    TensorBoardLogger,
)

TRUTH = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, noise=0.3)
X, Y = TRUTH.sample(80, seed=1)
A = np.column_stack([X, np.ones(80)])
RATE = 0.1


class Recorder(StepCallback):
    """Records all points of a fit."""

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.steps, self.values = [], []

    def on_steps_end(self, trajectory):
        self.steps += trajectory.step.tolist()
        self.values += trajectory.values.tolist()


def path(steps, rate=RATE):
    """Return the points of plain gradient descent, computed in NumPy."""
    point, points = np.zeros((3, 1)), []
    for _ in range(steps):
        points.append(point[:, 0])
        point = point - rate * 2 / 80 * A.T @ (A @ point - Y)
    return np.array(points)


def standard_errors():
    best, residual, *_ = np.linalg.lstsq(A, Y[:, 0], rcond=None)
    return best, np.sqrt(residual / 77 * np.diag(np.linalg.inv(A.T @ A)))


def fitted(*callbacks, epochs=400, x=X, y=Y, rate=RATE, **options):
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=rate)
    model.fit(x, y, batch_size=80, epochs=epochs, verbose=0, callbacks=list(callbacks), **options)
    return model


def at(model):
    """Return the parameters of a model, w and then b."""
    return np.array([*model.w.numpy()[:, 0], *model.b.numpy()])


@pytest.mark.parametrize("fraction", [1.0, 0.05])
def test_a_fit_stops_at_the_first_step_within_a_fraction_of_the_standard_error(fraction):
    best, errors = standard_errors()
    points = path(1000)
    first = int(np.argmax(np.all(np.abs(points - best) <= fraction * errors, axis=1)))
    stop, recorder = StopAtOptimum(fraction), Recorder()
    model = fitted(recorder, stop)
    assert stop.stopped_at == int(model.optimizer.iterations) == first > 10
    np.testing.assert_allclose(at(model), points[first], rtol=1e-10)
    assert recorder.steps == list(range(first + 1))  # the step of the stop is recorded once, as the last
    np.testing.assert_allclose(recorder.values, points[: first + 1], rtol=1e-9, atol=1e-12)


def test_a_model_that_starts_at_the_optimum_stays_there():
    optimum = linfit.least_squares(X, Y)
    model = linfit.LinearRegression(optimum.w, optimum.b, dtype="float64")
    model.compile(learning_rate=RATE)
    model.fit(X, Y, batch_size=80, epochs=10, verbose=0, callbacks=[StopAtOptimum()])
    assert int(model.optimizer.iterations) == 0
    np.testing.assert_array_equal(model.w.numpy(), optimum.w)


def test_a_stop_is_forgotten_by_the_next_fit():
    stop = StopAtOptimum(1.0)
    model = fitted(stop)
    model.w.assign(model.w + 1)
    steps = int(model.optimizer.iterations)
    model.fit(X, Y, batch_size=80, epochs=3, verbose=0, callbacks=[stop])
    assert stop.stopped_at is None
    assert int(model.optimizer.iterations) == steps + 3


def test_a_stream_and_a_stock_model_stop_at_an_optimum_that_is_handed_over():
    optimum = linfit.least_squares(X, Y)
    stop = StopAtOptimum(0.05, optimum)
    stream = tf.data.Dataset.from_tensors((X, Y)).repeat(400)
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=RATE)
    model.fit(stream, verbose=0, callbacks=[stop])
    reference = StopAtOptimum(0.05)
    fitted(reference)
    assert stop.stopped_at == reference.stopped_at
    stock = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    stock.compile(optimizer=keras.optimizers.SGD(RATE), loss="mse")
    stock.fit(stream, shuffle=False, verbose=0, callbacks=[stop])
    assert stop.stopped_at == reference.stopped_at


def test_a_fit_stops_at_the_first_step_near_the_truth():
    points = path(1000)
    truth = np.array([1.5, -2.0, 0.5])
    first = int(np.argmax(np.all(np.abs(points - truth) <= 0.3, axis=1)))
    stop = StopAtTruth(0.3, TRUTH)
    model = fitted(stop)
    assert stop.stopped_at == int(model.optimizer.iterations) == first > 5
    each = StopAtTruth([0.3, 0.3, 0.4], TRUTH)
    fitted(each)
    assert each.stopped_at == int(np.argmax(np.all(np.abs(points - truth) <= [0.3, 0.3, 0.4], axis=1)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StopAtOptimum(0), "fraction must be a finite number above 0, got 0."),
        (lambda: StopAtTruth(-1.0, TRUTH), "tolerance must be above 0, got -1.0. Try 0.01."),
        (
            lambda: fitted(StopAtTruth([1.0, 1.0], TRUTH)),
            "tolerance must be one number or one for each of the 3 parameters, got 2 numbers. Try tolerance=0.01.",
        ),
        (
            lambda: fitted(StopAtTruth(1.0, linfit.GroundTruth(w=1.0))),
            "the truth's w must have the model's shape (2, 1), got (1, 1). Give the truth as many features and targets "
            "as the data have.",
        ),
        (
            lambda: fitted(StopAtOptimum(), x=tf.data.Dataset.from_tensors((X, Y)), y=None),
            "StopAtOptimum needs an optimum in closed form, which requires rows in memory and the mean squared error. "
            "For a stream or a stock Keras model, try StopAtOptimum(optimum=linfit.least_squares(x, y)).",
        ),
        (
            lambda: fitted(StopAtOptimum(), x=X[:3], y=Y[:3]),
            "StopAtOptimum measures distances in standard errors, which these data do not determine: they have no more "
            "rows than parameters, or columns that depend on each other. Remove StopAtOptimum, or try StopAtTruth.",
        ),
    ],
)
def test_a_stop_that_cannot_be_is_refused(make, message):
    with pytest.raises(linfit.InputError) as error:
        make()
    assert str(error.value) == message


def test_a_stop_that_is_finer_than_rounding_is_refused():
    model = linfit.LinearRegression()
    model.compile(learning_rate=RATE)
    with pytest.raises(linfit.InputError, match="finer than float32 can resolve: the data have hardly any noise"):
        model.fit(X, X @ [[1.0], [2.0]], epochs=1, verbose=0, callbacks=[StopAtOptimum()])


def limit():
    return 2 / np.linalg.eigvalsh(2 / 80 * A.T @ A)[-1]


def test_a_diverging_fit_stops_goes_back_and_says_why():
    with pytest.warns(UserWarning, match="left the finite range") as caught:
        model = fitted(rate=20.0)
    fastest = 2 / np.sum(np.linalg.eigvalsh(2 / 80 * A.T @ A)[[0, -1]])
    step = int(model.optimizer.iterations)
    assert len(caught) == 1
    assert str(caught[0].message) == (
        f"The loss left the finite range at step {step + 1}. The learning rate 20 is above this data's stability "
        f"limit {limit():.3g} (2/λmax), so every step overshoots; the fastest stable rate is {fastest:.3g}. "
        f"The model is back at step {step}, the last with a finite loss."
    )
    np.testing.assert_allclose(at(model), path(step + 1, rate=20.0)[-1], rtol=1e-9)
    assert np.isfinite(model.evaluate(X, Y, verbose=0))


def test_a_column_out_of_scale_is_named_with_what_standardizing_would_do():
    x = X * [1.0, 40.0]
    z = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(80)])
    better = 2 / np.linalg.eigvalsh(2 / 80 * z.T @ z)[-1]
    size = np.sqrt(np.mean(x**2, axis=0))
    with pytest.warns(UserWarning, match="left the finite range") as caught:
        fitted(x=x, rate=20.0)
    assert (
        f"The limit is low because x1 has values around {size[1]:.3g}, {size[1] / size[0]:.2g} times those of "
        f"the next feature. With LinearRegression(normalize=True) the limit rises to {better:.2g}."
    ) in str(caught[0].message)


def test_the_guard_can_be_switched_off():
    model = fitted(rate=20.0, epochs=150, divergence_guard=False)
    assert not np.isfinite(model.w.numpy()).all()


def test_a_guard_of_ones_own_is_the_only_one():
    with pytest.warns(UserWarning, match="left the finite range") as caught:
        fitted(DivergenceGuard(), rate=20.0)
    assert len(caught) == 1


@pytest.mark.parametrize("pack", [lambda c: c, lambda c: (c,), lambda c: keras.callbacks.CallbackList([c], model=None)])
def test_callbacks_come_in_any_form_that_keras_takes(pack):
    recorder = Recorder()
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=20.0)
    model.build((None, 2))
    callbacks = pack(recorder)
    if isinstance(callbacks, keras.callbacks.CallbackList):
        recorder.set_model(model)
    with pytest.warns(UserWarning, match="left the finite range"):
        model.fit(X, Y, batch_size=80, epochs=200, verbose=0, callbacks=callbacks)
    assert recorder.steps[0] == 0


def test_blocks_of_steps_go_back_to_the_start_of_the_block():
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=20.0, steps_per_execution=4, jit_compile=False)
    with pytest.warns(UserWarning, match="left the finite range") as caught:
        model.fit(X, Y, batch_size=10, epochs=200, verbose=0)  # eight steps per epoch, in blocks of four
    at_block, back = (int(number) for number in re.findall(r" at step (\d+)", str(caught[0].message)))
    assert int(model.optimizer.iterations) == back == at_block - 4
    assert np.isfinite(model.evaluate(X, Y, verbose=0))


def test_no_fit_ends_at_a_point_that_is_not_finite():
    with pytest.warns(UserWarning, match="left the finite range"):
        last = int(fitted(rate=20.0).optimizer.iterations)  # the last step with a finite loss
    assert np.isfinite(fitted(rate=20.0, epochs=last).evaluate(X, Y, verbose=0))
    with pytest.warns(UserWarning, match=f"at step {last + 1}.*back at step {last}") as caught:
        model = fitted(rate=20.0, epochs=last + 1)  # no batch measures the loss at the end point
    assert len(caught) == 1
    assert int(model.optimizer.iterations) == last
    assert np.isfinite(model.evaluate(X, Y, verbose=0))


def test_an_update_that_overflows_at_once_is_taken_back():
    model = linfit.LinearRegression()
    model.compile(learning_rate=1e38)
    with pytest.warns(UserWarning, match="left the finite range at step 1"):
        model.fit(10 * X, 10 * Y, batch_size=80, epochs=1, verbose=0)
    assert (int(model.optimizer.iterations), *model.w.numpy().ravel()) == (0, 0, 0)


def test_mini_batches_that_diverge_are_told_their_own_limit():
    x = X.copy()
    x[0] *= 30  # one large row: only the batch that holds it diverges
    curvature = linfit.SufficientStatistics.from_rows(x, Y).curvature()
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=0.9 * curvature.stability_limit)
    with pytest.warns(UserWarning, match="left the finite range") as caught:
        model.fit(x, Y, batch_size=2, epochs=500, verbose=0)
    critical = curvature.critical_learning_rate(2)
    assert f"above {critical:.3g}, a rate below which steps of 2 rows are sure to converge" in str(caught[0].message)


def test_momentum_goes_back_with_the_parameters_of_a_stock_model():
    stock = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    stock.compile(optimizer=keras.optimizers.SGD(20.0, momentum=0.9), loss="mse")
    with pytest.warns(UserWarning, match="too large: try a tenth of it"):
        stock.fit(X, Y, batch_size=80, epochs=200, verbose=0, callbacks=[DivergenceGuard()])
    assert all(np.isfinite(variable.numpy()).all() for variable in [*stock.variables, *stock.optimizer.variables])


def test_callbacks_that_are_kept_do_not_keep_the_rows_of_their_fit(tmp_path):
    class Look(StepCallback):
        def on_steps_end(self, trajectory):
            self.rows = weakref.ref(self.model.current_fit.rows)

    look = Look()
    kept = [StopAtOptimum(), StatusPrinter(), HyperParameters(tmp_path), TensorBoardLogger(tmp_path), look]
    model = linfit.LinearRegression()
    model.compile(learning_rate="auto")
    model.fit(*linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7), 120, 50, verbose=0, callbacks=kept)
    gc.collect()
    assert model.current_fit is None
    assert look.rows() is None
