"""TensorBoard shows what a fit writes: tags, steps and values, read back through its own server."""

import html
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from matplotlib.image import imread
from statsmodels.api import OLS
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import DivergenceGuard, FitFigure, StatusPrinter, StepCallback, TensorBoardLogger
from linfit.callbacks.events.open_runs import open_reference
from linfit.callbacks.figures.thinned_steps import geometric_steps

TRUTH = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
X, Y = TRUTH.sample(60, seed=7)
NAMED = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.1, feature_names=["area", "rooms", "age"])


class Collector(StepCallback):
    """Records all points of a fit, by tag."""

    def __init__(self):
        super().__init__()
        self.steps, self.curves = [], defaultdict(list)

    def on_steps_end(self, trajectory):
        self.steps.extend(trajectory.step)
        self.curves["loss"].extend(trajectory.loss)
        self.curves["learning_rate"].extend(trajectory.learning_rate)
        for tag, values in zip(trajectory.names, trajectory.values.T, strict=True):
            self.curves[tag].extend(values)


def new_model(*start, learning_rate=0.05, loss="mse", **options):
    model = linfit.LinearRegression(*start, **options)
    model.compile(learning_rate=learning_rate, loss=loss)
    return model


def fit(model, steps, *callbacks, x=X, y=Y):
    """Run full-batch descent and return all its points."""
    collector = Collector()
    model.fit(x, y, batch_size=len(x), epochs=steps, verbose=0, callbacks=[*callbacks, collector])
    return collector


def solve(x, y):
    """Return NumPy's least-squares solution, w and then b, and the loss there."""
    a = np.column_stack([x, np.ones(len(x))])
    solution, *_ = np.linalg.lstsq(a, y, rcond=None)
    return solution.ravel(), np.mean((y - a @ solution) ** 2)


def zones(tags):
    """The tags of the confidence intervals of these parameters."""
    return {f"zone_95/{place}/{tag}" for place in ("center", "lower", "upper") for tag in tags}


def runs_with(board, plugin):
    """Return the runs that have data for one of TensorBoard's pages."""
    return {run for run, tags in board._json(f"data/plugin/{plugin}/tags").items() if tags}


def assert_curve(board, run, tag, collector):
    """Check that a curve has all points of the fit, except losses that were not measured and are NaN."""
    expected = np.array(collector.curves[tag], "float32")
    measured = ~np.isnan(expected)
    steps, values = board.scalars(run, tag)
    np.testing.assert_array_equal(steps, np.array(collector.steps)[measured], err_msg=f"{run} {tag}")
    np.testing.assert_array_equal(np.float32(values), expected[measured], err_msg=f"{run} {tag}")


def assert_line(board, run, tag, steps, value):
    """Check that a reference is a line at one value, with a point at each of the steps."""
    logged, values = board.scalars(run, tag)
    np.testing.assert_array_equal(logged, steps, err_msg=f"{run} {tag}")
    np.testing.assert_allclose(values, value, rtol=1e-5, err_msg=f"{run} {tag}")


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The lesson's fit: 40 steps, logged and drawn."""
    log_dir, model = tmp_path_factory.mktemp("lesson"), new_model(0.0, -1.0)
    watching = TensorBoardLogger(log_dir, truth=TRUTH), FitFigure(log_dir, truth=TRUTH)
    collector = fit(model, 40, *watching)
    with TensorBoard(log_dir) as board:
        yield SimpleNamespace(log_dir=log_dir, board=board, collector=collector, curves=collector.curves)


def test_truth_optimum_and_fit_are_runs_that_share_their_tags(lesson):
    shared = {"w", "b", "loss"} | zones({"w", "b"})
    assert lesson.board.runs() == ["truth", "optimum", "fit"]
    assert lesson.board.tags("truth") == shared
    assert lesson.board.tags("optimum") == shared | {"error/truth"}
    assert lesson.board.tags("fit") == shared | {"learning_rate", "error/optimization", "error/truth"}


