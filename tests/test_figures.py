"""The pictures show what the numbers say, and not by colour alone."""

import numpy as np
import pytest

import linfit
from linfit.callbacks import FitFigure, coefficients_figure, line_figure

X, Y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)


def lines_of(figure):
    return {line.get_label().split(":")[0]: line for line in figure.axes[0].get_lines()}


def test_the_line_picture_draws_each_line_through_its_values():
    figure = line_figure(X, Y, fitted=(0.3, 0.2), truth=(0.1, 0.5), start=(0.0, -1.0))
    lines = lines_of(figure)
    for name, (w, b) in {"fitted": (0.3, 0.2), "true": (0.1, 0.5), "start": (0.0, -1.0)}.items():
        x, y = lines[name].get_data()
        np.testing.assert_allclose(y, w * x + b)
        np.testing.assert_allclose(x, [X.min(), X.max()])
    np.testing.assert_array_equal(np.sort(lines["data"].get_xdata()), np.sort(X[:, 0]))


def test_lines_differ_in_dash_and_width_too():
    figure = line_figure(X, Y, fitted=(0.3, 0.2), truth=(0.1, 0.5), start=(0.0, -1.0))
    lines = [lines_of(figure)[name] for name in ("fitted", "true", "start")]
    assert len({line.get_linestyle() for line in lines}) == 3
    assert len({line.get_color() for line in lines}) == 3
    assert lines[0].get_linewidth() != lines[1].get_linewidth()


def test_true_is_green_and_fitted_is_red():
    lines = lines_of(line_figure(X, Y, fitted=(0.3, 0.2), truth=(0.1, 0.5)))
    red, green, _ = (int(lines["true"].get_color()[i : i + 2], 16) for i in (1, 3, 5))
    assert green > 2 * red
    red, green, _ = (int(lines["fitted"].get_color()[i : i + 2], 16) for i in (1, 3, 5))
    assert red > 2 * green


def test_many_rows_are_thinned_evenly():
    x = np.linspace(0, 1, 100_000)
    shown = lines_of(line_figure(x, x, fitted=(1, 0)))["data"].get_xdata()
    assert len(shown) == 2000
    assert (shown[0], shown[-1]) == (0, 1)


def test_coefficients_are_sorted_by_the_size_of_their_goal_and_marked_apart():
    figure = coefficients_figure(["a", "b", "c"], [1.0, 2.0, -3.0], truth=[0.5, 4.0, -2.0], optimum=[0.6, 3.9, -2.1])
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "c", "a"]
    lines = lines_of(figure)
    np.testing.assert_array_equal(lines["fitted"].get_xdata(), [2.0, -3.0, 1.0])
    np.testing.assert_array_equal(lines["true"].get_xdata(), [4.0, -2.0, 0.5])
    assert len({lines[name].get_marker() for name in ("fitted", "true", "optimum")}) == 3


def test_hundreds_of_coefficients_show_the_largest():
    figure = coefficients_figure([f"f{i}" for i in range(500)], np.arange(500.0))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[0] == "f499"
    assert len(labels) == 40


@pytest.mark.parametrize("targets", [1, 2])
def test_the_callback_leaves_the_latest_picture_in_the_runs_folder(tmp_path, targets):
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.05)
    model.fit(X, np.repeat(Y, targets, axis=1), batch_size=120, epochs=2, verbose=0, callbacks=[FitFigure(tmp_path)])
    assert (tmp_path / "fit" / "fit.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob("**/.fit*"))
