"""Tests that the logs for the Descent tab agree with the trajectory of the fit and with linfit.compare."""

import math
import os
import time
import warnings
from types import SimpleNamespace

import descent_page
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard_plugin_linfit import summary
from tensorboard_server import TensorBoard

import linfit
from linfit.analysis.verdict import NO_OPTIMUM
from linfit.callbacks import DivergenceGuard, TensorBoardLogger
from linfit.callbacks.descent import descent_log
from linfit.callbacks.descent.descent_log import DescentLog
from linfit.callbacks.descent.descent_notice import descent_notice
from linfit.callbacks.descent.loss_name import loss_name
from linfit.callbacks.descent.path_pieces import PathPieces, max_parameters, rows_per_octave
from linfit.callbacks.events.open_runs import open_run
from linfit.callbacks.fit_context import fit_context
from linfit.training.trajectory import Trajectory

LOADERS = {"fast": [], "python": ["--load_fast=false"]}
TRUTH = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
X, Y = TRUTH.sample(120, seed=7)
HOUSES = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.05, feature_names=["area", "rooms", "age"])


def new_model(learning_rate=0.05, **compiled):
    model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0)
    model.compile(learning_rate=learning_rate, **compiled)
    return model


def stock_model(loss="mse", optimizer=None, layers=(1,), **dense):
    model = keras.Sequential([keras.Input((1,)), *(keras.layers.Dense(units, **dense) for units in layers)])
    model.compile(optimizer=optimizer or keras.optimizers.SGD(0.05), loss=loss)
    return model


def fit(model, steps, *callbacks, x=X, y=Y, **options):
    return model.fit(x, y, **{"batch_size": len(x), "epochs": steps, "verbose": 0, **options}, callbacks=callbacks)


def page(folder, run="fit", loader="fast"):
    with TensorBoard(folder, *LOADERS[loader]) as board:
        return SimpleNamespace(**descent_page.run(board, run))


def rows(trajectory):
    return np.column_stack([trajectory.step, trajectory.loss, trajectory.learning_rate, trajectory.values])