def test_the_optimum_has_the_band_in_which_the_truth_is_to_be_expected(lesson):
    ols = OLS(Y[:, 0], np.column_stack([X, np.ones(60)])).fit()
    for tag, (lower, upper) in zip(("w", "b"), ols.conf_int(0.05), strict=True):
        assert_line(lesson.board, "optimum", f"zone_95/lower/{tag}", range(41), lower)
        assert_line(lesson.board, "optimum", f"zone_95/upper/{tag}", range(41), upper)


@pytest.mark.parametrize("tag", ["w", "b", "loss", "learning_rate"])
def test_every_step_of_the_fit_is_logged_with_its_value(lesson, tag):
    assert lesson.collector.steps == list(range(41))
    assert_curve(lesson.board, "fit", tag, lesson.collector)


def test_the_two_errors_are_the_distances_to_optimum_and_truth(lesson):
    points = np.column_stack([lesson.curves["w"], lesson.curves["b"]])
    for tag, reference in {"error/optimization": solve(X, Y)[0], "error/truth": [0.1, 0.5]}.items():
        steps, distances = lesson.board.scalars("fit", tag)
        np.testing.assert_array_equal(steps, range(41))
        np.testing.assert_allclose(distances, np.linalg.norm(points - reference, axis=1), rtol=1e-5)


def test_truth_and_optimum_are_lines_as_long_as_the_fit(lesson):
    (w, b), lowest = solve(X, Y)
    truth = {"w": 0.1, "b": 0.5, "loss": np.mean((Y - 0.1 * X - 0.5) ** 2)}
    optimum = {"w": w, "b": b, "loss": lowest, "error/truth": np.hypot(w - 0.1, b - 0.5)}
    for run, values in {"truth": truth, "optimum": optimum}.items():
        for tag, value in values.items():
            assert_line(lesson.board, run, tag, range(41), value)


def test_the_text_page_has_the_comparison(lesson):
    page = lesson.board.text("fit", "comparison")[40]
    cells = [re.findall(r"<td.*?>(.*?)</td>", line) for line in page.split("</tr>")]
    table = {name: [float(cell) for cell in values[:4]] for name, *values in filter(None, cells) if name != "loss"}
    errors = OLS(Y[:, 0], np.column_stack([X, np.ones(60)])).fit().bse
    for i, name in enumerate(["w", "b"]):
        expected = [lesson.curves[name][-1], solve(X, Y)[0][i], errors[i], [0.1, 0.5][i]]
        np.testing.assert_allclose(table[name], expected, atol=1e-6)
    assert "Not converged" in page


def settings(board, run):
    """Return the table in a run's text `run` at its first step, and the whole page."""
    page = board.text(run, "run")
    cells = re.findall(r"<td.*?>(.*?)</td>\s*<td.*?>(.*?)</td>", page[min(page)], re.DOTALL)
    return dict(cells), page[min(page)]


def test_the_text_page_has_what_the_run_was_started_with(lesson):
    table, page = settings(lesson.board, "fit")
    expected = {
        "model": "LinearRegression, float32",
        "loss": "mse",
        "learning rate": "0.05",
        "batch size": "60",
        "epochs": "40",
        "steps": "0 to 40 at most",
        "rows": "60",
        "features": "1",
        "targets": "1",
        "start": "w = 0.000000, b = -1.000000",
        "truth": "w = 0.100000, b = 0.500000",
        "noise": "standard deviation 0.05",
    }
    versions = table.pop("versions").split(", ")
    assert table == expected
    assert f"numpy {np.__version__}" in versions
    assert f"keras {keras.__version__}" in versions
    assert f"Python {sys.version.split()[0]}" in versions
    assert html.escape(shlex.join(sys.orig_argv), quote=False).strip() in html.unescape(page).replace("&", "&amp;")


