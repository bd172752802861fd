"""The pages of a fit in a real TensorBoard and a real browser."""

import io
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.image import imread
from playwright.sync_api import expect
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import FitFigure, TensorBoardLogger

TRUTH = linfit.GroundTruth(w=0.1, b=0.5, noise=0.5)
X, Y = TRUTH.sample(60, seed=7)


def card(page, tag):
    return page.locator("scalar-card", has=page.locator(f"tb-truncated-path[title='{tag}']"))


def table_under(chart, runs):
    """Return each run's value and colour from the table under a chart, after it lists this many runs."""
    rows = chart.locator("tb-data-table-content-row")
    expect(rows).to_have_count(runs, timeout=30_000)
    colours = chart.locator(".row-circle span").evaluate_all("all => all.map(e => e.style.backgroundColor)")
    cells = [row.split() for row in rows.all_inner_texts()]
    return {
        run: SimpleNamespace(value=float(value), colour=colour)
        for (run, value, *_), colour in zip(cells, colours, strict=True)
    }


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    """A fit of 40 steps, logged and drawn; it has not converged."""
    log_dir = tmp_path_factory.mktemp("lesson")
    model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0)
    model.compile(learning_rate=0.05)
    watching = [TensorBoardLogger(log_dir, truth=TRUTH), FitFigure(log_dir, truth=TRUTH)]
    model.fit(X, Y, batch_size=60, epochs=40, verbose=0, callbacks=watching)
    with TensorBoard(log_dir) as board:
        yield SimpleNamespace(model=model, board=board)


@pytest.fixture(scope="module")
def time_series(open_page, fit, keep_screenshot):
    page, errors = open_page(fit.board, "timeseries")
    expect(card(page, "w").locator("tb-data-table-content-row")).to_have_count(3, timeout=30_000)
    keep_screenshot(page, "time-series")
    return SimpleNamespace(page=page, errors=errors)


def test_each_tag_has_one_card(time_series):
    titles = time_series.page.locator("card-view tb-truncated-path")
    tags = titles.evaluate_all("all => all.map(e => e.title)")
    own = [tag for tag in tags if not tag.startswith("zone_95/")]  # the optimum's band comes last, out of view
    assert sorted(own) == ["b", "bowl", "error/optimization", "error/truth", "fit", "learning_rate", "loss", "w"]
    assert tags[: len(own)] == own


@pytest.mark.parametrize("parameter", ["w", "b"])
def test_fit_optimum_and_truth_are_in_one_chart_and_end_where_they_should(time_series, fit, parameter):
    optimum, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(60)]), Y, rcond=None)
    place = ["w", "b"].index(parameter)
    fitted = getattr(fit.model, parameter).numpy().item()
    expected = {"fit": fitted, "optimum": optimum[place].item(), "truth": [0.1, 0.5][place]}
    shown = table_under(card(time_series.page, parameter), runs=3)
    assert {run: row.value for run, row in shown.items()} == pytest.approx(expected, abs=0.5e-4)  # 4 decimals


def drawn_in(chart, colour):
    """Return whether a curve of this colour is visible in a chart."""
    screenshot = imread(io.BytesIO(chart.locator("line-chart").screenshot()), "png")
    distance = screenshot[..., :3] * 255 - [int(part) for part in re.findall(r"\d+", colour)]
    return (np.abs(distance).max(axis=-1) < 8).sum() > 50


def test_the_chart_draws_each_of_them_in_its_colour(time_series):
    chart = card(time_series.page, "w")
    waiting = {row.colour for row in table_under(chart, runs=3).values()}
    assert len(waiting) == 3
    deadline = time.monotonic() + 30
    while waiting := {colour for colour in waiting if not drawn_in(chart, colour)}:
        assert time.monotonic() < deadline, f"not visible: {waiting}"
        time_series.page.wait_for_timeout(100)


