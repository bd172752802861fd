"""Tests that the picture of the loss bowl agrees with the losses, gradients and steps computed from the rows."""

import numpy as np
import pytest
from matplotlib.contour import ContourSet
from matplotlib.quiver import Quiver

import linfit
from linfit.callbacks import bowl_figure

LINE = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
PLANE = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.05)


def fit_and_draw(truth, rate, steps, targets=1, **options):
    """Fit 120 rows; return the figure, x, y, the model, the optimum and the curvature."""
    x, y = truth.sample(120, seed=7)
    model = linfit.LinearRegression(w_initializer=0.0, dtype="float64", **options)
    model.compile(learning_rate=rate)
    model.fit(x, y, batch_size=120, epochs=steps, verbose=0, divergence_guard=False)
    statistics = linfit.SufficientStatistics.from_rows(x, y, use_bias=options.get("use_bias", True))
    optimum, curvature = statistics.least_squares(), statistics.curvature()
    return bowl_figure(model.trajectory, optimum, curvature, truth=truth), x, y, model, optimum, curvature


def line(figure, label):
    """Return the points of a line or a marker, shape (points, 2)."""
    return next(line for line in figure.axes[0].get_lines() if line.get_label() == label).get_xydata()


def loss_at(x, y, points):
    """Return the mean squared error of the rows at points (w..., b)."""
    a = np.column_stack([x, np.ones(len(x))])
    return np.mean((a @ np.atleast_2d(points).T - y) ** 2, axis=0)


def contours(figure):
    """Return each contour's excess over the lowest loss, and its points."""
    lines = [each for each in figure.axes[0].collections if isinstance(each, ContourSet) and not each.filled]
    (contour_set,) = lines
    pairs = zip(contour_set.levels, contour_set.get_paths(), strict=True)
    return [(level, path.vertices) for level, path in pairs]


@pytest.fixture(scope="module")
def lesson():
    return fit_and_draw(LINE, 0.05, 200, b_initializer=-1.0)


def test_the_path_and_the_marked_points_are_those_of_the_fit(lesson):
    figure, x, y, model, *_ = lesson
    best, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(120)]), y, rcond=None)
    steps = line(figure, "steps")
    np.testing.assert_allclose(steps[:128], model.trajectory.values[:128], rtol=1e-12)
    np.testing.assert_allclose(line(figure, "start"), [[0.0, -1.0]], atol=1e-12)
    np.testing.assert_allclose(line(figure, "optimum"), best.T, rtol=1e-9)
    np.testing.assert_allclose(line(figure, "true"), [[0.1, 0.5]])
    np.testing.assert_allclose(line(figure, "fitted"), [[model.w.numpy().item(), model.b.numpy().item()]], rtol=1e-12)


def test_each_contour_goes_through_points_of_its_loss(lesson):
    figure, x, y, *_ = lesson
    lowest = loss_at(x, y, line(figure, "optimum")).item()
    checked = 0
    for level, points in contours(figure):
        np.testing.assert_allclose(loss_at(x, y, points), lowest + level, rtol=0.05)
        checked += len(points)
    assert checked > 1000


def test_the_scale_beside_the_bowl_names_these_losses(lesson):
    figure, x, y, *_ = lesson
    lowest = loss_at(x, y, line(figure, "optimum")).item()
    scale = figure.axes[1].yaxis
    levels = [level for level, _ in contours(figure)][::2]
    figure.draw_without_rendering()
    assert [float(tick.get_text().replace(",", "")) for tick in scale.get_ticklabels()] == pytest.approx(
        [lowest + level for level in levels], rel=5e-3
    )
    assert scale.get_label_text() == "loss"


def test_losses_that_are_nearly_the_same_are_told_apart():
    x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=5.0).sample(120, seed=7)
    statistics = linfit.SufficientStatistics.from_rows(x, y)
    optimum = statistics.least_squares()
    model = linfit.LinearRegression(optimum.w, optimum.b, dtype="float64")
    model.compile(learning_rate=0.05)
    model.fit(x, y, batch_size=120, epochs=5, verbose=0)
    figure = bowl_figure(model.trajectory, optimum, statistics.curvature())
    figure.draw_without_rendering()
    labels = [tick.get_text() for tick in figure.axes[1].yaxis.get_ticklabels()]
    assert len(set(labels)) == len(labels) == 5


