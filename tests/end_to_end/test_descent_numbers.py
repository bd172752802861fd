"""The numbers on the Descent page agree with the trajectory and with `linfit.compare`."""

import re
import warnings

import keras
import numpy as np
import pytest
from descent_on_screen import DescentPage, parsed
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import TensorBoardLogger

# The page's judgement of each row of a run, computed by the page's own modules.
STANDINGS = """async name => {
    const module = file => import(new URL(file, document.querySelector("link[rel=stylesheet]").href));
    const [{ loadRun }, { standing }] = [await module("server.js"), await module("standing.js")];
    const run = await loadRun(name);
    return Array.from({ length: run.rows }, (_, row) => {
        const { kind, loss, gap, steps } = standing(run, row);
        return { kind, loss, gap, steps: steps === Infinity ? 1e13 : steps, step: run.step(row) };
    });
}"""


class Fit:
    """A logged fit that can be set back to any of its steps."""

    def __init__(self, log_dir, x, w, b, noise, learning_rate, steps, batch_size=None, **options):
        rows, features = x.shape
        w = np.reshape(w, (features, -1))
        y = x @ w + b + noise * np.random.default_rng(7).normal(size=(rows, w.shape[1]))
        self.x, self.y = x, y
        self.truth = linfit.GroundTruth(w=w, b=np.broadcast_to(b, w.shape[1]))
        self.model = linfit.LinearRegression(**options)
        self.model.compile(learning_rate=learning_rate)
        watching = [TensorBoardLogger(log_dir, truth=self.truth)]
        batch_size = batch_size or rows
        epochs = steps * batch_size // rows
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dependent columns, and a loss that leaves the finite range
            self.model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=watching)

    def compared_at(self, step):
        """Return the result of `linfit.compare` for the parameters at a step."""
        trajectory = self.model.trajectory
        (row,) = np.flatnonzero(trajectory.step == step)
        for name, values in trajectory.parameters.items():
            getattr(self.model, name).assign(values[row])
        if self.model.units is not None:
            point = {name: variable.numpy() for name, variable in (("w", self.model.w), ("b", self.model.b))}
            for name, values in self.model.units.from_data_units(point).items():
                getattr(self.model, name).assign(values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return linfit.compare(self.model, self.x, self.y, self.truth)

    def at(self, step):
        """Return the parameters and the loss at a step."""
        trajectory = self.model.trajectory
        (row,) = np.flatnonzero(trajectory.step == step)
        return trajectory.values[row], trajectory.loss[row]


def dependent(x):
    return np.column_stack([x, x[:, 0] + x[:, 1]])


def with_constant(x):
    return np.column_stack([x, np.full(len(x), 2.0)])


def problems():
    """Return small problems, most of them difficult in one way, as arguments of `Fit` by name."""
    line = np.random.default_rng(1).uniform(0, 10, (120, 1))
    plane = np.random.default_rng(2).normal(size=(60, 2))
    w, b = [1.0, -2.0], 3.0
    float64 = {"dtype": "float64"}
    return {
        "line": (line, 0.1, 0.5, 0.2, 0.02, 300),
        "near the limit": (line, 0.1, 0.5, 0.2, 0.0285, 300),
        "past the limit": (line, 0.1, 0.5, 0.2, 0.0295, 200),
        "to infinity": (line, 0.1, 0.5, 0.2, 3.0, 60),
        "many features": (np.random.default_rng(3).normal(size=(80, 5)), [1, 0.2, -3, 0, 2], b, 1.0, 0.02, 60),
        "without noise": (plane, w, b, 0.0, 0.3, 120),
        "without noise, float64": (plane, w, b, 0.0, 0.3, 250, None, float64),
        "dependent columns": (dependent(plane), [*w, 0.5], b, 0.3, 0.1, 200),
        "a constant column": (with_constant(plane), [*w, 0.5], b, 0.3, 0.05, 200),
        "a constant column without noise": (with_constant(plane), [*w, 0.5], b, 0.0, 0.05, 200, None, float64),
        "three targets": (plane * [1, 3], [[1.0, -2, 5], [0.5, 0, 1]], [1.0, 2.0, 3.0], 0.5, 0.05, 250),
        "without a bias": (plane, w, 0.0, 0.5, 0.05, 200, None, {"use_bias": False}),
        "a penalty": (plane, w, b, 0.5, 0.05, 200, None, {"kernel_regularizer": keras.regularizers.L2(0.1)}),
        "other scales": (plane * [1, 100] + [0, 50], w, b, 0.5, "auto", 200),
        "standardized": (
            plane * [1, 1e4] + [50, 7e4],
            [1.0, -2e-4],
            b,
            0.5,
            0.1,
            60,
            None,
            {**float64, "normalize": True},
        ),
        "standardized, far from 0": (line[:100] + 1985, 0.02, -30.0, 0.12, 0.1, 60, None, {"normalize": True}),
        "standardized, a penalty": (
            *(plane * [1, 100] + [0, 50], w, b, 0.5, "auto", 40, None),
            {**float64, "normalize": True, "kernel_regularizer": keras.regularizers.L2(0.1)},
        ),
        "standardized, dependent columns": (dependent(plane), [*w, 0.5], b, 0.3, 0.1, 60, None, {"normalize": True}),
        "as many rows as parameters": (plane[:3], w, b, 0.5, 0.05, 200),
        "y is 0": (plane, [0.0, 0.0], 0.0, 0.0, 0.1, 30),
        "mini-batches": (plane[:56], w, b, 0.5, 0.05, 140, 8),
        "mini-batches past the limit": (plane[:56], w, b, 0.5, 0.9, 42, 8),
    }


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("problems")


@pytest.fixture(scope="module")
def fits(log_dir):
    return {
        name: Fit(log_dir / name, *problem[:7], **(problem[7] if len(problem) > 7 else {}))
        for name, problem in problems().items()
    }


@pytest.fixture(scope="module")
def screen(log_dir, fits, open_page):
    with TensorBoard(log_dir) as board:
        yield DescentPage(*open_page(board, "descent", query="", size=(1400, 900)))


KINDS = {
    "Converged": {"arrived", "rests"},
    "Not converged": {"on the way"},
    "Diverging": {"overshoots"},
    "Diverged": {"diverged"},
}


def stated(pattern, text, share):
    """Return the number in a text with a relative tolerance for its rounding; None if there is none."""
    found = re.search(pattern, text)
    return found and pytest.approx(float(found[1].replace(",", "").replace("10¹²", "1e13")), rel=share)


def distance_in(verdict):
    return stated(r"(\S+) standard errors?(?: \(of [^)]*\))? from the optimum", verdict, 0.06)


def steps_in(verdict):
    return stated(r"bout (10¹²|[\d,]+) (?:or )?more", verdict, 0.006)


def numbers(row):
    """Return the parameters and the loss in a row of the table."""
    return [parsed(cell) for column, cell in row.items() if re.match("w|b|loss", column)]


def digits(*values, places=4):
    """Return the numbers rounded to `places` significant digits, for comparison with shown numbers."""
    return pytest.approx([float(f"{value:.{places - 1}e}") for value in values], rel=1e-9)


@pytest.mark.parametrize("name", problems())
def test_the_page_judges_each_step_as_compare_does(name, fits, screen):
    fit = fits[name]
    logged = screen.frame.evaluate(STANDINGS, f"{name}/fit")
    assert len(logged) > 5
    for judged in [logged[row] for row in np.linspace(0, len(logged) - 1, 10, dtype=int)]:
        compared = fit.compared_at(judged["step"])
        assert judged["kind"] in KINDS[re.split("[:.]", compared.verdict)[0]], compared.verdict
        if judged["kind"] in ("on the way", "arrived"):
            assert judged["gap"] == distance_in(compared.verdict)
            assert judged["steps"] == steps_in(compared.verdict)
        if judged["kind"] != "diverged":
            rounding = np.finfo(fit.model.dtype).eps ** 2 * 10 * (1 + np.mean(fit.y**2))
            assert judged["loss"] == pytest.approx(compared.losses["fitted"], rel=1e-3, abs=rounding)


@pytest.mark.parametrize("step", [0, 1, 37, 300])
def test_the_sentence_says_what_compare_says(step, fits, screen):
    screen.show_data("120 rows")
    screen.show_alone("line")
    screen.go_to(step)
    verdict = fits["line"].compared_at(step).verdict
    assert stated(r"([\d.,]+) standard errors? from the optimum", screen.sentence, 0) == distance_in(verdict)
    assert stated(r"about ([\d,]+) more steps", screen.sentence, 0) == steps_in(verdict)


@pytest.mark.parametrize("step", [0, 1, 37, 255])
def test_the_table_of_a_line_holds_trajectory_optimum_and_truth(step, fits, screen):
    screen.show_data("120 rows")
    screen.show_alone("line")
    screen.go_to(step)
    (w, b), loss = fits["line"].at(step)
    fit, optimum, truth = (screen.table[row] for row in ("fit", "optimum", "truth"))
    compared = fits["line"].compared_at(step)
    assert numbers(fit) == digits(w, b, loss)
    assert numbers(optimum) == digits(*compared.optimum, compared.losses["optimum"])
    assert numbers(truth) == digits(*compared.truth, compared.losses["truth"])
    errors = [parsed(optimum[name].split("±")[1]) for name in ("w", "b")]
    assert errors == digits(*compared.standard_error, places=2)


def test_the_table_of_several_runs_holds_a_row_for_each(fits, screen):
    screen.show_data("120 rows")
    runs = ["line", "near the limit", "past the limit"]
    for run in runs:
        if not screen.chips[run].shown:
            screen.chip(run).click()
    screen.until(lambda: set(runs) <= set(screen.table))
    screen.go_to(37)
    for run in runs:
        (w, b), loss = fits[run].at(37)
        assert numbers(screen.table[run]) == digits(w, b, loss)


def test_the_table_of_many_parameters_holds_a_row_for_each(fits, screen):
    screen.show_data("many features")
    screen.go_to(13)
    values, loss = fits["many features"].at(13)
    compared = fits["many features"].compared_at(13)
    shown = [screen.table[name] for name in compared.names]
    assert [parsed(row["fit"]) for row in shown] == digits(*values)
    assert [parsed(row["optimum"]) for row in shown] == digits(*compared.optimum)
    assert [parsed(row["optimum"].split("±")[1]) for row in shown] == digits(*compared.standard_error, places=2)
    assert [parsed(row["truth"]) for row in shown] == digits(*compared.truth)
    losses = [parsed(screen.table["loss"][column]) for column in ("fit", "optimum", "truth")]
    assert losses == digits(loss, compared.losses["optimum"], compared.losses["truth"])


@pytest.mark.parametrize("target", [2, 0, 1])
def test_one_of_several_targets_is_chosen(target, fits, screen):
    screen.show_data("three targets")
    screen.frame.select_option("#target", str(target))
    screen.go_to(20)
    values, loss = fits["three targets"].at(20)
    assert numbers(screen.table["fit"]) == digits(*values.reshape(3, 3)[:, target], loss)
    compared = fits["three targets"].compared_at(20)
    assert numbers(screen.table["optimum"]) == digits(
        *compared.optimum.reshape(3, 3)[:, target], compared.losses["optimum"]
    )


def test_what_the_data_leave_open_is_called_so(screen):
    screen.show_data("a constant column without noise")
    assert screen.table["w/x2"]["optimum"] == screen.table["b"]["optimum"] == "not determined"
    assert "not determined" not in screen.table["w/x0"]["optimum"]


def test_the_browser_meets_no_error(screen):
    assert screen.errors == []
    assert screen.message is None