def test_the_text_names_a_schedule_a_penalty_and_ten_of_many_features(tmp_path):
    names = [f"column|{i}" for i in range(12)]
    truth = linfit.GroundTruth(w=np.arange(12.0), noise=0.1, feature_names=names)
    x, y = truth.sample(60, seed=3)
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=10, decay_rate=0.5)
    model = new_model(learning_rate=rate, loss=keras.losses.Huber(), kernel_regularizer=keras.regularizers.L2(0.25))
    model.fit(x, y, batch_size=25, epochs=2, verbose=0, callbacks=[TensorBoardLogger(tmp_path, truth=truth)])
    with TensorBoard(tmp_path) as board:
        table, _ = settings(board, "fit")
    assert table["learning rate"].startswith(
        "ExponentialDecay(initial_learning_rate=0.01, decay_steps=10, decay_rate=0.5"
    )
    assert (table["loss"], table["penalty"]) == ("Huber", "L2(l2=0.25) on w")
    assert (table["batch size"], table["steps"]) == ("25", "0 to 6 at most")
    assert table["features"] == f"12: {', '.join(names[:10])}, and 2 more"
    assert table.keys().isdisjoint({"start", "truth"})


def test_the_text_of_a_stream_to_a_stock_model_leaves_out_what_is_not_known(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(20)
    model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[TensorBoardLogger(tmp_path)])
    with TensorBoard(tmp_path) as board:
        table, _ = settings(board, "fit")
    assert table.keys() == {
        "model",
        "loss",
        "learning rate",
        "epochs",
        "steps",
        "features",
        "targets",
        "start",
        "versions",
    }
    assert (table["model"], table["features"], table["steps"]) == ("Sequential, float32", "1", "0 to 3 at most")


def test_a_fit_that_goes_on_says_from_which_step(tmp_path):
    model = new_model()
    for _ in range(2):
        fit(model, 10, TensorBoardLogger(tmp_path))
    with TensorBoard(tmp_path) as board:
        pages = board.text("fit", "run")
    assert list(pages) == [0, 10]
    assert "10 to 20" in pages[10]


def test_the_command_is_as_typed_and_left_out_where_there_is_none(tmp_path):
    show = "import builtins; from linfit.callbacks.events.run_text import _command; print(_command()); "
    show += "builtins.__IPYTHON__ = True; print(_command())"
    (tmp_path / "show it.py").write_text(show)
    for command, expected in {
        (sys.executable, "show it.py", "--w", "1 2"): [f"{sys.executable} 'show it.py' --w '1 2'", "None"],
        (sys.executable, "-"): ["None", "None"],
    }.items():
        result = subprocess.run(command, capture_output=True, text=True, input=show, check=True, cwd=tmp_path)
        assert result.stdout.splitlines() == expected


def test_the_pictures_show_the_fitted_and_the_true_line_at_their_steps(lesson):
    pictures = lesson.board.images("fit", "fit")
    assert list(pictures) == geometric_steps(40, 10)
    assert len(set(pictures.values())) == 10
    red, green = (0xC1, 0x12, 0x1F), (0x2F, 0xAE, 0x66)
    for png in pictures.values():
        pixels = np.rint(imread(io.BytesIO(png), "png")[..., :3] * 255).reshape(-1, 3)
        assert {red, green} <= set(map(tuple, pixels))


def test_the_latest_picture_lies_in_the_run_folder(lesson):
    assert (lesson.log_dir / "fit" / "fit.png").read_bytes() == lesson.board.images("fit", "fit")[40]


def test_logger_and_figure_share_one_event_file(lesson):
    files = [path.name for path in (lesson.log_dir / "fit").iterdir() if "tfevents" in path.name]
    assert len(files) == 1


def test_the_references_take_the_first_colours_in_any_order_of_the_callbacks(tmp_path):
    fit(new_model(), 1, FitFigure(tmp_path, truth=TRUTH), TensorBoardLogger(tmp_path, truth=TRUTH))
    with TensorBoard(tmp_path) as board:
        assert board.runs() == ["truth", "optimum", "fit"]


