"""scripts/sweep.py against gradient descent in NumPy: its table, its picture, and TensorBoard's HParams page."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sweep
import sweep_report
from hparams_page import columns, sessions
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import learning_rate_figure

SCRIPT = Path(__file__).parents[2] / "scripts" / "sweep.py"
STEPS = 400


def run(*options):
    """Runs the script in this process; returns its exit code, output, figures and the rows of its table by rate."""
    out, err, figures = io.StringIO(), io.StringIO(), []

    def keep(*arguments, **more):
        figures.append(learning_rate_figure(*arguments, **more))
        return figures[-1]

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(warnings, "formatwarning", warnings.formatwarning)  # main changes it
        patch.setattr(sweep_report, "learning_rate_figure", keep)
        code = sweep.main([str(option) for option in options])
    return SimpleNamespace(
        code=code, out=out.getvalue(), err=err.getvalue(), figures=figures, rows=table(out.getvalue())
    )


def table(out):
    """The rows of the printed table by rate."""
    row = re.compile(r"([\d.e-]+) +([\d.]+) +([\d,]+|never) +([\d,]+|-) +(.*)")
    cells = [match.groups() for match in map(row.fullmatch, out.splitlines()) if match]
    number = {"never": np.inf, "-": None}
    return {
        float(rate): SimpleNamespace(
            share=float(share),
            predicted=number[predicted] if predicted in number else int(predicted.replace(",", "")),
            measured=number[measured] if measured in number else int(measured.replace(",", "")),
            ending=ending,
        )
        for rate, share, predicted, measured, ending in cells
    }


class Descent:
    """Least squares and gradient descent from w = 0, b = -1, in NumPy."""

    def __init__(self, x, y, fraction=0.1):
        self.a, self.y = np.column_stack([x, np.ones(len(x))]), np.ravel(y)
        self.optimum, *_ = np.linalg.lstsq(self.a, self.y)
        rows, parameters = self.a.shape
        noise = np.sum((self.a @ self.optimum - self.y) ** 2) / (rows - parameters)
        self.tolerance = fraction * np.sqrt(noise * np.diag(np.linalg.inv(self.a.T @ self.a)))
        self.limit = 2 / np.linalg.eigvalsh(2 / rows * self.a.T @ self.a)[-1]

    def points(self, rate):
        """Yields each point and its loss, without end."""
        point = np.append(np.zeros(self.a.shape[1] - 1), -1.0)
        while True:
            residual = self.a @ point - self.y
            yield point, np.mean(residual**2)
            point = point - rate * 2 / len(self.y) * self.a.T @ residual

    def steps(self, rate):
        """Returns the number of steps until each parameter is within its tolerance."""
        points = enumerate(self.points(rate))
        return next(step for step, (point, _) in points if np.all(np.abs(point - self.optimum) <= self.tolerance))

    def steps_to_divergence(self, rate):
        """Returns the number of steps when the loss is found to be a million times its lowest value."""
        lowest = np.inf
        for step, (_, loss) in enumerate(self.points(rate), start=1):
            lowest = min(lowest, loss)
            if loss >= 1e6 * lowest:
                return step


@pytest.fixture(scope="module")
def descent():
    return Descent(*linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7))


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    logs = tmp_path_factory.mktemp("logs")
    result = run("--logs", logs, "--rates", 9, "--steps", STEPS)
    return SimpleNamespace(folder=logs / "sweep", **vars(result))


@pytest.fixture(scope="module")
def board(lesson):
    with TensorBoard(lesson.folder) as board:
        yield board


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A file with two features of different sizes, and its x and y."""
    path = tmp_path_factory.mktemp("data") / "flats.csv"
    x, y = linfit.GroundTruth(w=[0.5, -0.2], b=1.0, noise=0.3).sample(60, seed=7, low=-1, high=[1.0, 3.0])
    np.savetxt(path, np.column_stack([x, y]), delimiter=",", header="area,age,rent", comments="", fmt="%.17g")
    return path, x, y