def kept(steps, every=1, rows_per_octave=128):
    """Return the steps that the rule of PathPieces keeps, applied to each step separately."""
    i = [step // every for step in steps]
    strides = [2 ** max(0, math.floor(math.log2(k / rows_per_octave))) if k else 1 for k in i]
    return [step for step, k, stride in zip(steps, i, strides, strict=True) if step == steps[-1] or (k % stride == 0)]


def assert_path(path, trajectory, every=1):
    """Check that a logged path has exactly the steps to keep, and their values bit for bit."""
    np.testing.assert_array_equal(path[:, 0], kept(trajectory.step.tolist(), every))
    np.testing.assert_array_equal(path, rows(trajectory[np.isin(trajectory.step, path[:, 0])]))


def events(folder):
    """Return the step of each event in a run's file, and the values that the tab reads, by tag."""
    (file,) = folder.iterdir()
    return [
        (event.step, {value.tag: value for value in event.summary.value if value.tag.startswith(summary.PREFIX)})
        for event in LegacyEventFileLoader(str(file)).Load()
    ]


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The lesson's fit over 1,000 steps, and its logs."""
    folder = tmp_path_factory.mktemp("lesson")
    model = new_model()
    fit(model, 1000, TensorBoardLogger(folder, truth=TRUTH))
    return SimpleNamespace(folder=folder, model=model)


@pytest.fixture(scope="module", params=LOADERS)
def shown(lesson, request):
    return page(lesson.folder, loader=request.param)


def test_the_path_is_the_trajectory_thinned_bit_by_bit(lesson, shown):
    assert len(shown.path) == 256 + 128 + 122 + 1
    assert_path(shown.path, lesson.model.trajectory)


def test_the_optimum_is_that_of_the_comparison(lesson, shown):
    comparison = linfit.compare(lesson.model, X, Y, truth=TRUTH)
    np.testing.assert_array_equal(shown.optimum[:2], [comparison.optimum, comparison.standard_error])
    np.testing.assert_array_equal(shown.optimum[2], comparison.standard_error)  # these data have noise
    assert (shown.optimum[3] > 0).all()
    assert (shown.optimum[3] < 1e-4 * comparison.standard_error).all()
    assert shown.about["optimum_loss"] == comparison.losses["optimum"]
    assert shown.about["truth_loss"] == comparison.losses["truth"]
    assert comparison.verdict.endswith(shown.about["truth_verdict"])
    np.testing.assert_array_equal(shown.truth, comparison.truth)


def test_the_curvature_is_that_of_the_loss(lesson, shown):
    a = np.column_stack([X, np.ones(len(X))]).astype("float64")
    eigenvalues, vectors = shown.curvature[:, 0], shown.curvature[:, 1:]
    np.testing.assert_allclose(vectors.T * eigenvalues @ vectors, 2 / len(X) * a.T @ a, rtol=1e-12)
    assert shown.about["stability_limit"] == pytest.approx(2 / eigenvalues[-1])
    point = lesson.model.trajectory.values[0] - shown.optimum[0]
    loss = shown.about["optimum_loss"] + point @ (vectors.T * eigenvalues @ vectors) @ point / 2
    assert loss == pytest.approx(shown.path[0, 1], rel=1e-6)


def test_the_facts_are_those_of_the_fit(shown):
    facts = {
        "version": 1,
        "names": ["w", "b"],
        "features": 1,
        "targets": 1,
        "bias": True,
        "rows": 120,
        "loss": "mean squared error",
        "batch_size": 120,
        "plain_sgd": True,
        "dtype": "float32",
        "l2": 0.0,
        "degrees_of_freedom": 118.0,
        "critical_learning_rate": None,
        "has_noise": True,
        "undetermined": [],
        "arrays": ["data", "optimum", "curvature", "truth"],
        "message": None,
        "finished": True,
    }
    assert {name: shown.about[name] for name in facts} == facts
    optimum = linfit.least_squares(X, Y)
    assert shown.about["residual_std"] == optimum.residual_std.tolist()
    half = optimum.confidence_interval(0.95)[1].w.item() - optimum.w.item()
    assert shown.about["t95"] * shown.optimum[1, 0] == pytest.approx(half)
    assert shown.about["total_variance"] == pytest.approx(np.var(Y.astype("float64")))
    assert shown.about["rest_loss"] == pytest.approx(1e-3 * np.var(Y.astype("float64")))
    x, y = (z.astype("float64") / np.sqrt(np.mean(z.astype("float64") ** 2)) for z in (X, Y))
    sizes = [np.log(np.sqrt(np.mean(z.astype("float64") ** 2))) for z in (X, Y)]
    np.testing.assert_allclose(shown.about["signature"], [*sizes, x.mean(), y.mean(), np.mean(x * y)], atol=1e-6)


def test_the_data_are_shown_up_to_a_thousand_spread_over_all(tmp_path, shown):
    np.testing.assert_array_equal(shown.data, np.column_stack([X, Y]))
    x, y = np.arange(2500.0), np.arange(2500.0) + 7
    fit(new_model(1e-8), 1, TensorBoardLogger(tmp_path), x=x, y=y)
    data = page(tmp_path).data
    np.testing.assert_array_equal(data, np.column_stack([x, y])[::3])


def test_two_million_steps_leave_few_rows_and_bytes(tmp_path):
    model, watcher = new_model(), linfit.callbacks.StepCallback()
    model.build((None, 1))
    watcher.set_model(model)
    log = DescentLog(open_run(tmp_path, "fit", model), fit_context(model, watcher.here(), {}), every=1)
    seconds = 0.0
    for start in range(0, 2_000_001, 2**16):
        steps = np.arange(start, min(start + 2**16, 2_000_001))
        b = np.sqrt(steps)[:, np.newaxis]
        block = Trajectory(steps, steps / 7, steps / 11, {"w": b[:, np.newaxis], "b": b}, ("w", "b"))
        started = time.process_time()
        log.add(block)
        seconds += time.process_time() - started
    log.end(2_000_000)
    assert seconds < 0.2  # testing each row separately would take longer
    (file,) = (tmp_path / "fit").iterdir()
    assert file.stat().st_size < 100_000
    path = page(tmp_path).path
    np.testing.assert_array_equal(path[:, 0], kept(range(2_000_001)))
    assert len(path) == 1910
    np.testing.assert_array_equal(path[:, 4], np.sqrt(path[:, 0]))


def test_a_fit_that_goes_on_is_one_path(tmp_path):
    model = new_model()
    for steps in (100, 1, 1, 300):
        fit(model, steps, TensorBoardLogger(tmp_path))
    shown = page(tmp_path)
    assert_path(shown.path, joined_path(model))
    assert shown.path[-1, 0] == 402


@pytest.mark.parametrize("first_steps", [300, 1000, 510])
def test_a_fit_that_goes_on_elsewhere_is_shown_from_where_it_starts(tmp_path, first_steps):
    model = new_model()
    fit(model, first_steps, TensorBoardLogger(tmp_path))
    model.set_weights([np.full_like(weights, 5.0) for weights in model.get_weights()])
    fit(model, 1, TensorBoardLogger(tmp_path))
    path = page(tmp_path).path
    assert path[path[:, 0] == first_steps, 3:].tolist() == [[5.0, 5.0]]


def test_the_same_rows_are_recognized_and_others_are_not(tmp_path):
    others = {
        "same": (X, Y),
        "double": (X.astype("float64"), Y.astype("float64")),
        "turned": (X, -Y),
        "moved": (X, Y + 1),
    }
    others |= {"shuffled": (X, np.roll(Y, 1)), "scaled": (2 * X, Y)}
    for run, (x, y) in others.items():
        fit(new_model(), 1, TensorBoardLogger(tmp_path, run), x=x, y=y)
    signatures = {run: np.array(page(tmp_path, run).about["signature"]) for run in others}
    apart = {run: np.abs(signature - signatures["same"]).max() for run, signature in signatures.items()}
    assert max(apart["same"], apart["double"]) < 1e-5
    assert min(apart[run] for run in ("turned", "moved", "shuffled", "scaled")) > 1e-3


def joined_path(model):
    """Return the trajectory of several fits without the end of each fit, which the next one repeats."""
    trajectory = model.trajectory
    return trajectory[np.append(np.diff(trajectory.step) > 0, True)]


def test_a_loaded_model_goes_on_in_its_path(tmp_path):
    model = new_model()
    fit(model, 300, TensorBoardLogger(tmp_path))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    fit(loaded, 300, TensorBoardLogger(tmp_path))
    parts = [model.trajectory[:-1], loaded.trajectory]
    assert_path(page(tmp_path).path, Trajectory.joined(parts))


@pytest.mark.parametrize("back_to", [100, 256, 400])
def test_a_fit_that_goes_back_to_a_checkpoint_takes_its_new_way(tmp_path, back_to):
    model = new_model()
    fit(model, 700, TensorBoardLogger(tmp_path))
    first = model.trajectory
    point = first.values[back_to]
    model.w.assign([[point[0]]])
    model.b.assign([point[1]])
    model.optimizer.iterations.assign(back_to)
    model.optimizer.learning_rate.assign(0.1)
    fit(model, 200, TensorBoardLogger(tmp_path))
    second = model.trajectory[model.trajectory.step >= back_to]
    assert second.step.tolist() == list(range(back_to, back_to + 201))
    path = page(tmp_path).path
    assert_path(path, Trajectory.joined([first[first.step < back_to], second]))
    assert path[-1, 2] == np.float32(0.1)


@st.composite
def blocks(draw):
    """Draw blocks of steps, some of which go back, and whether the pieces are written after each block."""
    every, step, result = draw(st.sampled_from([1, 10])), 0, []
    for _ in range(draw(st.integers(1, 8))):
        if step and draw(st.booleans()):
            step = draw(st.integers(0, step // every)) * every
        count = draw(st.integers(1, 1200))
        result.append((np.arange(step, step + count * every, every), draw(st.booleans())))
        step += (count if draw(st.booleans()) else count - 1) * every
    return every, result


@settings(max_examples=200, deadline=None)
@given(blocks())
def test_pieces_join_into_the_path_whenever_they_are_taken(drawn):
    every, steps_and_writes = drawn
    pieces, written, expected, clock = PathPieces(every, 128), {}, {}, 0.0
    for number, (steps, is_written) in enumerate(steps_and_writes):
        expected = {step: value for step, value in expected.items() if step < steps[0]}
        expected |= {int(step): float(number) for step in steps}
        column = np.full(len(steps), float(number))
        pieces.add(Trajectory(steps, column, column, {"w": column[:, np.newaxis, np.newaxis]}, ("w",)))
        if is_written or number == len(steps_and_writes) - 1:
            clock += 1
            unwritten = pieces.pop_unwritten()
            starts = [start for start, _ in unwritten]
            assert starts == sorted(set(starts))
            written |= {start: (clock, start, rows) for start, rows in unwritten}
    path = summary.joined(written.values())
    steps = kept(sorted(expected), every)
    np.testing.assert_array_equal(path[:, 0], steps)
    np.testing.assert_array_equal(path[:, 3], [expected[step] for step in steps])


def test_a_full_piece_is_not_written_again(tmp_path, monkeypatch):
    monkeypatch.setattr(descent_log, "_PAUSE", 0.0)
    fit(new_model(), 700, TensorBoardLogger(tmp_path), BatchHook())
    tags = [tag for _, values in events(tmp_path / "fit") for tag in values]
    assert (tags.count(summary.DATA), tags.count(summary.ABOUT)) == (1, 2)
    written = [tag for tag in tags if tag.startswith(summary.PATH)]
    first, second = (written.count(f"{summary.PATH}{start}") for start in (0, 256))
    assert written == [f"{summary.PATH}0"] * first + [f"{summary.PATH}256"] * second + written[first + second :]
    assert 256 / 8 <= first <= 256 / 8 + 2
    assert 128 / 8 <= second <= 128 / 8 + 2


class BatchHook(keras.callbacks.Callback):
    """Overrides a batch hook, so that blocks have one step."""

    def on_train_batch_end(self, batch, logs=None):
        """Do nothing."""


def test_the_path_can_be_read_while_the_fit_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(descent_log, "_PAUSE", 0.0)
    seen = []

    class Reads(BatchHook):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 100:
                seen.append(page(tmp_path))

    model = new_model()
    fit(model, 120, TensorBoardLogger(tmp_path), Reads())
    (shown,) = seen
    assert shown.about["finished"] is False
    assert 90 <= shown.path[-1, 0] <= 100
    np.testing.assert_array_equal(shown.path, rows(model.trajectory[: len(shown.path)]))
    assert page(tmp_path).about["finished"] is True


def test_an_optimum_that_holds_no_more_is_not_shown(tmp_path):
    model = new_model()
    fit(model, 10, TensorBoardLogger(tmp_path))
    model.compile(learning_rate=0.05, loss="mae", optimizer=None)
    model.optimizer.iterations.assign(10)
    fit(model, 10, TensorBoardLogger(tmp_path))
    shown = page(tmp_path)
    assert shown.path[-1, 0] == 20
    assert shown.optimum is shown.curvature is None
    assert len(shown.data) == len(X)
    assert shown.about["optimum_loss"] is shown.about["stability_limit"] is None
    assert shown.about["message"] == f"{NO_OPTIMUM} This fit's loss is the mean absolute error."


@pytest.mark.parametrize("loader", LOADERS)
def test_a_stock_model_with_its_data_has_all_that_linfits_has(tmp_path, loader):
    model = stock_model()
    fit(model, 50, TensorBoardLogger(tmp_path, truth=TRUTH, data=(X, Y)))
    shown = page(tmp_path, loader=loader)
    comparison = linfit.compare(model, X, Y, truth=TRUTH)
    np.testing.assert_array_equal(shown.optimum[:2], [comparison.optimum, comparison.standard_error])
    assert shown.about["batch_size"] == 120
    assert shown.about["message"] is None
    assert len(shown.data) == 120
    assert shown.curvature.shape == (2, 3)
    assert shown.path[:, 0].tolist() == list(range(51))
    with TensorBoard(tmp_path, *LOADERS[loader]) as board:
        assert board.scalars("optimum", "w")[1][0] == pytest.approx(comparison.optimum[0])
        assert board.scalars("fit", "error/optimization")[1][-1] == pytest.approx(
            np.linalg.norm(comparison.fitted - comparison.optimum), rel=1e-5
        )
        assert "Not converged" in board.text("fit", "comparison")[50]


def test_data_may_have_weights(tmp_path):
    weights = np.linspace(0.1, 2.0, len(X))
    model = stock_model()
    fit(model, 5, TensorBoardLogger(tmp_path, data=(X, Y, weights)), sample_weight=weights)
    shown = page(tmp_path)
    np.testing.assert_array_equal(shown.optimum[0], linfit.compare(model, X, Y, sample_weight=weights).optimum)
    h = shown.curvature[:, 1:].T * shown.curvature[:, 0] @ shown.curvature[:, 1:]
    away = shown.path[:, 3:] - shown.optimum[0]
    losses = shown.about["optimum_loss"] + np.einsum("ki,ij,kj->k", away, h, away) / 2
    np.testing.assert_allclose(shown.path[:5, 1], losses[:5], rtol=1e-4)


@pytest.mark.parametrize("data", [(np.ones((120, 2)), Y), (X, np.ones((120, 2)))])
def test_data_of_another_shape_are_refused(tmp_path, data):
    message = (
        r"data=\(x, y\) must have the columns of the fitted rows: the model's w has the shape \(features, targets\)"
    )
    with pytest.raises(linfit.checks.InputError, match=message):
        fit(stock_model(), 1, TensorBoardLogger(tmp_path, data=data))
    assert not os.listdir(tmp_path)


def test_without_its_rows_a_fit_says_how_to_pass_them(tmp_path):
    model = stock_model(optimizer=keras.optimizers.SGD(0.05, momentum=0.9))
    fit(model, 5, TensorBoardLogger(tmp_path, truth=TRUTH))
    shown = page(tmp_path)
    assert shown.about["message"] == (
        "The rows of this fit are not available. To compute their optimum, pass data=(x, y) to TensorBoardLogger."
    )
    assert shown.about["plain_sgd"] is False
    assert [shown.about[name] for name in ("rows", "batch_size", "l2", "optimum_loss", "t95")] == [None] * 5
    assert shown.data is shown.optimum is shown.curvature is None
    np.testing.assert_array_equal(shown.truth, [0.1, 0.5])
    assert len(shown.path) == 6


def test_an_optimum_of_the_users_own_is_taken_as_it_is(tmp_path):
    optimum = linfit.least_squares(X, Y)
    fit(new_model(), 5, TensorBoardLogger(tmp_path, optimum=optimum))
    shown = page(tmp_path)
    error = [optimum.standard_error_w.item(), optimum.standard_error_b.item()]
    np.testing.assert_array_equal(shown.optimum, [[optimum.w.item(), optimum.b.item()], error, error, [0.0, 0.0]])
    assert shown.curvature is None
    assert shown.about["message"] == (
        "The optimum was passed to TensorBoardLogger, so the curvature of the loss around it is not known."
    )
    fit(new_model(), 5, TensorBoardLogger(tmp_path / "none", optimum=None))
    shown = page(tmp_path / "none")
    assert shown.optimum is None
    assert shown.about["message"] == (
        'TensorBoardLogger got optimum=None. To compare with the optimum, pass optimum="auto".'
    )


def test_the_scalars_of_several_features_and_targets_keep_the_names_order(tmp_path):
    x, y = HOUSES.sample(60, seed=1)
    model = linfit.LinearRegression(targets=2)
    model.compile(learning_rate=0.05)
    fit(model, 20, TensorBoardLogger(tmp_path, truth=None), x=x, y=np.column_stack([y, -2 * y]))
    shown = page(tmp_path)
    names = ["w/x0/y0", "w/x0/y1", "w/x1/y0", "w/x1/y1", "w/x2/y0", "w/x2/y1", "b/y0", "b/y1"]
    assert shown.about["names"] == names
    assert (shown.about["features"], shown.about["targets"]) == (3, 2)
    np.testing.assert_array_equal(shown.optimum[0, 1::2], -2 * shown.optimum[0, ::2])
    assert shown.curvature.shape == (4, 5)
    assert shown.data is None
    assert_path(shown.path, model.trajectory)


def test_mini_batches_have_a_limit_of_their_own(tmp_path):
    model = new_model()
    fit(model, 5, TensorBoardLogger(tmp_path), batch_size=32)
    shown = page(tmp_path)
    curvature = linfit.SufficientStatistics.from_rows(X, Y).curvature()
    assert shown.about["batch_size"] == 32
    assert shown.about["critical_learning_rate"] == curvature.critical_learning_rate(32)
    assert np.isnan(shown.path[-1, 1])  # no batch measures the loss at the end
    assert_path(shown.path, model.trajectory)


def test_columns_that_depend_on_each_other_warn_once_and_are_named(tmp_path):
    x = np.column_stack([X, 2 * X, np.linspace(-1, 1, len(X))])
    model = linfit.LinearRegression(feature_names=["a", "twice", "c"])
    model.compile(learning_rate=0.01)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(model, 5, TensorBoardLogger(tmp_path), x=x)
    assert len([one for one in caught if "depend linearly" in str(one.message)]) == 1
    shown = page(tmp_path)
    assert shown.about["undetermined"] == ["w/a", "w/twice"]
    np.testing.assert_array_equal(np.isinf(shown.optimum[1]), [True, True, False, False])
    assert np.isfinite(shown.optimum[[0, 2, 3]]).all()
    assert shown.curvature[0, 0] == 0.0


def test_the_batches_of_a_stock_model_are_not_guessed(tmp_path):
    fit(stock_model(), 2, TensorBoardLogger(tmp_path, data=(X, Y)), batch_size=60)
    facts = page(tmp_path).about
    assert (facts["rows"], facts["batch_size"], facts["critical_learning_rate"]) == (120, None, None)


def test_numbers_that_are_not_finite_are_shown_as_they_are(tmp_path):
    model = new_model(learning_rate=1.0)
    fit(model, 200, TensorBoardLogger(tmp_path), divergence_guard=False)
    path = page(tmp_path).path
    assert np.isinf(path).any()
    assert np.isnan(path).any()
    assert_path(path, model.trajectory)


def test_a_diverged_fit_ends_where_its_model_is(tmp_path):
    model = new_model(learning_rate=5.0)
    with pytest.warns(UserWarning, match="left the finite range"):
        fit(model, 100, TensorBoardLogger(tmp_path), DivergenceGuard())
    path = page(tmp_path).path
    assert np.isfinite(path).all()
    assert path[-1, [0, 3, 4]].tolist() == [int(model.optimizer.iterations), model.w.numpy().item(), model.b.numpy()[0]]


def scaling_model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Rescaling(0.5), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    return model


def convolution():
    model = keras.Sequential([keras.Input((4, 1)), keras.layers.Conv1D(1, 2)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    return model


FITS = {
    "one row, one step": (new_model, {"x": X[:1], "y": Y[:1], "steps": 1}),
    "no bias": (lambda: linfit.LinearRegression(use_bias=False), {}),
    "float64": (lambda: linfit.LinearRegression(dtype="float64"), {}),
    "a penalty": (lambda: linfit.LinearRegression(kernel_regularizer=keras.regularizers.L2(0.1)), {}),
    "another penalty": (lambda: linfit.LinearRegression(kernel_regularizer=keras.regularizers.L1(0.1)), {}),
    "a feature that never changes": (new_model, {"x": np.ones(120)}),
    "all zeros": (new_model, {"x": np.zeros(120), "y": np.zeros(120)}),
    "no noise": (new_model, {"y": 0.1 * X + 0.5}),
    "huge": (new_model, {"x": X * 1e30, "y": Y * 1e30}),
    "two layers": (lambda: stock_model(layers=(3, 1)), {}),
    "a bend": (lambda: stock_model(activation="softplus"), {}),
    "rows that are scaled first": (lambda: scaling_model(), {}),
    "a convolution": (lambda: convolution(), {"x": np.ones((120, 4, 1)), "y": np.ones((120, 3, 1))}),
    "log-cosh": (lambda: stock_model(loss=keras.losses.LogCosh()), {}),
    "one epoch of batches": (new_model, {"batch_size": 7}),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_fit_has_a_page(tmp_path):
    ends = {}
    for kind, (make, options) in FITS.items():
        model, logger = make(), TensorBoardLogger(tmp_path, run=kind)
        if not model.compiled:
            model.compile(learning_rate=0.05)
        fit(model, options.get("steps", 20), logger, **{key: value for key, value in options.items() if key != "steps"})
        point = np.concatenate([np.ravel(variable.numpy()) for variable in model.trainable_variables])
        ends[kind] = [logger.step, *point.astype("float64")]
    with TensorBoard(tmp_path) as board:
        shown = {kind: SimpleNamespace(**descent_page.run(board, kind)) for kind in FITS}
        assert set(descent_page.runs(board)) == set(FITS)
    for kind, end in ends.items():
        np.testing.assert_array_equal(shown[kind].path[-1, [0, *range(3, 2 + len(end))]], end, err_msg=kind)
        assert len(shown[kind].about["names"]) == len(end) - 1
        assert shown[kind].about["finished"]
    without = {kind for kind in FITS if shown[kind].about["message"] is not None}
    assert without == {kind for kind in FITS if shown[kind].optimum is None}
    nonlinear = {"two layers", "a bend", "rows that are scaled first", "a convolution"}
    assert nonlinear == {kind for kind in FITS if shown[kind].about["features"] is None}
    assert without == nonlinear | {"log-cosh", "another penalty"}


def test_more_parameters_than_a_path_has_room_for_are_counted(tmp_path):
    assert max_parameters() == 2045
    assert [rows_per_octave(p) for p in (2, 253, 254, 2045, 2046)] == [128, 128, 64, 16, 0]
    model = keras.Sequential([keras.Input((2046,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer=keras.optimizers.SGD(1e-4), loss="mse")
    truth = linfit.GroundTruth(w=np.ones(2046))
    fit(model, 2, TensorBoardLogger(tmp_path, truth=SimpleNamespace(w=truth.w)), x=np.ones((3, 2046)), y=np.ones(3))
    shown = page(tmp_path)
    assert shown.about["message"] == "This page shows fits of up to 2,045 parameters; this fit has 2,046."
    assert len(shown.path) == 0
    assert shown.truth is None


@pytest.mark.parametrize(
    ("loss", "features", "message"),
    [
        ("mse", 511, None),
        (
            "mse",
            512,
            "The curvature of the loss is not computed for more than 512 parameters per target, so there is no bowl "
            "and no forecast.",
        ),
        (["mse"], 1, f"{NO_OPTIMUM} This fit was not compiled with a single loss."),
        (
            keras.losses.MeanSquaredError(reduction="sum"),
            1,
            f"{NO_OPTIMUM} This fit has another penalty, or its loss is not the mean over all rows.",
        ),
    ],
)
def test_a_fit_without_a_bowl_has_a_message_that_says_why(loss, features, message):
    model, watcher = (
        keras.Sequential([keras.Input((features,)), keras.layers.Dense(1)]),
        linfit.callbacks.StepCallback(),
    )
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss=loss)
    watcher.set_model(model)
    x = np.random.default_rng(7).normal(size=(600, features))
    assert descent_notice(fit_context(model, watcher.here(), {}, data=(x, x[:, :1]))) == message


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("mse", "mean squared error"),
        (keras.losses.MeanSquaredError(), "mean squared error"),
        (keras.losses.mean_absolute_error, "mean absolute error"),
        (keras.losses.Huber(delta=1.5), "Huber loss (delta 1.5)"),
        ("huber", "Huber loss (delta 1)"),
        (keras.losses.LogCosh(), "log-cosh loss"),
        (lambda y, p: y - p, "<lambda>"),
        (None, "loss"),
        (["mse"], "loss"),
    ],
)
def test_losses_are_said_in_words(loss, words):
    assert loss_name(loss) == words