def test_features_are_tags_by_the_names_that_the_truth_gives_them(tmp_path):
    x, y = NAMED.sample(60, seed=3)
    model = new_model()
    fit(model, 5, TensorBoardLogger(tmp_path, truth=NAMED), x=x, y=y)
    fitted = [*model.w.numpy()[:, 0], *model.b.numpy()]
    tags = ["w/area", "w/rooms", "w/age", "b"]
    with TensorBoard(tmp_path) as board:
        assert board.tags("truth") == {*tags, "loss", *zones(tags)}
        assert board.tags("optimum") == {*tags, "loss", "error/truth", *zones(tags)}
        for i, tag in enumerate(tags):
            assert np.float32(board.scalars("fit", tag)[1][-1]) == fitted[i]
            assert_line(board, "truth", tag, range(6), [1.5, -2.0, 0.3, 0.5][i])
            assert_line(board, "optimum", tag, range(6), solve(x, y)[0][i])


def test_each_target_has_tags_of_its_own(tmp_path):
    truth = linfit.GroundTruth(w=[[1.0, -2.0], [0.5, 3.0]], b=[0.5, -0.5], noise=0.1)
    x, y = truth.sample(60, seed=3)
    collector = fit(new_model(), 5, TensorBoardLogger(tmp_path, truth=truth), x=x, y=y)
    tags = ["w/x0/y0", "w/x0/y1", "w/x1/y0", "w/x1/y1", "b/y0", "b/y1"]
    with TensorBoard(tmp_path) as board:
        assert board.tags("truth") == {*tags, "loss", *zones(tags)}
        assert board.tags("optimum") == {*tags, "loss", "error/truth", *zones(tags)}
        for tag, true, best in zip(tags, [1.0, -2.0, 0.5, 3.0, 0.5, -0.5], solve(x, y)[0], strict=True):
            assert_curve(board, "fit", tag, collector)
            assert_line(board, "truth", tag, range(6), true)
            assert_line(board, "optimum", tag, range(6), best)


def test_a_model_without_bias_has_no_bias_tag(tmp_path):
    fit(new_model(use_bias=False), 3, TensorBoardLogger(tmp_path, truth=linfit.GroundTruth(w=0.1)))
    with TensorBoard(tmp_path) as board:
        assert board.tags("truth") == {"w", "loss", *zones(["w"])}
        assert board.tags("optimum") == {"w", "loss", "error/truth", *zones(["w"])}
        assert "b" not in board.tags("fit")
        assert_line(board, "optimum", "w", range(4), (X.T @ Y / (X.T @ X)).item())


@pytest.mark.parametrize("loader", ["--load_fast=true", "--load_fast=false"])
def test_without_a_truth_its_run_has_a_text_instead_of_lines(tmp_path, loader):
    for run in ("fit", "again"):
        fit(new_model(), 3, TensorBoardLogger(tmp_path, run))
    with TensorBoard(tmp_path, loader) as board:
        assert board.runs() == ["truth", "optimum", "fit", "again"]
        assert "truth" not in runs_with(board, "scalars")
        note = board.text("truth", "run")
        assert list(note) == [0]
        assert "No truth was given to the fit <code>fit</code>, so this run has no lines." in note[0]
        assert board.tags("fit") == {"w", "b", "loss", "learning_rate", "error/optimization", *zones({"w", "b"})}


@pytest.mark.parametrize("loader", ["--load_fast=true", "--load_fast=false"])
def test_another_loss_than_the_squared_one_has_no_optimum(tmp_path, loader):
    collector = fit(new_model(loss="mae"), 3, TensorBoardLogger(tmp_path, truth=TRUTH))
    with TensorBoard(tmp_path, loader) as board:
        assert board.runs() == ["truth", "optimum", "fit"]
        assert "optimum" not in runs_with(board, "scalars")
        note = "The optimum of the fit <code>fit</code> is not known, so this run has no lines."
        assert note in board.text("optimum", "run")[0]
        assert board.tags("truth") == {"w", "b"}
        assert board.tags("fit") == {"w", "b", "loss", "learning_rate", "error/truth"}
        assert_curve(board, "fit", "loss", collector)