def test_large_losses_are_written_out():
    figure, *_ = fit_and_draw(linfit.GroundTruth(w=0.1, b=150.0, noise=5.0), 0.05, 20)
    figure.draw_without_rendering()
    labels = [tick.get_text() for tick in figure.axes[1].yaxis.get_ticklabels()]
    assert any("," in label for label in labels)
    assert not any("e" in label for label in labels)


def test_the_arrows_lead_down_the_slope_as_it_lies_on_paper(lesson):
    figure, x, y, *_ = lesson
    axes = figure.axes[0]
    (arrows,) = (each for each in axes.collections if isinstance(each, Quiver))
    residual = x @ arrows.X[np.newaxis] + arrows.Y - y
    slope = np.stack([2 * np.mean(residual * x, axis=0), 2 * np.mean(residual, axis=0)], axis=1)
    to_paper = 1 / np.array([np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())])
    down = -slope * to_paper
    length = np.linalg.norm(down, axis=1, keepdims=True)
    moving = length[:, 0] > 1e-9  # the gradient is 0 at the optimum itself
    assert moving.sum() >= len(moving) - 1
    drawn_arrows = np.column_stack([arrows.U, arrows.V])
    np.testing.assert_allclose(drawn_arrows[moving], (down / length)[moving], atol=1e-6)


def test_the_view_is_known_from_the_start_and_no_stable_descent_leaves_it():
    views = []
    for rate in (0.05, 0.2, 0.26):
        figure, *_ = fit_and_draw(LINE, rate, 300, b_initializer=-1.0)
        (left, right), (bottom, top) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
        steps = line(figure, "steps")
        assert ((left, bottom) < steps).all()
        assert (steps < (right, top)).all()
        views.append((left, right, bottom, top))
        np.testing.assert_allclose(line(figure, "optimum")[0], [(left + right) / 2, (bottom + top) / 2])
    assert views[0] == pytest.approx(views[1])
    assert views[0] == pytest.approx(views[2])


def test_many_features_show_the_valley_and_its_walls():
    figure, x, y, model, optimum, curvature = fit_and_draw(PLANE, 0.112, 200, b_initializer=-1.0)
    flattest, steepest = curvature.eigenvectors[:, 0], curvature.eigenvectors[:, -1]
    best = np.append(optimum.w, optimum.b)
    steps = line(figure, "steps")
    expected = (model.trajectory.values[:128] - best) @ np.column_stack([flattest, steepest])
    np.testing.assert_allclose(np.abs(steps[:128]), np.abs(expected), atol=1e-10)
    zigzag = np.sign(steps[1:20, 1])
    np.testing.assert_array_equal(zigzag[1:], -zigzag[:-1])
    signs = np.sign(np.sum(steps[:128] * expected, axis=0))
    for level, points in contours(figure):
        there = best + (points * signs) @ np.array([flattest, steepest])
        np.testing.assert_allclose(loss_at(x, y, there), optimum.loss + level, rtol=0.08)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "along the flattest direction, mostly b"
    assert axes.get_ylabel() == "along the steepest direction"  # no two parameters make up 80 % of it
    assert figure.axes[1].get_ylabel() == "loss, other directions at the optimum"


def test_a_path_that_begins_late_starts_where_it_begins():
    x, y = LINE.sample(120, seed=7)
    model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0, dtype="float64")
    model.compile(learning_rate=0.255)
    model.optimizer.iterations.assign(10_003)
    model.fit(x, y, batch_size=120, epochs=60, verbose=0)
    statistics = linfit.SufficientStatistics.from_rows(x, y)
    figure = bowl_figure(model.trajectory, statistics.least_squares(), statistics.curvature())
    np.testing.assert_allclose(line(figure, "start"), [[0.0, -1.0]], atol=1e-12)
    np.testing.assert_allclose(line(figure, "steps"), model.trajectory.values)


def test_the_walls_are_seen_where_the_start_lies_on_the_floor_of_the_valley():
    x, y = PLANE.sample(120, seed=7)
    statistics = linfit.SufficientStatistics.from_rows(x, y)
    optimum, curvature = statistics.least_squares(), statistics.curvature()
    start = np.append(optimum.w, optimum.b) + curvature.eigenvectors[:, 0]
    model = linfit.LinearRegression(start[:3, np.newaxis], start[3:], dtype="float64")
    model.compile(learning_rate=0.05)
    model.fit(x, y, batch_size=120, epochs=5, verbose=0)
    axes = bowl_figure(model.trajectory, optimum, curvature).axes[0]
    flat, steep = curvature.eigenvalues[[0, -1]]
    rise = flat * np.ptp(axes.get_xlim()) ** 2, steep * np.ptp(axes.get_ylim()) ** 2
    assert rise[1] >= 0.99 * rise[0]