def assert_steps_of_numpy(rows, descent, steps):
    """Asserts that every row below the limit has NumPy's number of steps, to one step."""
    below = {rate: row for rate, row in rows.items() if rate < descent.limit}
    assert below
    for rate, row in below.items():
        expected = descent.steps(rate)
        assert row.predicted == pytest.approx(expected, abs=1), rate
        if row.measured is None:
            assert expected > steps
            assert row.ending == f"not yet after {steps:,}"
        else:
            assert row.measured == pytest.approx(expected, abs=1), rate
            assert row.ending == "converged"


def test_the_rates_go_from_far_too_small_to_beyond_the_limit(lesson, descent):
    rates = np.array(list(lesson.rows))
    assert len(rates) == 9
    assert np.all(np.diff(rates) > 0)
    assert rates[0] == pytest.approx(descent.limit / 300, rel=1e-3)
    assert rates[-1] == pytest.approx(1.3 * descent.limit, rel=1e-3)
    np.testing.assert_allclose([row.share for row in lesson.rows.values()], rates / descent.limit, atol=1e-6)


def test_below_the_limit_the_prediction_and_the_measurement_are_those_of_numpy(lesson, descent):
    assert (lesson.code, lesson.err) == (0, "")
    assert_steps_of_numpy(lesson.rows, descent, STEPS)
    endings = [row.ending for rate, row in lesson.rows.items() if rate < descent.limit]
    assert endings == ["not yet after 400"] * 2 + ["converged"] * 4


def test_above_the_limit_each_run_diverges_where_numpys_does(lesson, descent):
    above = {rate: row for rate, row in lesson.rows.items() if rate > descent.limit}
    assert len(above) == 3
    for rate, row in above.items():
        assert (row.predicted, row.measured) == (np.inf, None)
        assert row.ending == f"diverged at step {descent.steps_to_divergence(rate):,}"


def test_the_limit_the_fastest_and_the_best_rate_are_named(lesson, descent):
    eigenvalues = np.linalg.eigvalsh(2 / 120 * descent.a.T @ descent.a)
    fastest = 2 / eigenvalues.sum()
    best = min(row.measured for row in lesson.rows.values() if row.measured)
    assert f"Stability limit:  {descent.limit:.4g} " in lesson.out
    assert (
        f"Fastest rate:     {fastest:.4g} (2/(λmin + λmax)), in the long run; here {descent.steps(fastest)} "
        in lesson.out
    )
    assert re.search(rf"Best measured:    {fastest:.4g}: {best} steps", lesson.out)
    assert f"Picture:      {lesson.folder / 'sweep.png'}\n" in lesson.out


def test_the_picture_shows_each_run_where_it_ended_and_the_limit_as_a_line(lesson, descent):
    (figure,) = lesson.figures
    assert (lesson.folder / "sweep.png").read_bytes().startswith(b"\x89PNG")
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    drawn = {name: lines[name].get_xdata() for name in ("measured", f"not converged after {STEPS} steps", "diverged")}
    endings = ["converged", "not yet", "diverged"]
    for points, ending in zip(drawn.values(), endings, strict=True):
        np.testing.assert_array_equal(points, [r for r, row in lesson.rows.items() if row.ending.startswith(ending)])
    measured = [row.measured for row in lesson.rows.values() if row.measured]
    np.testing.assert_array_equal(lines["measured"].get_ydata(), measured)
    np.testing.assert_array_equal(lines[f"not converged after {STEPS} steps"].get_ydata(), [STEPS] * 2)
    assert any(np.allclose(line.get_xdata(), descent.limit) for line in axes.get_lines())
    assert any(text.get_text() == f"stability\nlimit\n{descent.limit:.4g}" for text in axes.texts)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_the_predicted_curve_rises_towards_the_limit(lesson, descent):
    (axes,) = lesson.figures[0].axes
    (curve,) = [line for line in axes.get_lines() if line.get_label() == "predicted"]
    rates, steps = curve.get_data()
    assert rates[-1] < descent.limit
    assert steps[-1] > 100 * steps.min()
    for i in range(30, len(rates), 15):
        if steps[i] < 5000:
            assert steps[i] == pytest.approx(descent.steps(rates[i]), abs=1)


