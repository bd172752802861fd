"""Tests that the pictures show the right numbers, are readable without colour vision, and have no overlapping text."""

import itertools
from functools import partial

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy import stats

import linfit
from linfit.callbacks import (
    FitFigure,
    coefficients_figure,
    learning_rate_figure,
    line_figure,
    prediction_figure,
    recovery_figure,
)
from linfit.callbacks.figures.coefficients_figure import draw_coefficients
from linfit.callbacks.figures.figure_style import new_figure, style_of
from linfit.callbacks.figures.line_figure import draw_line

X, Y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
TRUE, START = (0.1, 0.5), (0.0, -1.0)


def lines_of(figure, panel=0):
    return {line.get_label().split(":")[0]: line for line in figure.axes[panel].get_lines()}


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def long_names(count):
    return [f"w/{i:03} is the name of a column in € per m²" for i in range(count)]


def texts_of(figure):
    """Return each text that is drawn, with its box in pixels; ticks outside the view are not drawn."""
    figure.draw_without_rendering()
    hidden = set()
    for axes in figure.axes:
        for axis, limits in (axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()):
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not min(limits) <= tick.get_loc() <= max(limits):
                    hidden |= {tick.label1, tick.label2}
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in found if text not in hidden]
    return [(text, box) for text, box in boxes if box.width]


def collisions(figure):
    """Return the texts outside the picture, pairs of texts that overlap, and axes that a legend covers."""
    texts = texts_of(figure)
    assert len(texts) > 5
    cut = [text for text, box in texts if figure.bbox.padded(1).count_contains([box.min, box.max]) < 2]
    over = [
        (one, other)
        for (one, box), (other, box2) in itertools.combinations(texts, 2)
        if box.padded(-1).overlaps(box2.padded(-1))
    ]
    covered = [
        axes.get_xlabel()
        for legend, axes in itertools.product(figure.legends, figure.axes)
        if legend.get_window_extent().overlaps(axes.bbox)
    ]
    return cut + over + covered