def test_an_axis_is_named_after_one_or_two_parameters_or_none():
    rng = np.random.default_rng(7)
    common = rng.normal(size=(200, 1))
    pair = linfit.GroundTruth(w=[1.0, 1.0, 1.0], noise=0.1)
    x = np.hstack([common + 0.1 * rng.normal(size=(200, 2)), 0.5 * rng.normal(size=(200, 1))])
    statistics = linfit.SufficientStatistics.from_rows(x, pair.predict(x), use_bias=False)
    model = linfit.LinearRegression(use_bias=False, feature_names=["area", "rooms", "age"])
    model.compile(learning_rate=0.01)
    model.fit(x, pair.predict(x), batch_size=200, epochs=3, verbose=0)
    axes = bowl_figure(model.trajectory, statistics.least_squares(), statistics.curvature()).axes[0]
    assert axes.get_xlabel().replace("\n", " ") in [
        f"along the flattest direction, mostly {first:.2f} w/{one} - {second:.2f} w/{other}"
        for one, other in (("area", "rooms"), ("rooms", "area"))
        for first, second in ((0.71, 0.71), (0.70, 0.71), (0.71, 0.70))
    ]


def test_two_features_without_a_bias_are_the_axes_themselves():
    figure, *_ = fit_and_draw(linfit.GroundTruth(w=[1.0, -1.0], noise=0.1), 0.1, 30, use_bias=False)
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("w/x0", "w/x1")


def test_one_parameter_is_a_valley_with_the_path_on_its_slope():
    figure, x, y, model, *_ = fit_and_draw(linfit.GroundTruth(w=0.7, noise=0.1), 0.1, 20, use_bias=False)
    for label in ("_loss", "steps", "true", "optimum", "fitted"):
        w, loss = line(figure, label).T
        np.testing.assert_allclose(loss, np.mean((x * w - y) ** 2, axis=0), rtol=1e-9)
    np.testing.assert_allclose(line(figure, "steps")[:, 0], model.trajectory.w[:, 0, 0], rtol=1e-12)
    assert figure.axes[0].get_ylabel() == "loss"


@pytest.mark.parametrize("steps", [60, 3000])
def test_a_diverging_path_is_drawn_until_it_leaves_the_picture(steps):
    figure, *_, model, _, _ = fit_and_draw(LINE, 0.27, steps, b_initializer=-1.0)
    path = line(figure, "steps")
    assert 6 < len(path) < 60
    np.testing.assert_allclose(path, model.trajectory.values[: len(path)], rtol=1e-9)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["steps", "start", "true", "optimum", "(fitted: not shown)"]


def test_a_long_path_is_thinned_in_pairs_of_steps():
    figure, *_, model, _, _ = fit_and_draw(LINE, 0.26, 2500, b_initializer=-1.0)
    path = line(figure, "steps")
    assert 128 < len(path) < 600
    np.testing.assert_allclose(path[-1], model.trajectory.values[-1])
    sides = np.sign((path - line(figure, "optimum"))[-11:-1] @ [1.0, 1.0])
    assert len(set(sides.tolist())) == 2


def test_a_fit_that_starts_at_its_optimum_has_a_bowl_too():
    x, y = LINE.sample(120, seed=7)
    optimum = linfit.least_squares(x, y)
    model = linfit.LinearRegression(w_initializer=optimum.w, b_initializer=optimum.b, dtype="float64")
    model.compile(learning_rate=0.05)
    model.fit(x, y, batch_size=120, epochs=3, verbose=0)
    curvature = linfit.SufficientStatistics.from_rows(x, y).curvature()
    figure = bowl_figure(model.trajectory, optimum, curvature)
    figure.draw_without_rendering()
    for view, error in (("x", optimum.standard_error_w), ("y", optimum.standard_error_b)):
        assert np.ptp(getattr(figure.axes[0], f"get_{view}lim")()) == pytest.approx(6 * error.item(), rel=0.2)
    assert sum(len(points) for _, points in contours(figure)) > 1000


def test_features_that_depend_on_each_other_leave_a_bowl_along_the_others():
    x, y = LINE.sample(120, seed=7)
    x = np.hstack([x, 2 * x])
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=0.02)
    model.fit(x, y, batch_size=120, epochs=20, verbose=0)
    statistics = linfit.SufficientStatistics.from_rows(x, y)
    with pytest.warns(UserWarning, match="depend"):
        optimum = statistics.least_squares()
    figure = bowl_figure(model.trajectory, optimum, statistics.curvature())
    figure.draw_without_rendering()
    assert np.isfinite(line(figure, "steps")).all()
    assert "flattest" in figure.axes[0].get_xlabel()