def test_no_texts_of_the_picture_overlap(lesson):
    (figure,) = lesson.figures
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 3
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]


def test_the_hparams_page_has_a_row_for_each_run(lesson, board):
    shown = sessions(board)
    assert shown.keys() == {f"rate-{rate:g}" for rate in lesson.rows}
    for rate, row in lesson.rows.items():
        session = shown[f"rate-{rate:g}"]
        constants = {"batch_size": 120, "rows": 120, "features": 1, "noise": 0.05, "seed": 7}
        settings = constants | {"learning_rate": rate, "rate / limit": pytest.approx(row.share, rel=1e-3)}
        assert session.hparams == settings
        assert session.status == ("failure" if "diverged" in row.ending else "success")
        assert session.metrics["z_table/steps"] == (row.measured or int(row.ending.rpartition(" ")[2]))
        assert session.metrics.get("z_table/steps_to_optimum") == row.measured
        assert 0 < session.seconds < 60


def test_the_metrics_of_a_row_are_the_last_values_of_the_run(lesson, board, descent):
    for rate, row in lesson.rows.items():
        points = descent.points(rate)
        if row.measured:
            point, loss = [next(points) for _ in range(row.measured + 1)][-1]
            metrics = sessions(board)[f"rate-{rate:g}"].metrics
            assert metrics["loss"] == pytest.approx(loss, rel=1e-5)
            assert metrics["error/optimization"] == pytest.approx(np.linalg.norm(point - descent.optimum), rel=1e-5)
            assert metrics["error/truth"] == pytest.approx(np.linalg.norm(point - [0.1, 0.5]), rel=1e-5)


def test_no_run_of_the_table_takes_the_colours_of_truth_and_optimum(lesson, board):
    assert board.runs() == ["truth", "optimum", *(f"rate-{rate:g}" for rate in lesson.rows)]


def test_the_curves_are_those_of_descent_and_the_truth_is_a_line_as_long_as_the_longest(lesson, board, descent):
    rate = next(rate for rate, row in lesson.rows.items() if row.measured)
    steps, values = board.scalars(f"rate-{rate:g}", "w")
    np.testing.assert_array_equal(steps, range(lesson.rows[rate].measured + 1))
    points = descent.points(rate)
    np.testing.assert_allclose(values, [next(points)[0][0] for _ in steps], rtol=1e-5, atol=1e-7)
    steps, values = board.scalars("truth", "w")
    np.testing.assert_array_equal(steps, range(STEPS + 1))
    np.testing.assert_allclose(values, 0.1, rtol=1e-6)


def test_a_file_of_two_features_is_swept_as_well(file, tmp_path):
    path, x, y = file
    options = ["--logs", tmp_path, "--rates", 4, "--steps", 500, "--fraction", 0.5]
    result = run("--csv", path, "--target", "rent", "--no-normalize", *options)
    assert (result.code, result.err) == (0, "")
    descent = Descent(x, y, fraction=0.5)
    assert_steps_of_numpy(result.rows, descent, 500)
    assert {"not yet after 500", "converged"} < {row.ending for row in result.rows.values()}
    with TensorBoard(tmp_path / "sweep") as board:
        assert {"w/area", "w/age", "b"} <= board.tags("optimum")
        known = {"learning_rate", "rate / limit", "batch_size", "rows", "features", "seed"}
        for session in sessions(board).values():
            assert session.hparams.keys() == known
            assert session.hparams["features"] == 2
            assert {"z_table/steps", "loss", "error/optimization"} <= session.metrics.keys()
        settings, metrics = columns(board)
        assert settings.keys() == known | {"noise"}
        assert list(metrics).index("error/truth") == 5  # the first hidden metric