def pixels(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return bytes(canvas.buffer_rgba())


def contrast(one, other):
    """Return the contrast ratio of two colours as defined by the Web Content Accessibility Guidelines 2.2."""

    def lightness(color):
        rgb = np.asarray(to_rgb(color))
        return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    high, low = sorted([lightness(one), lightness(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def line(**more):
    return line_figure(X, Y, (0.3, 0.2), truth=TRUE, start=START, residual_std=0.05, title="step 20, loss 0.1", **more)


def coefficients(count=3, scale=1.0, off=1.0, **more):
    truth = scale * np.random.default_rng(count).normal(size=count)
    return coefficients_figure(
        long_names(count),
        truth * (1 + off),
        truth=truth,
        optimum=1.001 * truth,
        standard_error=0.01 * np.abs(truth),
        degrees_of_freedom=5,
        title="step 20, loss 0.1",
        **more,
    )


def prediction(y=Y, **more):
    label = "price of a flat in thousands of € per m²"
    return prediction_figure(
        y, 0.9 * y, residual_std=float(np.ptp(y)) / 4, title="step 20, loss 0.1", y_label=label, **more
    )


def learning_rate(scale=1.0, **more):
    rates = scale * np.array([0.01, 0.05, 0.1, 0.25, 0.26])
    return learning_rate_figure(
        (rates, [2000, 400, 200, 72, 400]),
        (rates[1:3], [410, 190]),
        stability_limit=0.2627 * scale,
        fastest=0.25 * scale,
        unfinished=[0.001 * scale],
        most_steps=3_000_000,
        diverged=[0.3 * scale],
        title="the lesson",
        **more,
    )


def recovery(count=2, **more):
    errors = np.random.default_rng(7).standard_t(5, size=(300, count))
    return recovery_figure(long_names(count), errors, 5, unexpected=long_names(1), title="Recovered", **more)


PICTURES = [line, coefficients, prediction, learning_rate, recovery]


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


@pytest.mark.parametrize(
    ("references", "middle"),
    [
        ({"truth": TRUE, "optimum": (0.2, 0.4)}, TRUE),
        ({"optimum": (0.2, 0.4)}, (0.2, 0.4)),
        ({}, (0.3, 0.2)),
    ],
)
def test_the_band_is_two_standard_deviations_to_each_side_of_the_line_to_reach(references, middle):
    figure = line_figure(X, Y, (0.3, 0.2), residual_std=0.05, **references)
    (band,) = figure.axes[0].collections
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.round(9)}
    w, b = middle
    ends = (X.min(), X.max())
    assert corners == {(round(x, 9), round(w * x + b + off, 9)) for x in ends for off in (-0.1, 0.1)}
    assert "noise: ± 2 residual std (95 %)" in legend_of(figure)
    assert not line_figure(X, Y, (0.3, 0.2), **references).axes[0].collections


@pytest.mark.parametrize("slope", [1e3, -3.2e14, 1e300, -1e308, np.inf, np.nan])
def test_the_data_keep_their_place_however_far_the_fit_has_gone(slope):
    alone = line_figure(X, Y, (slope, 1e12), residual_std=0.05)
    low, high = alone.axes[0].get_ylim()
    assert np.ptp(Y) / (high - low) > 0.9
    assert low < Y.min() < Y.max() < high
    assert legend_of(alone)[-1].endswith("\n(out of view)")
    low, high = line_figure(X, Y, (slope, 1e12), truth=TRUE, start=START).axes[0].get_ylim()
    assert np.ptp(Y) / (high - low) > 0.2
    alone.draw_without_rendering()


def test_the_start_of_the_lesson_is_in_view():
    figure = line_figure(X, Y, START, truth=TRUE, start=START)
    assert figure.axes[0].get_ylim()[0] < -1
    assert not [label for label in legend_of(figure) if "out of view" in label]


def test_a_steep_line_that_crosses_the_view_is_in_view():
    figure = line_figure(X, Y, (100.0, -150.0), truth=TRUE)
    assert np.ptp(Y) / np.ptp(figure.axes[0].get_ylim()) > 0.9
    assert "out of view" not in legend_of(figure)[-1]


@pytest.mark.parametrize("slope", [np.inf, np.nan])
def test_a_line_that_is_no_number_is_out_of_view(slope):
    figure = line_figure(X - X.mean(), Y, (slope, 0.5), residual_std=0.05)
    assert legend_of(figure)[-1].endswith("\n(out of view)")
    assert not figure.axes[0].collections


@pytest.mark.parametrize("y", [np.zeros(120), np.full(120, 1e6)])
def test_a_target_that_does_not_vary_is_in_view(y):
    low, high = line_figure(X, y, (0.0, y[0]), residual_std=0.0).axes[0].get_ylim()
    assert low < y[0] < high


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


def test_what_is_left_out_is_said():
    assert "(460 smaller ones\nnot shown)" in coefficients(500).axes[0].get_xlabel()
    assert "not shown" not in coefficients(40).axes[0].get_xlabel()


@pytest.mark.parametrize(("freedom", "factor"), [({}, 1.96), ({"degrees_of_freedom": 4}, stats.t.ppf(0.975, 4))])
def test_the_interval_of_the_optimum_is_that_of_students_t(freedom, factor):
    figure = coefficients_figure(["a", "b"], [1, 2], optimum=[1.5, 2.5], standard_error=[0.1, 0.2], **freedom)
    values, distances = figure.axes
    (interval,) = values.containers
    ends = [segment[:, 0] for segment in interval[2][0].get_segments()]
    reach = factor * np.array([[-0.2, 0.2], [-0.1, 0.1]])
    np.testing.assert_allclose(ends, np.array([[2.5], [1.5]]) + reach)
    (zone,) = distances.patches
    np.testing.assert_allclose([zone.get_x(), zone.get_width()], [-factor, 2 * factor])


def test_the_second_panel_counts_standard_errors_from_the_optimum():
    figure = coefficients_figure(
        ["a", "b"], [1.0, 2.0], truth=[1.4, 2.6], optimum=[1.5, 2.5], standard_error=[0.1, 0.25]
    )
    away = lines_of(figure, panel=1)
    np.testing.assert_allclose(away["fitted"].get_xdata(), [-2, -5])
    np.testing.assert_allclose(away["true"].get_xdata(), [0.4, -1])
    assert "optimum" not in away
    assert figure.axes[1].get_xscale() == "linear"
    left, right = figure.axes[1].get_xlim()
    assert left == -right < -5


def test_distances_far_out_leave_the_zone_visible():
    figure = coefficients_figure(["a", "b"], [1e9, 0.4], truth=[1, 0.5], optimum=[1.1, 0.5], standard_error=[0.1, 0.1])
    axes = figure.axes[1]
    assert axes.get_xscale() == "symlog"
    zone, view = (np.diff(axes.transData.transform([(-end, 0), (end, 0)])[:, 0]) for end in (1.96, axes.get_xlim()[1]))
    assert zone > 0.1 * view
    assert axes.get_xlim()[1] > 1e10


@pytest.mark.parametrize("unknown", [np.inf, np.nan, 0.0])
def test_a_coefficient_without_a_standard_error_says_so(unknown):
    figure = coefficients_figure(["a", "b"], [3.0, 2.0], optimum=[3.5, 2.5], standard_error=[unknown, 0.25])
    np.testing.assert_allclose(lines_of(figure, panel=1)["fitted"].get_xdata(), [np.nan, -2])
    (text,) = figure.axes[1].texts
    assert (text.get_text(), text.get_position()) == ("no standard error", (0, 0))
    assert np.isfinite(figure.axes[0].get_xlim()).all()
    figure.draw_without_rendering()


def test_a_wide_interval_does_not_squeeze_the_values():
    figure = coefficients_figure(["a", "b"], [3.0, 2.0], optimum=[3.5, 2.5], standard_error=[1e6, 0.25])
    assert np.ptp(figure.axes[0].get_xlim()) < 4 * 3.5


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([150.0, 0.01, -0.02], "symlog"),
        ([150.0, 0.01], "symlog"),
        ([2.0, -0.4, 0.1], "linear"),
        ([0.0, 0.0, 0.0], "linear"),
    ],
)
def test_coefficients_of_very_different_size_get_a_logarithmic_axis_that_says_so(values, scale):
    axes = coefficients_figure(["a", "b", "c"][: len(values)], values, truth=values).axes[0]
    assert axes.get_xscale() == scale
    assert ("logarithmic\nbeyond ±0.01" in axes.get_xlabel()) == (scale == "symlog")
    places = axes.transAxes.inverted().transform(axes.transData.transform([(value, 0) for value in values]))[:, 0]
    assert ((places > 0) & (places < 1)).all()
    if any(values):
        assert min(abs(one - other) for one, other in itertools.combinations(places, 2)) > 0.05


def test_a_fit_that_is_no_number_leaves_the_goal_in_the_picture():
    figure = coefficients_figure(["a", "b"], [np.nan, np.inf], truth=[1, 2], optimum=[1, 2], standard_error=[1, 1])
    np.testing.assert_array_equal(lines_of(figure)["true"].get_xdata(), [2, 1])
    assert figure.axes[0].get_xlim()[1] < 10
    figure.draw_without_rendering()


def test_standard_errors_ask_for_their_optimum():
    with pytest.raises(linfit.InputError, match="standard_error needs the optimum that it belongs to"):
        coefficients_figure(["a"], [1.0], standard_error=[0.1])


def test_predictions_and_residuals_are_those_of_the_rows():
    y, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    figure = prediction_figure(y[:, None], predicted[:, None], residual_std=0.7)
    left, right = figure.axes
    np.testing.assert_array_equal(lines_of(figure)["3 rows"].get_xydata(), np.column_stack([predicted, y]))
    np.testing.assert_array_equal(right.get_lines()[0].get_xydata(), np.column_stack([predicted, y - predicted]))
    np.testing.assert_array_equal(lines_of(figure)["observed = predicted"].get_xydata(), [[1, 1], [4, 4]])
    assert right.get_lines()[1].get_ydata() == [0, 0]
    (band,) = right.patches
    np.testing.assert_allclose([band.get_y(), band.get_height()], [-1.4, 2.8])
    assert left.get_xlim() == right.get_xlim()


def test_of_many_rows_an_even_selection_is_drawn_and_named():
    y = np.arange(100_000.0)
    shown = lines_of(prediction_figure(y, y))["2,000 of 100,000 rows"].get_ydata()
    assert (len(shown), shown[0], shown[-1]) == (2000, 0, 99_999)
    assert np.ptp(np.diff(shown)) <= 1


def test_rows_whose_prediction_is_no_number_are_not_counted():
    assert "1 of 3 rows" in lines_of(prediction_figure([1, 2, 3], [1, np.nan, np.inf]))
    prediction_figure([1.0], [np.nan]).draw_without_rendering()


def test_as_many_predictions_as_rows_are_needed():
    with pytest.raises(linfit.InputError, match="same length, got 2 and 3"):
        prediction_figure([1, 2], [1, 2, 3])


@pytest.mark.parametrize(
    "picture",
    [
        line,
        learning_rate,
        recovery,
        prediction,
        partial(recovery, 30),
        partial(learning_rate, 1e-6),
        partial(learning_rate, 1e6),
        partial(line_figure, X, 1e6 + Y, (1e300, 0), truth=(0.1, 1e6), start=START, residual_std=0.05),
        partial(line_figure, 1e-3 + 1e-6 * X, 1e-12 * Y, (0, 0), title="step 0", y_label=long_names(1)[0]),
        partial(prediction, 1e-12 * Y),
        partial(prediction, -1e6 + Y),
        partial(prediction, -0.001 + 1e-9 * Y),
        *(partial(coefficients, count) for count in (1, 2, 40, 500)),
        *(partial(coefficients, 7, scale, off) for scale in (1e-100, 1e-6, 1e12, 1e100) for off in (1e-3, 1e15)),
    ],
)
def test_no_text_lies_over_another_or_is_cut_off(picture):
    assert not collisions(picture())


def test_long_names_do_not_make_a_picture_wider_than_a_screen():
    assert max(picture(40).get_size_inches()[0] for picture in (coefficients, recovery)) < 14


@pytest.mark.parametrize("count", [2, 60])
def test_two_pictures_share_one_figure(count):
    figure = new_figure((12.8, 4.8), "step 20, loss 0.1")
    left, right = figure.subfigures(1, 2)
    style, values = style_of(False), np.arange(1.0, count + 1)
    draw_line(left, X, Y, (0.3, 0.2), truth=TRUE, start=START, residual_std=0.05, style=style)
    draw_coefficients(right, long_names(count), values, optimum=1.1 * values, standard_error=0.1 * values, style=style)
    assert not collisions(figure)
    assert len(left.axes) == 1
    assert len(right.axes) == 2
    middle = figure.bbox.width / 2
    assert left.legends[0].get_window_extent().x1 <= middle + 1
    assert right.legends[0].get_window_extent().x0 >= middle - 1


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("picture", PICTURES)
def test_every_text_and_line_stands_out_from_its_background(picture, dark):
    figure = picture(dark=dark)
    paper = figure.get_facecolor()
    assert (sum(to_rgb(paper)) < 1) == dark
    figure.draw_without_rendering()
    for axes in figure.axes:
        assert to_rgb(axes.get_facecolor()) == to_rgb(paper)
        assert all(contrast(line.get_color(), paper) > 2.5 for line in axes.get_lines())
    for text in figure.findobj(Text):
        assert contrast(text.get_color(), paper) > 4.5, text


@pytest.mark.parametrize("dark", [False, True])
def test_fitted_and_true_differ_in_lightness(dark):
    lines = lines_of(line(dark=dark))
    assert contrast(lines["fitted"].get_color(), lines["true"].get_color()) > 1.7


@pytest.mark.parametrize("picture", PICTURES)
def test_a_users_own_settings_neither_change_a_picture_nor_are_changed(picture):
    saved, shown = picture().png(), pixels(picture())
    settings = {"font.size": 40, "xtick.major.size": 30}
    with pyplot.style.context(["dark_background", settings | {"savefig.facecolor": "pink", "savefig.dpi": 20}]):
        before = dict(matplotlib.rcParams)
        assert picture().png() == saved
        assert pixels(picture()) == shown
        assert dict(matplotlib.rcParams) == before


def test_a_notebook_shows_a_picture_by_itself():
    figure = line()
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("targets", [1, 2])
def test_the_callback_leaves_the_latest_picture_in_the_runs_folder(tmp_path, targets):
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.05)
    model.fit(X, np.repeat(Y, targets, axis=1), batch_size=120, epochs=2, verbose=0, callbacks=[FitFigure(tmp_path)])
    assert (tmp_path / "fit" / "fit.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob("**/.fit*"))


def test_a_users_own_font_is_used_since_names_may_need_it():
    with matplotlib.rc_context({"font.family": ["monospace"]}):
        figure = coefficients_figure(["a", "b"], [1.0, 2.0])
    assert {text.get_fontfamily()[0] for text in figure.axes[0].get_yticklabels()} == {"monospace"}


def test_a_dollar_in_a_name_is_a_dollar():
    figure = coefficients_figure(["a_b $x^$", "income ($), tax ($)"], [1.0, 2.0])
    figure.draw_without_rendering()
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["income ($), tax ($)", "a_b $x^$"]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: line_figure([1.0, 2.0], [1.0], fitted=(1, 0)), "same length, got 2 and 1"),
        (lambda: line_figure([], [], fitted=(1, 0)), "x and y must have at least one row"),
        (lambda: prediction_figure([], []), "y and predicted must have at least one row"),
        (
            lambda: coefficients_figure(["a", "b", "c"], [1.0, 2.0, 3.0], truth=[1.0, 2.0]),
            "as many true values as names",
        ),
        (lambda: coefficients_figure([], []), "and at least one: got 0 values"),
    ],
)
def test_values_that_do_not_belong_together_are_refused(draw, message):
    with pytest.raises(linfit.InputError, match=message):
        draw()