def test_several_targets_are_refused():
    truth = linfit.GroundTruth(w=[[1.0, 2.0]], b=[0.0, 0.0], noise=0.1)
    with pytest.raises(linfit.InputError, match="needs one target"):
        fit_and_draw(truth, 0.1, 3)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["w", "w/a-feature-with-a-name-of-forty-characters"])
def test_no_text_lies_over_another(lesson, dark, name):
    *_, model, optimum, curvature = lesson
    trajectory = linfit.Trajectory(**{**vars(model.trajectory), "names": (name, "b")})
    figure = bowl_figure(trajectory, optimum, curvature, truth=LINE, title="step 200, loss 0.002236", dark=dark)
    figure.draw_without_rendering()
    axes, scale = figure.axes
    parts = [axes.xaxis.label, axes.yaxis.label, axes.title, figure.legends[0], scale.yaxis.label]
    for axis in (axes.xaxis, axes.yaxis, scale.yaxis):
        low, high = axis.get_view_interval()
        parts += [
            label for at, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True) if low <= at <= high
        ]
    boxes = [part.get_window_extent() for part in parts if not hasattr(part, "get_text") or part.get_text()]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i]), parts[i]
        assert figure.bbox.padded(1).contains(box.x0, box.y0)
        assert figure.bbox.padded(1).contains(box.x1, box.y1)


def test_standardized_features_have_the_bowl_of_the_data_and_arrows_along_their_own_steps():
    x, y = LINE.sample(120, seed=7, low=1.0, high=4.0)
    model = linfit.LinearRegression(b_initializer=-1.0, normalize=True, dtype="float64")
    model.compile(learning_rate=0.1)
    model.fit(x, y, batch_size=120, epochs=30, verbose=0)
    statistics = linfit.SufficientStatistics.from_rows(x, y)
    curvature = statistics.standardized().curvature().in_data_units(model.units)
    figure = bowl_figure(model.trajectory, statistics.least_squares(), curvature)
    np.testing.assert_allclose(line(figure, "steps"), model.trajectory.values, rtol=1e-12)
    lowest = loss_at(x, y, line(figure, "optimum")).item()
    for level, points in contours(figure):
        np.testing.assert_allclose(loss_at(x, y, points), lowest + level, rtol=0.1)  # coarse grid, narrow valley

    axes = figure.axes[0]
    (arrows,) = (each for each in axes.collections if isinstance(each, Quiver))
    mean, scale = x.mean(), x.std()
    residual = x @ arrows.X[np.newaxis] + arrows.Y - y
    dv, dc = 2 * np.mean(residual * (x - mean) / scale, axis=0), 2 * np.mean(residual, axis=0)
    step = -np.stack([dv / scale, dc - mean * dv / scale], axis=1)
    step /= [np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())]
    length = np.linalg.norm(step, axis=1, keepdims=True)
    moving = length[:, 0] > 1e-9
    np.testing.assert_allclose(np.column_stack([arrows.U, arrows.V])[moving], (step / length)[moving], atol=1e-6)


def test_standardized_features_name_the_axes_by_their_share():
    truth = linfit.GroundTruth(w=[1.5, -2.0], b=0.5)
    x, y = truth.sample(120, seed=7, low=[1900.0, 0.0], high=[2000.0, 1e-3])
    x[:, 1] += 1e-5 * x[:, 0]
    model = linfit.LinearRegression(normalize=True, dtype="float64")
    model.compile(learning_rate="auto")
    model.fit(x, y, batch_size=120, epochs=3, verbose=0)
    statistics = linfit.SufficientStatistics.from_rows(x, y)
    curvature = statistics.standardized().curvature().in_data_units(model.units)
    figure = bowl_figure(model.trajectory, statistics.least_squares(), curvature)
    assert "0.71 w/x0" in figure.axes[0].get_xlabel()
    u = (x - x.mean(axis=0)) / x.std(axis=0)
    flat = np.linalg.eigh(u.T @ u)[1][:, 0]
    moved = (model.trajectory.w[:, :, 0] - model.trajectory.w[0, :, 0]) * x.std(axis=0) @ flat
    drawn_steps = line(figure, "steps")[:, 0] - line(figure, "steps")[0, 0]
    np.testing.assert_allclose(np.abs(drawn_steps), np.abs(moved), rtol=1e-6, atol=1e-9)