def test_the_columns_of_a_file_are_standardized_unless_asked_otherwise(file, tmp_path):
    path, x, _ = file
    result = run("--csv", path, "--target", "rent", "--logs", tmp_path, "--rates", 3, "--steps", 2000)
    u = np.column_stack([(x - x.mean(axis=0)) / x.std(axis=0), np.ones(len(x))])
    limit = 2 / np.linalg.eigvalsh(2 / len(x) * u.T @ u)[-1]
    assert f"Stability limit:  {limit:.4g} " in result.out
    converged = [row for row in result.rows.values() if row.ending == "converged"]
    assert len(converged) == 2
    assert all(abs(row.measured - row.predicted) <= 1 for row in converged)


def test_a_run_that_only_begins_to_diverge_is_told_from_one_that_is_slow(tmp_path):
    result = run("--logs", tmp_path, "--rates", 2, "--steps", 5, "--w", 1, 2)
    assert [row.ending for row in result.rows.values()] == ["not yet after 5", "diverging after 5"]
    assert "Best measured:    no run converged." in result.out
    with TensorBoard(tmp_path / "sweep") as board:
        assert {session.status for session in sessions(board).values()} == {"success", "failure"}


def test_a_taken_folder_is_not_overwritten(file, tmp_path):
    (tmp_path / "again").mkdir()
    options = ["--csv", file[0], "--target", "rent", "--logs", tmp_path, "--rates", 2, "--steps", 1]
    result = run(*options, "--name", "again")
    assert result.code == 0
    assert f"{tmp_path / 'again'} already exists, so this sweep is again-2.\n" in result.out
    assert not list((tmp_path / "again").iterdir())
    assert (tmp_path / "again-2" / "sweep.png").is_file()


def test_ctrl_c_ends_the_sweep_and_shows_the_runs_so_far(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    command = [sys.executable, SCRIPT, "--logs", tmp_path, "--steps", "300", "--rates", "500"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob("sweep/rate-*"))) < 3:
            assert time.monotonic() < deadline
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    finished = table(out)
    assert 2 <= len(finished) < 500
    with TensorBoard(tmp_path / "sweep") as board:
        for name, session in sessions(board).items():
            steps, _ = board.scalars(name, "w")
            np.testing.assert_array_equal(steps, range(len(steps)))
            if float(name.removeprefix("rate-")) in finished:
                assert (steps[-1], session.status) == (300, "success")
            else:  # Ctrl-C came before its last step, or while that was written
                assert steps[-1] <= 300
                assert session.status == "failure" or steps[-1] == 300


MISTAKES = {
    "one_rate": (["--rates", "1"], "--rates must be at least 2, got 1. Try --rates 12."),
    "no_rates": (["--rates", "0"], "--rates must be a whole number of at least 1, got 0."),
    "negative_fraction": (["--fraction", "-0.1"], "--fraction must be a finite number above 0, got -0.1."),
    "nan_fraction": (["--fraction", "nan"], "--fraction must be a finite number above 0, got nan."),
    "no_steps": (["--steps", "0"], "--steps must be a whole number of at least 1, got 0."),
    "no_noise": (["--noise", "0"], "a sweep measures distances in standard errors, and these data have no noise."),
    "two_rows": (
        ["--rows", "2"],
        "StopAtOptimum measures distances in standard errors, which these data do not determine",
    ),
    "no_rows": (["--rows", "0"], "--rows must be a whole number of at least 1, got 0."),
    "negative_seed": (["--seed", "-1"], "seed must be "),
    "missing_file": (["--csv", "no.csv", "--target", "rent"], "no.csv does not exist. Check the path"),
    "target_without_csv": (["--target", "rent"], "--target and --features choose columns of a file."),
    "w_and_csv": (["--csv", "no.csv", "--target", "y", "--w", "1"], "--w describes drawn data, --csv reads a file."),
    "path_as_name": (["--name", "a/b"], "--name must be the name of a folder in "),
    "train_option": (["--learning-rate", "1"], "unrecognized arguments: --learning-rate 1. See "),
}


@pytest.mark.parametrize(("options", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_gets_one_line_and_leaves_no_trace(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    result = run("--logs", "logs", *options)
    assert result.code == 2
    assert re.fullmatch(r"sweep\.py: error: .*\n", result.err), result.err
    assert message in result.err
    assert not list(tmp_path.iterdir())
