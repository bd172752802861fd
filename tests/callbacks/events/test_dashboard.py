"""The Custom Scalars page as TensorBoard serves it: its charts, and the curves that they request."""

import re

import keras
import numpy as np
import pytest
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import StepCallback, TensorBoardLogger
from linfit.callbacks.events.layout_file import last_layout

OVERLAY, ZONE, REST = "fit, truth and optimum", "the fit enters the optimum's 95 % zone", "the other parameters"
NAMES = ["area (m2)", "rooms|floors", "a.b+c/d"]  # with characters that regular expressions or pages treat specially
TAGS = ["w/area [m2]", "w/rooms|floors", "w/a.b+c/d", "b"]
TRUTH = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.5, feature_names=NAMES)
LOADERS = pytest.mark.parametrize("loader", ["--load_fast=true", "--load_fast=false"])


class Collector(StepCallback):
    """Records all points of a fit: their steps and values."""

    def __init__(self):
        super().__init__()
        self.steps, self.values = [], []

    def on_steps_end(self, trajectory):
        self.steps.extend(trajectory.step.tolist())
        self.values.extend(trajectory.values)


def fit(log_dir, run="fit", truth=TRUTH, known=True, steps=40, loss="mse", learning_rate=0.05, rows=120, start=0.0):
    """Run full-batch descent on rows of a truth, which the logger gets only if it is `known`."""
    model = linfit.LinearRegression(w_initializer=keras.initializers.Constant(start), feature_names=truth.feature_names)
    model.compile(learning_rate=learning_rate, loss=loss)
    return resume(model, log_dir, run, truth, known, steps, rows)


def resume(model, log_dir, run="fit", truth=TRUTH, known=True, steps=40, rows=120):
    x, y = truth.sample(rows, seed=3, low=-1.0, high=1.0)
    model.collector = Collector()
    watching = [TensorBoardLogger(log_dir, run, truth=truth if known else None), model.collector]
    model.fit(x, y, batch_size=rows, epochs=steps, verbose=0, callbacks=watching)
    return model


def wide(features, seed=1):
    return linfit.GroundTruth(w=np.random.default_rng(seed).normal(size=features), b=0.1, noise=0.5)


def page(board):
    """Return the layout as TensorBoard sends it: the charts of each category."""
    categories = board._json("data/plugin/custom_scalars/layout").get("category", [])
    assert len({category["title"] for category in categories}) == len(categories)
    return {category["title"]: category["chart"] for category in categories}


def titles(page):
    """Return the titles of the charts in the order in which they are shown; margin charts are shown in reverse."""
    return {
        title: [one["title"] for one in (charts[::-1] if title == ZONE else charts)] for title, charts in page.items()
    }


def curves(board, run, chart):
    """Return the curves of a run in a line chart, as the page requests them: (steps, values) by tag."""
    pattern = "|".join(f"({tag})" for tag in chart["multiline"]["tag"])
    answer = board._json("data/plugin/custom_scalars/scalars", run=run, tag=pattern)
    assert answer["regex_valid"]
    return {
        tag: ([step for _, step, _ in points], np.array([float(value) for *_, value in points]))
        for tag, points in answer["tag_to_events"].items()
    }


