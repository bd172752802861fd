"""The HParams page in a real browser: a sweep and two runs of train.py as a table, as lines and as points."""

import contextlib
import io
import time
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import sweep
import sweep_report
import train
from playwright.sync_api import expect
from tensorboard_server import TensorBoard

import linfit

RUNS = 10
SETTINGS = ["learning_rate", "noise", "rate / limit", "seed", "batch_size"]
METRICS = ["steps", "steps to optimum", "loss", "error/optimization", "error/truth"]


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """A sweep of eight rates, two too large and one too small, a lesson, and a lesson whose rate is too large."""
    logs = tmp_path_factory.mktemp("logs")
    found = []
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setattr(warnings, "formatwarning", warnings.formatwarning)  # main sets it
        patch.setattr(sweep_report, "show", lambda runs, *_: found.extend(runs))
        assert sweep.main(["--logs", str(logs), "--rates", "8", "--steps", "400"]) == 0
        assert train.main(["--logs", str(logs)]) == 0
        assert train.main(["--logs", str(logs), "--learning-rate", "0.5", "--steps", "5"]) == 0
    with TensorBoard(logs) as board:
        yield SimpleNamespace(
            board=board,
            sweep={f"sweep/rate-{run.rate:g}": run for run in found},
            lesson=keras.models.load_model(logs / "lesson" / "model.keras"),
        )


@pytest.fixture(scope="module", params=[False, True], ids=["light", "dark"])
def page(request, open_page, fits, keep_screenshot):
    page, errors = open_page(fits.board, "hparams", dark=request.param, size=(2400, 900))  # wide enough for all columns
    shade = "dark" if request.param else "light"
    yield SimpleNamespace(page=page, errors=errors, keep=lambda view: keep_screenshot(page, f"hparams-{view}-{shade}"))
    page.close()


def table(page):
    """Return the cells of the table by run and column, after the last column is filled."""
    page.locator("paper-tab[view-id='table-view']").click()
    cells = page.locator("tf-hparams-table-view vaadin-grid-cell-content")
    columns = ["Trial ID", "Show Metrics", *SETTINGS, *METRICS]
    deadline = time.monotonic() + 30
    while True:
        texts = [text.strip() for text in cells.all_inner_texts()]
        starts = [i for i, text in enumerate(texts) if text.startswith(("lesson", "sweep"))]
        rows = {}
        for i in starts:  # the cell before the last one holds the row's details, which are closed
            *cells_of_row, _, last = texts[i : i + len(columns) + 1]
            rows[texts[i]] = dict(zip(columns, [*cells_of_row, last], strict=True))
        if len(rows) == RUNS and all(row["error/truth"] for row in rows.values()):
            assert texts[: len(columns)] == columns
            return rows
        assert time.monotonic() < deadline, rows
        page.wait_for_timeout(100)


def test_the_table_has_a_row_for_each_run_with_its_numbers(page, fits):
    rows = table(page.page)
    page.keep("table")
    assert rows.keys() == fits.sweep.keys() | {"lesson/fit", "lesson-2/fit"}
    for name, run in fits.sweep.items():
        assert float(rows[name]["learning_rate"]) == run.rate
        assert int(float(rows[name]["steps"])) == run.steps
        assert rows[name]["steps to optimum"] == (f"{float(run.steps):#.5g}" if run.ending == "converged" else "")
    lesson = rows["lesson/fit"]
    x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
    w, b = fits.lesson.w.numpy().item(), fits.lesson.b.numpy().item()
    best = linfit.least_squares(x, y)
    expected = {
        "learning_rate": 0.05,
        "noise": 0.05,
        "seed": 7,
        "batch_size": 120,
        "steps": 200,
        "loss": np.mean((np.ravel(x) * w + b - np.ravel(y)) ** 2),
        "error/optimization": np.hypot(w - best.w.item(), b - best.b.item()),
        "error/truth": np.hypot(w - 0.1, b - 0.5),
    }
    assert {name: float(lesson[name]) for name in expected} == pytest.approx(expected, rel=1e-4)
    assert lesson["steps to optimum"] == ""


def test_the_statuses_tell_the_runs_apart(page, fits):
    failed = {name for name, run in fits.sweep.items() if run.ending.startswith("diverg")} | {"lesson-2/fit"}
    assert len(failed) == 3
    box = page.page.locator("paper-checkbox", has_text="Success")
    box.click()
    cells = page.page.locator("tf-hparams-table-view vaadin-grid-cell-content")
    expect(cells.filter(has_text="lesson/fit").filter(visible=True)).to_have_count(0)
    shown = {text.strip() for text in cells.filter(visible=True).all_inner_texts()}
    assert {name for name in shown if name.startswith(("sweep/", "lesson"))} == failed
    box.click()
    expect(cells.filter(has_text="lesson/fit").filter(visible=True)).to_have_count(1)


def test_parallel_coordinates_draw_a_line_for_each_run_that_reached_its_optimum(page, fits):
    page.page.locator("paper-tab[view-id='parallel-coords-view']").click()
    lines = page.page.locator("tf-hparams-parallel-coords-plot .foreground path")
    converged = [name for name, run in fits.sweep.items() if run.ending == "converged"]
    expect(lines).to_have_count(len(converged))
    page.page.wait_for_timeout(500)  # the lines move to their places
    page.keep("parallel-coordinates")
    for line in lines.all():
        assert line.get_attribute("d").count("L") == len(SETTINGS) + len(METRICS) - 1
        assert "NaN" not in line.get_attribute("d")

    box = page.page.locator("tf-hparams-query-pane paper-checkbox", has_text="steps to optimum")
    box.click()
    expect(lines).to_have_count(RUNS)  # no run lacks any other value
    box.click()
    expect(lines).to_have_count(len(converged))


def test_the_scatter_plots_draw_a_point_for_each_value(page, fits):
    page.page.locator("paper-tab[view-id='scatter-plot-matrix-view']").click()
    cells = page.page.locator("tf-hparams-scatter-plot-matrix-plot .cell")
    expect(cells).to_have_count((len(SETTINGS) + len(METRICS)) * len(METRICS))
    page.keep("scatter")
    points = cells.evaluate_all("all => all.map(cell => cell.querySelectorAll('.data-marker').length)")
    converged = sum(run.ending == "converged" for run in fits.sweep.values())
    columns = [*SETTINGS, *METRICS]
    full = [converged if "steps to optimum" in (x, y) else RUNS for x in columns for y in METRICS]
    assert points == full
    places = cells.locator(".data-marker").evaluate_all(
        "all => all.map(e => [+e.getAttribute('cx'), +e.getAttribute('cy')])"
    )
    assert np.isfinite(places).all()


def test_the_browser_meets_no_error(page):
    assert page.errors == []


def test_in_time_series_its_cards_come_behind_those_of_w(open_page, fits):
    page, _ = open_page(fits.board, "timeseries", query="&tagFilter=^w$|^z_")
    titles = page.locator("card-view tb-truncated-path")
    expect(titles.and_(page.locator("[title='z_table/steps']"))).to_have_count(1)
    tags = titles.evaluate_all("all => all.map(e => e.title)")
    assert tags == ["w", "z_table/steps", "z_table/steps_to_optimum"]
    page.close()