@pytest.mark.parametrize("first_truth", [TRUTH, None])
def test_a_truth_that_one_of_two_fits_has_is_a_line(tmp_path, first_truth):
    for run, truth in {"first": first_truth, "second": TRUTH if first_truth is None else None}.items():
        fit(new_model(), 3, TensorBoardLogger(tmp_path, run, truth=truth))
    with TensorBoard(tmp_path) as board:
        assert board.runs() == ["truth", "optimum", "first", "second"]
        assert_line(board, "truth", "w", range(4), 0.1)
        assert_line(board, "optimum", "w", range(4), solve(X, Y)[0][0])
        assert ("truth" in runs_with(board, "text")) == (first_truth is None)


def test_mini_batches_are_logged_with_their_own_loss_and_rate(tmp_path):
    rate = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=1, decay_rate=0.9)
    watching = TensorBoardLogger(tmp_path, truth=TRUTH)
    new_model(learning_rate=rate).fit(X, Y, batch_size=25, epochs=2, shuffle=False, verbose=0, callbacks=[watching])
    w, b, losses, rates = np.zeros((1, 1)), np.zeros(1), [], 0.05 * 0.9 ** np.arange(7)
    for learning_rate, first in zip(rates, [0, 25, 50] * 2, strict=False):
        x, y = X[first : first + 25], Y[first : first + 25]
        residual = x @ w + b - y
        losses.append(np.mean(residual**2))
        w = w - learning_rate * 2 * x.T @ residual / len(x)
        b = b - learning_rate * 2 * residual.mean(axis=0)
    with TensorBoard(tmp_path) as board:
        steps, logged = board.scalars("fit", "loss")
        np.testing.assert_array_equal(steps, range(6))  # no batch measures the loss at the end point
        np.testing.assert_allclose(logged, losses, rtol=1e-4)
        np.testing.assert_allclose(board.scalars("fit", "learning_rate")[1], rates, rtol=1e-6)
        np.testing.assert_allclose(board.scalars("fit", "w")[1][-1], w.item(), rtol=1e-5)
        np.testing.assert_allclose(board.scalars("fit", "b")[1][-1], b.item(), rtol=1e-5)
        assert_line(board, "truth", "w", range(7), 0.1)


def test_every_n_th_step_and_the_end_are_logged(tmp_path):
    fit(new_model(), 12, TensorBoardLogger(tmp_path, every=5))
    with TensorBoard(tmp_path) as board:
        for run in ["optimum", "fit"]:
            np.testing.assert_array_equal(board.scalars(run, "w")[0], [0, 5, 10, 12])


def test_held_out_rows_do_not_move_the_optimum(tmp_path):
    new_model().fit(X, Y, validation_split=0.5, verbose=0, callbacks=[TensorBoardLogger(tmp_path)])
    with TensorBoard(tmp_path) as board:
        assert_line(board, "optimum", "w", range(2), solve(X[:30], Y[:30])[0][0])


@pytest.mark.parametrize("loader", ["--load_fast=true", "--load_fast=false"])
def test_a_second_fit_continues_the_step_axis_in_the_same_run(tmp_path, loader):
    model, watching = new_model(), (TensorBoardLogger(tmp_path, truth=TRUTH), FitFigure(tmp_path))
    passed: dict[int, float] = {}
    for _ in range(2):
        collector = fit(model, 10, *watching)
        passed |= dict(zip(collector.steps, collector.curves["w"], strict=True))
    with TensorBoard(tmp_path, loader) as board:
        assert board.runs() == ["truth", "optimum", "fit"]
        steps, values = board.scalars("fit", "w")
        assert (np.diff(steps) >= 0).all()  # one loader shows step 10, where the second fit starts, twice
        assert dict(zip(steps, values.astype("float32"), strict=True)) == passed
        assert set(board.scalars("truth", "w")[0]) == set(passed) == set(range(21))
        assert {0, 10, 20} <= set(board.images("fit", "fit"))


