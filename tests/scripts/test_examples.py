"""Each program of scripts/examples, run as a user runs it, prints what is true; each is short and uses public names."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import linfit
import linfit.callbacks

FOLDER = Path(__file__).parents[2] / "scripts" / "examples"
NAMES = ["data_stream", "many_features", "own_callback", "own_csv", "the_lesson"]


@pytest.fixture
def run(tmp_path):
    """Runs an example in a new interpreter and an empty folder; returns what it prints."""

    def run(name, *arguments):
        command = [sys.executable, FOLDER / f"{name}.py", *map(str, arguments)]
        environment = os.environ | {"COLUMNS": "80"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def tables(out):
    """The printed tables, each with its rows of numbers by name."""
    found = []
    for text in re.findall(r"^-{40,}\n(.*?)(?:^-{40,}$|\n\n)", out, re.DOTALL | re.MULTILINE):
        rows = [line.split() for line in text.splitlines()]
        found.append({name: [float(cell) for cell in cells] for name, *cells in rows})
    return found


def least_squares(x, y):
    """w and b of the optimum, by NumPy."""
    return np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), np.ravel(y))[0]


def test_the_lesson_gets_near_the_truth_and_says_how_near(run, tmp_path):
    out = run("the_lesson")
    x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
    optimum = least_squares(x, y)
    first, last = tables(out)
    for table, most in ((first, 3), (last, 0.1)):
        for (fitted, best, error, truth, *_), expected, true in zip(
            (table["w"], table["b"]), optimum, (0.1, 0.5), strict=True
        ):
            assert (best, truth) == (pytest.approx(expected, abs=1e-5), true)
            assert abs(fitted - expected) < most * error
            assert abs(fitted - true) < (most + 2) * error
    assert out.index("Not converged: ") < out.index("\nConverged: ")
    events = EventAccumulator(str(tmp_path / "logs" / "the_lesson" / "fit"), size_guidance={"scalars": 0}).Reload()
    logged = {point.step: point.value for point in events.Scalars("w")}
    assert sorted(logged) == list(range(401))
    assert [logged[200], logged[400]] == pytest.approx([first["w"][0], last["w"][0]], abs=1e-6)


def test_many_features_stops_at_the_optimum(run):
    out = run("many_features")
    (table,) = tables(out)
    truth = linfit.GroundTruth(w=np.linspace(-2.0, 2.0, 20), b=0.5, noise=0.3)
    optimum = least_squares(*truth.sample(1000, seed=7))
    assert list(table) == [*(f"w/sensor{number}" for number in range(20)), "b"]
    fitted, best, error, true = np.array([row[:4] for row in table.values()]).T
    np.testing.assert_allclose(best, optimum, atol=1e-5)
    np.testing.assert_allclose(true, [*np.linspace(-2.0, 2.0, 20), 0.5], atol=1e-6)
    assert np.all(np.abs(fitted - optimum) < 0.1 * error)
    assert np.all(np.abs(fitted - true) < 4 * error)
    assert 0 < int(re.search(r"Stopped at step (\d+)\.", out)[1]) < 100
    assert "\nConverged: " in out


def test_own_csv_finds_the_law_of_its_example(run):
    out = run("own_csv")
    optimum, fit = tables(out)
    law = {"w/area": 11.0, "w/city=Oslo": 400.0, "w/city=Rome": 150.0, "b": 200.0}
    for name, true in law.items():
        value, error, low, high = optimum[name]
        assert abs(value - true) < 3 * error
        assert low < value < high
        fitted, best, standard_error = fit[name][:3]
        assert (fitted, best, standard_error) == (pytest.approx(value, rel=1e-6), value, error)
    assert optimum.keys() == fit.keys() == law.keys()
    assert "Table of 300 rows: rent from area, city=Oslo, city=Rome" in out
    assert "\nConverged: " in out


def test_own_csv_takes_a_file(run, tmp_path):
    random = np.random.default_rng(7)
    x = random.normal(size=50)
    y = 3 * x + 1 + random.normal(scale=0.1, size=50)
    np.savetxt(tmp_path / "line.csv", np.column_stack([x, y]), delimiter=",", header="x,y", comments="", fmt="%.17g")
    _, fit = tables(run("own_csv", "line.csv", "y"))
    np.testing.assert_allclose([fit["w/x"][0], fit["b"][0]], least_squares(x[:, np.newaxis], y), rtol=1e-6)


def test_own_callback_sees_the_same_step_in_both_models(run):
    x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
    w, b, losses = 0.0, -1.0, []
    while not losses or losses[-1] > losses[0] / 2:
        residual = x * w + b - y
        losses.append(np.mean(residual**2))
        w, b = w - 0.01 * 2 * np.mean(residual * x), b - 0.01 * 2 * np.mean(residual)
    assert run("own_callback").splitlines() == [
        f"LinearRegression: the loss has halved at step {len(losses) - 1}.",
        f"Dense(1): the loss has halved at step {len(losses) - 1}.",
    ]


def test_data_stream_finds_the_optimum_of_all_rows(run):
    out = run("data_stream")
    (table,) = tables(out)
    truth = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, noise=0.3)
    x, y = (
        np.concatenate(part) for part in zip(*(truth.sample(100_000, seed=seed) for seed in range(20)), strict=True)
    )
    optimum = least_squares(x, y)
    fitted, best, error, true = np.array([table[name][:4] for name in ("w/x0", "w/x1", "b")]).T
    np.testing.assert_allclose(best, optimum, atol=1e-6)
    np.testing.assert_array_equal(true, [1.5, -2.0, 0.5])
    assert np.all(np.abs(fitted - optimum) < 0.1 * error)
    assert "2,000,000 rows are condensed to 16 numbers." in out
    assert "\nConverged: " in out


def test_these_are_all_examples():
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short_and_uses_public_names(name):
    text = (FOLDER / f"{name}.py").read_text()
    assert len(text.splitlines()) < 40
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            assert not [alias.name for alias in node.names if alias.name.startswith("linfit.")]
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("linfit"):
            assert node.module == "linfit.callbacks"
            assert {alias.name for alias in node.names} <= set(linfit.callbacks.__all__)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "linfit":
            assert node.attr in linfit.__all__
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")