def margins(board, run, chart):
    """Return steps, values and both ends of a run in a margin chart, or None if the run has none of them."""
    (series,) = chart["margin"]["series"]
    if not set(series.values()) & board.tags(run):
        return None
    steps, points = zip(*(board.scalars(run, series[part]) for part in ("value", "lower", "upper")), strict=True)
    assert steps[0].tolist() == steps[1].tolist() == steps[2].tolist()  # otherwise the page shows an error
    return steps[0], *points


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A converged fit of three features."""
    log_dir = tmp_path_factory.mktemp("three")
    model = fit(log_dir, steps=400)
    x, y = TRUTH.sample(120, seed=3, low=-1.0, high=1.0)
    with TensorBoard(log_dir) as board:
        yield board, page(board), model.collector, linfit.least_squares(x, y)


def test_the_page_has_loss_and_errors_then_each_parameter_then_the_zones(three):
    _, charts, *_ = three
    assert titles(charts) == {OVERLAY: ["loss", "error/optimization and error/truth", *TAGS], ZONE: TAGS}


@pytest.mark.parametrize("place", range(4))
def test_a_parameters_chart_has_fit_truth_and_optimum_and_nothing_else(three, place):
    board, charts, collector, optimum = three
    tag, expected = TAGS[place], [1.5, -2.0, 0.3, 0.5][place]
    lines = {run: curves(board, run, charts[OVERLAY][2 + place]) for run in board.runs()}
    assert {run: list(shown) for run, shown in lines.items()} == {run: [tag] for run in ("truth", "optimum", "fit")}
    steps, values = lines["fit"][tag]
    assert steps == collector.steps
    np.testing.assert_array_equal(np.float32(values), np.array(collector.values, "float32")[:, place])
    np.testing.assert_allclose(lines["truth"][tag][1], expected, rtol=1e-6)
    np.testing.assert_allclose(lines["optimum"][tag][1], [*optimum.w[:, 0], *optimum.b][place], rtol=1e-5)


def test_the_loss_ends_on_its_floor_and_one_error_falls_while_the_other_stops(three):
    board, charts, *_ = three
    loss, errors = charts[OVERLAY][:2]
    floor = curves(board, "optimum", loss)["loss"][1][-1]
    assert curves(board, "fit", loss)["loss"][1][-1] == pytest.approx(floor, rel=1e-3)
    (_, optimization), (_, truth) = (
        curves(board, "fit", errors)[f"error/{goal}"] for goal in ("optimization", "truth")
    )
    assert (np.diff(optimization[:200]) < 0).all()
    assert optimization[-1] < 1e-3 * optimization[0]
    assert truth[-1] == pytest.approx(truth[300], rel=5e-3)
    assert truth[-1] > 50 * optimization[-1]


@pytest.mark.parametrize("place", range(4))
def test_the_fit_enters_the_optimums_zone_which_holds_the_optimum(three, place):
    board, charts, collector, optimum = three
    chart = charts[ZONE][::-1][place]
    lower, upper = ([*end.w[:, 0], *end.b][place] for end in optimum.confidence_interval(0.95))
    _, center, *ends = margins(board, "optimum", chart)
    np.testing.assert_allclose(center, [*optimum.w[:, 0], *optimum.b][place], rtol=1e-5)
    np.testing.assert_allclose(ends, [[lower] * len(center), [upper] * len(center)], rtol=1e-5)
    steps, *lines = margins(board, "fit", chart)
    passed = np.array(collector.values, "float32")[:, place]
    reach = 5 * (upper - lower) / 2 * (1 + 1e-6)
    near = [step for step in range(128) if abs(passed[step] - center[0]) <= reach]
    assert steps[-1] == 400
    assert [step for step in steps if step < 128] == near
    for line in lines:
        np.testing.assert_array_equal(np.float32(line), passed[steps])
    assert lower < lines[0][-1] < upper
    _, *truth = margins(board, "truth", chart)
    np.testing.assert_allclose(truth, [1.5, -2.0, 0.3, 0.5][place], rtol=1e-6)


def test_a_fit_that_never_comes_near_its_zone_is_seen_where_it_ends(tmp_path):
    model = fit(tmp_path, steps=5, learning_rate=1e-6, start=100.0)
    with TensorBoard(tmp_path) as board:
        for place, chart in enumerate(page(board)[ZONE][:0:-1]):
            steps, values, *_ = margins(board, "fit", chart)
            assert steps.tolist() == [5]
            assert np.float32(values[0]) == np.float32(model.collector.values[-1][place])


def test_a_long_way_through_a_zone_is_thinned_and_has_its_end(tmp_path):
    fit(tmp_path, steps=5000)
    with TensorBoard(tmp_path) as board:
        for chart in page(board)[ZONE]:
            steps, *_ = margins(board, "fit", chart)
            assert 64 < len(steps) < 500
            assert np.diff(steps).max() <= 64
            assert steps[-1] == 5000


@LOADERS
def test_without_a_truth_or_an_optimum_the_page_asks_for_nothing_that_is_not_there(tmp_path, loader):
    fit(tmp_path / "own", known=False)
    fit(tmp_path / "robust", loss="mae")
    fit(tmp_path / "neither", loss="mae", known=False)
    expected = {
        "own": {OVERLAY: ["loss", "error/optimization", *TAGS], ZONE: TAGS},
        "robust": {OVERLAY: ["loss", "error/truth", *TAGS]},
        "neither": {OVERLAY: ["loss", *TAGS]},
    }
    for name, charts in expected.items():
        with TensorBoard(tmp_path / name, loader) as board:
            assert titles(page(board)) == charts
            for chart in page(board)[OVERLAY]:
                assert curves(board, "fit", chart).keys() == set(chart["title"].split(" and "))


def test_a_parameter_without_a_finite_zone_has_no_margin_chart(tmp_path):
    x = (
        np.random.default_rng(0).normal(size=(50, 1)) @ [[1.0, 2.0, 0.0]]
        + [[0.0, 0.0, 1.0]] * np.arange(50)[:, None] / 50
    )
    y = x @ [1.0, 1.0, 2.0] + np.random.default_rng(1).normal(size=50)
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.01)
    with pytest.warns(UserWarning, match="depend linearly"):
        model.fit(x, y, batch_size=50, epochs=3, verbose=0, callbacks=[TensorBoardLogger(tmp_path)])
    with TensorBoard(tmp_path) as board:
        assert titles(page(board))[ZONE] == ["w/x2", "b"]


@LOADERS
def test_of_many_parameters_the_largest_and_the_furthest_from_the_truth_come_first(tmp_path, loader):
    truth = wide(40)
    fit(tmp_path, truth=truth)
    x, y = truth.sample(120, seed=3, low=-1.0, high=1.0)
    optimum = linfit.least_squares(x, y)
    best, true = np.append(optimum.w, optimum.b), np.append(truth.w, truth.b)
    tags = [*(f"w/x{i}" for i in range(40)), "b"]
    largest = np.argsort(-np.abs(best))[:8]
    furthest = [i for i in np.argsort(-np.abs(best - true)) if i not in largest][:8]
    own = [tags[i] for i in [*largest, *furthest]]
    rest = [tag for tag in tags if tag not in own]
    with TensorBoard(tmp_path, loader) as board:
        charts = page(board)
        assert titles(charts) | {REST: None} == {
            OVERLAY: ["loss", "error/optimization and error/truth", *own],
            ZONE: own,
            REST: None,
        }
        grouped = [re.sub(r"[\\^$]", "", tag) for chart in charts[REST] for tag in chart["multiline"]["tag"]]
        assert grouped == rest
        assert max(len(chart["multiline"]["tag"]) for chart in charts[REST]) == 10
        assert titles(charts)[REST][0] == f"{rest[0]} to {rest[9]}"
        for chart in charts[REST]:
            for run in ("truth", "optimum", "fit"):
                assert len(curves(board, run, chart)) == len(chart["multiline"]["tag"])
        answer = board._json("data/plugin/custom_scalars/layout")["category"]
        assert [category.get("closed", False) for category in answer] == [False, False, True]
        for run in ("truth", "optimum", "fit"):
            assert all(margins(board, run, chart) is not None for chart in charts[ZONE][:2])


@LOADERS
def test_without_an_optimum_the_fit_itself_decides_at_its_end_which_come_first(tmp_path, loader):
    truth = wide(40)
    model = fit(tmp_path, truth=truth, known=False, loss="mae", steps=300)
    fitted = np.abs(model.collector.values[-1])
    assert len(layouts(tmp_path)) == 2
    with TensorBoard(tmp_path, loader) as board:
        shown = titles(page(board))[OVERLAY][1:]
    tags = [*(f"w/x{i}" for i in range(40)), "b"]
    assert shown == [tags[i] for i in np.argsort(-fitted)[:16]]


def layouts(folder):
    return list((folder / "truth").glob("*.layout"))


def test_fits_of_the_same_parameters_share_one_layout(tmp_path):
    model = fit(tmp_path)
    resume(model, tmp_path)
    for rate in range(3):
        fit(tmp_path, f"rate-{rate}", learning_rate=0.01 * (rate + 1))
    assert len(layouts(tmp_path)) == 1
    with TensorBoard(tmp_path) as board:
        chart = page(board)[OVERLAY][2]
        assert [run for run in board.runs() if curves(board, run, chart)] == board.runs()
        assert len(board.runs()) == 6


@LOADERS
def test_a_later_fit_of_other_parameters_adds_its_charts(tmp_path, loader):
    fit(tmp_path)
    fit(tmp_path, "other", truth=linfit.GroundTruth(w=0.1, noise=0.5), known=False)
    with TensorBoard(tmp_path, loader) as board:
        shown = titles(page(board))
        assert shown[OVERLAY] == [
            "loss",
            "error/optimization",
            "w",
            "b",
            "error/optimization and error/truth",
            *TAGS[:3],
        ]
        assert set(shown[ZONE]) == {"w", *TAGS}
        assert set(curves(board, "other", page(board)[OVERLAY][2])) == {"w"}


def test_a_later_fit_without_an_optimum_leaves_the_zones_of_an_earlier_one(tmp_path):
    fit(tmp_path)
    fit(tmp_path, "robust", loss="mae")
    with TensorBoard(tmp_path) as board:
        assert titles(page(board)) == {OVERLAY: ["loss", "error/optimization and error/truth", *TAGS], ZONE: TAGS}
        assert margins(board, "robust", page(board)[ZONE][0]) is None


def test_the_pages_of_several_folders_are_one_page(tmp_path):
    lesson = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
    fit(tmp_path / "lesson", truth=lesson)
    fit(tmp_path / "lesson-2", truth=lesson, learning_rate=0.1)
    fit(tmp_path / "three")
    with TensorBoard(tmp_path) as board:
        charts = page(board)
        assert titles(charts)[OVERLAY] == ["loss", "error/optimization and error/truth", "w", "b", *TAGS[:3]]
        assert sorted(titles(charts)[ZONE]) == sorted(["w", *TAGS])
        assert [run for run in board.runs() if curves(board, run, charts[OVERLAY][2])] == board.runs()[:6]
        for chart in charts[ZONE]:
            for run in board.runs():
                margins(board, run, chart)


def test_names_that_brackets_would_make_equal_keep_their_parentheses(tmp_path):
    truth = linfit.GroundTruth(w=[1.0, 2.0], feature_names=["a(1)", "a[1]"])
    fit(tmp_path, truth=truth, steps=2)
    with TensorBoard(tmp_path) as board:
        assert {"w/a(1)", "w/a[1]"} <= board.tags("fit")


def test_a_folder_without_logs_has_an_empty_layout(tmp_path):
    assert not last_layout(tmp_path, "truth").category