def test_the_references_keep_their_colours_in_another_folder(time_series, open_page, tmp_path):
    for run in ["a-slow-fit", "a-slow-fit", "zigzag"]:
        model = linfit.LinearRegression()
        model.compile(learning_rate=0.01)
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[TensorBoardLogger(tmp_path, run, truth=TRUTH)])
    with TensorBoard(tmp_path) as board:
        page, _ = open_page(board, "timeseries")
        there = table_under(card(page, "w"), runs=5)
    here = table_under(card(time_series.page, "w"), runs=3)
    assert there.keys() == {"truth", "optimum", "a-slow-fit", "a-slow-fit-2", "zigzag"}
    assert there["truth"].colour == here["truth"].colour
    assert there["optimum"].colour == here["optimum"].colour
    assert len({row.colour for row in there.values()}) == 5


def test_the_optimum_keeps_its_colour_where_there_is_no_truth(time_series, open_page, tmp_path):
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.05)
    model.fit(X, Y, batch_size=60, epochs=3, verbose=0, callbacks=[TensorBoardLogger(tmp_path)])
    with TensorBoard(tmp_path) as board:
        page, errors = open_page(board, "timeseries")
        there = table_under(card(page, "w"), runs=2)
        titles = page.locator("card-view tb-truncated-path").evaluate_all("all => all.map(e => e.title)")
        assert {title for title in titles if not title.startswith("zone_95/")} == {
            "w",
            "b",
            "loss",
            "learning_rate",
            "error/optimization",
        }
    here = table_under(card(time_series.page, "w"), runs=3)
    assert {run: row.colour for run, row in there.items()} == {run: here[run].colour for run in ("optimum", "fit")}
    assert errors == []


def test_of_three_features_each_parameter_has_its_three_curves_in_one_chart(open_page, tmp_path, keep_screenshot):
    truth = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.5, feature_names=["area (m2)", "rooms", "age"])
    x, y = truth.sample(120, seed=3, low=-1.0, high=1.0)
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.05)
    model.fit(x, y, batch_size=120, epochs=200, verbose=0, callbacks=[TensorBoardLogger(tmp_path, truth=truth)])
    optimum = linfit.least_squares(x, y)
    tags = ["w/area [m2]", "w/rooms", "w/age", "b"]
    ends = [np.append(one.w, one.b) for one in (model, optimum, truth)]
    with TensorBoard(tmp_path) as board:
        page, errors = open_page(board, "timeseries", query="&tagFilter=^w|^b")
        for tag, *expected in zip(tags, *ends, strict=True):
            shown = table_under(card(page, tag), runs=3)
            values = [shown[run].value for run in ("fit", "optimum", "truth")]
            assert values == pytest.approx([float(value) for value in expected], abs=0.5e-4)
        keep_screenshot(page, "time-series-of-three-features")
        assert errors == []

        page, errors = open_page(board, "scalars")
        page.locator("tf-category-paginated-view .category-name[title=w]").click()
        for tag in tags:
            chart = page.locator("tf-scalar-card", has=page.locator("tf-card-heading", has_text=f"tag: {tag}"))
            drawn = chart.locator("path.line[stroke]")
            expect(drawn.nth(2)).to_be_attached(timeout=30_000)
            assert len(set(drawn.evaluate_all("all => all.map(line => line.getAttribute('stroke'))"))) == 3
        keep_screenshot(page, "scalars-of-three-features")
        assert errors == []


def test_the_images_page_shows_the_picture(open_page, fit):
    page, errors = open_page(fit.board, "images")
    picture = page.locator("tf-image-loader img").last  # the first picture is the bowl
    size = picture.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])")
    height, width, _ = imread(io.BytesIO(fit.board.images("fit", "fit")[40]), "png").shape
    assert size == [width, height]
    expect(page.locator("tf-image-loader").last).to_contain_text("step 40")
    assert errors == []


def test_the_browser_meets_no_error(time_series):
    assert time_series.errors == []


def test_the_text_page_shows_how_the_run_was_started_and_where_it_got(open_page, fit, keep_screenshot):
    page, errors = open_page(fit.board, "text", query="")
    texts = page.locator("tf-text-loader")
    expect(texts.filter(has_text="LinearRegression, float32")).to_have_count(1, timeout=30_000)
    expect(texts.filter(has_text="Not converged")).to_have_count(1, timeout=30_000)
    keep_screenshot(page, "text")
    assert errors == []