def test_a_new_model_gets_a_run_of_its_own_and_the_first_keeps_its_points(tmp_path):
    first = fit(new_model(), 6, TensorBoardLogger(tmp_path), FitFigure(tmp_path))
    second = fit(new_model(1.0, 2.0), 4, TensorBoardLogger(tmp_path), FitFigure(tmp_path))
    with TensorBoard(tmp_path) as board:
        assert board.runs() == ["truth", "optimum", "fit", "fit-2"]
        assert_curve(board, "fit", "w", first)
        assert_curve(board, "fit-2", "w", second)
        assert max(board.images("fit", "fit")) == 6
        assert max(board.images("fit-2", "fit")) == 4


def test_the_second_model_of_a_folder_continues_its_own_run(tmp_path):
    model = new_model(1.0, 2.0)
    first = fit(new_model(), 5, TensorBoardLogger(tmp_path))
    fit(model, 5, TensorBoardLogger(tmp_path))
    end = fit(model, 5, TensorBoardLogger(tmp_path))
    with TensorBoard(tmp_path) as board:
        assert_curve(board, "fit", "w", first)
        steps, values = board.scalars("fit-2", "w")
        np.testing.assert_array_equal(steps, range(11))
        np.testing.assert_array_equal(np.float32(values[5:]), end.curves["w"])


def test_a_shorter_fit_does_not_shorten_the_lines_of_the_references(tmp_path):
    for steps in [8, 3]:
        fit(new_model(), steps, TensorBoardLogger(tmp_path, truth=TRUTH))
    with TensorBoard(tmp_path) as board:
        assert_line(board, "truth", "w", range(9), 0.1)
        assert_line(board, "optimum", "w", range(9), solve(X, Y)[0][0])


def test_event_files_sort_in_the_order_in_which_they_were_made(tmp_path):
    # TensorBoard reads a run's files in the order of their names; a later file replaces the steps from its start on.
    made: list[str] = []
    for _ in range(1100):
        open_reference(tmp_path, "truth")
        made += {file.name for file in (tmp_path / "truth").iterdir()}.difference(made)
    assert made == sorted(made)


def test_the_curves_of_a_diverged_fit_end_where_the_model_is(tmp_path):
    model = new_model(learning_rate=5.0)
    with pytest.warns(UserWarning, match="left the finite range"):
        fit(model, 100, TensorBoardLogger(tmp_path, truth=TRUTH), DivergenceGuard())
    with TensorBoard(tmp_path) as board:
        for tag in ["w", "loss"]:
            steps, values = board.scalars("fit", tag)
            np.testing.assert_array_equal(steps, range(int(model.optimizer.iterations) + 1))
            assert np.isfinite(values).all()
        assert np.float32(board.scalars("fit", "w")[1][-1]) == model.w.numpy().item()


def test_a_stock_keras_model_is_watched_as_well(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    fit(
        model,
        20,
        StatusPrinter(truth=TRUTH),
        TensorBoardLogger(tmp_path, truth=TRUTH, optimum=linfit.least_squares(X, Y)),
        FitFigure(tmp_path, truth=TRUTH, data=(X, Y)),
        DivergenceGuard(),
    )
    curves = {"w": [0.0], "b": [0.0], "loss": []}
    for _ in range(20):
        residual = curves["w"][-1] * X + curves["b"][-1] - Y
        curves["loss"].append(np.mean(residual**2))
        curves["w"].append(curves["w"][-1] - 0.05 * 2 * np.mean(residual * X))
        curves["b"].append(curves["b"][-1] - 0.05 * 2 * np.mean(residual))
    with TensorBoard(tmp_path) as board:
        assert board.runs() == ["truth", "optimum", "fit"]
        for tag, expected in curves.items():
            steps, values = board.scalars("fit", tag)
            np.testing.assert_array_equal(steps, range(len(expected)))
            np.testing.assert_allclose(values, expected, rtol=1e-4)
        (best, _), lowest = solve(X, Y)
        assert_line(board, "truth", "w", range(21), 0.1)
        assert_line(board, "optimum", "w", range(21), best)
        assert_line(board, "optimum", "loss", range(21), lowest)
        assert {0, 20} <= set(board.images("fit", "fit"))


def test_a_reference_of_another_shape_is_refused_before_anything_is_written(tmp_path):
    message = "feature_names must hold one name for each of the 1 features, got 3 names"
    with pytest.raises(linfit.InputError, match=message):
        fit(new_model(), 3, TensorBoardLogger(tmp_path, truth=NAMED))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("callback", [TensorBoardLogger, FitFigure])
def test_a_folder_that_cannot_be_written_is_refused_before_training(tmp_path, callback):
    (tmp_path / "file").write_text("not a folder")
    model = new_model()
    with pytest.raises(linfit.InputError, match=re.escape(f"the log folder {tmp_path / 'file' / 'logs'}")):
        fit(model, 3, callback(tmp_path / "file" / "logs"))
    assert int(model.optimizer.iterations) == 0


def assert_one_warning(messages, log_dir):
    (message,) = messages
    assert message.startswith(f"The log folder {log_dir} can no longer be written")


def test_a_folder_that_vanishes_ends_the_logging_but_not_the_training(tmp_path):
    class RemoveLogs(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 4:
                shutil.rmtree(tmp_path / "logs")

    model, log_dir = new_model(), tmp_path / "logs"
    with pytest.warns(UserWarning, match="The log") as caught:
        fit(model, 10, TensorBoardLogger(log_dir, truth=TRUTH), FitFigure(log_dir), RemoveLogs())
    assert int(model.optimizer.iterations) == 10
    messages = [str(warning.message) for warning in caught if warning.category is UserWarning]
    assert_one_warning(messages, tmp_path / "logs")


def start_python(code, log_dir):
    """Start another Python process that runs `code`, which can call `fit()`."""
    begin = """
import json, resource, signal, sys, time, warnings
import keras, linfit
from linfit.callbacks import FitFigure, TensorBoardLogger
truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
model = linfit.LinearRegression()
model.compile(learning_rate=0.05)
def fit(*more):
    watching = [TensorBoardLogger(sys.argv[1], truth=truth), FitFigure(sys.argv[1], truth=truth), *more]
    model.fit(*truth.sample(60, seed=7), batch_size=60, epochs=40, verbose=0, callbacks=watching)
"""
    command = [sys.executable, "-c", begin + code, str(log_dir)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=log_dir.parent)


def test_a_killed_process_leaves_every_step_it_took(tmp_path):
    pause = """
class Pause(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == 28:
            print("running", flush=True)
            time.sleep(600)
fit(Pause())
"""
    with start_python(pause, tmp_path / "logs") as process:
        assert process.stdout.readline() == "running\n"
        process.kill()
    with TensorBoard(tmp_path / "logs") as board:
        assert board.runs() == ["truth", "optimum", "fit"]
        for run in board.runs():
            steps, _ = board.scalars(run, "w")
            np.testing.assert_array_equal(steps, range(28))


def test_a_full_disk_ends_the_logging_but_not_the_training(tmp_path):
    full_after_some_steps = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (7_000, 7_000))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", UserWarning)
    fit(keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: None))
messages = [str(warning.message) for warning in caught if warning.category is UserWarning]
print(json.dumps([int(model.optimizer.iterations), messages]))
"""
    with start_python(full_after_some_steps, tmp_path / "logs") as process:
        steps, messages = json.loads(process.stdout.read())
    assert process.returncode == 0
    assert steps == 40
    assert_one_warning(messages, tmp_path / "logs")
    with TensorBoard(tmp_path / "logs") as board:
        for run in ["truth", "optimum", "fit"]:
            steps, _ = board.scalars(run, "w")
            assert 15 <= len(steps) < 41
            np.testing.assert_array_equal(steps, range(len(steps)))
