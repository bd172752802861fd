"""The Descent page with several runs: comparison, links, unusual names, and damaged data."""

import itertools
import re

import numpy as np
import pytest
from descent_on_screen import DescentPage, parsed
from playwright.sync_api import expect
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard_plugin_linfit import summary
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import TensorBoardLogger

RATES = ["0.005", "0.02", "0.1", "1.0"]  # the last is above the limit
SWEEP = [f"rate={rate}" for rate in RATES]
HOSTILE = """<img src=x onerror=alert(1)>, "b" & 'c' #d %41 =e?f ÿ€😀"""


def write(folder, *values):
    writer = EventFileWriter(str(folder))
    writer.add_event(Event(wall_time=1.0, step=1, summary=Summary(value=values)))
    writer.close()


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    log_dir = tmp_path_factory.mktemp("runs")
    truth = linfit.GroundTruth(w=0.4, b=0.5, noise=0.3)
    x, y = truth.sample(60, seed=3, low=-2.0, high=2.0)
    model = linfit.LinearRegression()
    for run, rate in zip(SWEEP, RATES, strict=True):
        model.compile(learning_rate=float(rate))
        if model.built:
            model.set_weights([np.zeros_like(weights) for weights in model.get_weights()])
        model.fit(
            x, y, batch_size=60, epochs=30, verbose=0, callbacks=[TensorBoardLogger(log_dir / "sweep", run, truth)]
        )
    x = np.linspace(-1, 1, 20)
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.1)
    for number in range(1, 11):
        if model.built:
            model.set_weights([np.zeros_like(weights) for weights in model.get_weights()])
        watching = [TensorBoardLogger(log_dir / "ten", f"run {number}")]
        model.fit(x, x + 1 + 0.1 * x**2, batch_size=20, epochs=5, verbose=0, callbacks=watching)
    x = np.random.default_rng(4).normal(size=(30, 4))
    model = linfit.LinearRegression(feature_names=[HOSTILE, "b", "c", "d"])
    model.compile(learning_rate=0.1)
    watching = [TensorBoardLogger(log_dir, f"other/{HOSTILE}/more, of it")]
    model.fit(x, x[:, 0] + 0.1 * x[:, 1] ** 2, batch_size=30, epochs=12, verbose=0, callbacks=watching)
    write(log_dir / "newer", summary.about_summary({"version": summary.VERSION + 1}))
    about = {"names": ["w", "b"], "features": 1, "targets": 1, "bias": True, "rows": 7, "signature": None, "arrays": []}
    write(
        log_dir / "worn",
        summary.about_summary({**about, "l2": None}),
        summary.array_summary(f"{summary.PATH}0", np.ones(7)),
    )
    with TensorBoard(log_dir) as board:
        yield board


@pytest.fixture(scope="module")
def screen(board, open_page):
    return DescentPage(*open_page(board, "descent", query="", size=(1400, 900)))


@pytest.fixture
def sweep(screen):
    """The page with all four rates shown, at the last step."""
    screen.show_data("sweep")
    for label, chip in screen.chips.items():
        if not chip.shown:
            screen.chip(label).click()
    screen.until(lambda: all(chip.shown for chip in screen.chips.values()))
    screen.press("End")
    return screen


def shown(screen):
    return [label for label, chip in screen.chips.items() if chip.shown]


def test_a_chip_hides_and_shows_its_run(sweep):
    sweep.chip("rate=0.02").click()
    sweep.until(lambda: shown(sweep) == ["rate=0.005", "rate=0.1", "rate=1.0"])
    assert set(sweep.table) == {"rate=0.005", "rate=0.1", "rate=1.0", "optimum", "truth"}
    assert sweep.frame.locator("#line path.fit").count() == 3
    assert sweep.frame.locator("#bowl .head").count() == 3
    assert sweep.frame.locator("#loss .curve").count() == 3
    sweep.chip("rate=0.02").click()
    sweep.until(lambda: shown(sweep) == SWEEP)
    assert sweep.frame.locator("#line path.fit").count() == 4


def test_a_shift_click_shows_a_run_alone(sweep):
    sweep.show_alone("rate=0.1")
    assert set(sweep.table) == {"fit", "optimum", "truth"}
    sweep.chip("rate=0.1").click()  # the last shown run cannot be hidden
    assert shown(sweep) == ["rate=0.1"]


def test_each_run_has_the_colour_of_its_chip_in_all_pictures(sweep):
    colours = {chip.colour for chip in sweep.chips.values()}
    assert len(colours) == 4
    marks = {"#line path.fit": "stroke", "#bowl .past": "stroke", "#loss .curve": "stroke", "#loss .head": "fill"}
    for selector, style in marks.items():
        drawn = sweep.frame.locator(selector).evaluate_all(
            "(marks, style) => marks.map(mark => getComputedStyle(mark)[style])", style
        )
        assert sorted(drawn) == sorted(colours)
    sweep.go_to(2)
    for run, chip in sweep.chips.items():
        heads = sweep.frame.locator("#bowl .head").evaluate_all(
            "(heads, colour) => heads.filter(head => getComputedStyle(head).fill === colour)"
            ".map(head => [Number(head.getAttribute('cx')), Number(head.getAttribute('cy'))])",
            chip.colour,
        )
        (place,) = sweep.values("bowl", np.array(heads))
        row = sweep.table[run]
        assert place == pytest.approx([parsed(row["w"]), parsed(row["b"])], abs=0.01)


def test_a_run_that_comes_back_has_its_colour_again(sweep):
    before = {label: chip.colour for label, chip in sweep.chips.items()}
    sweep.show_alone("rate=0.1")
    for label in ("rate=1.0", "rate=0.02", "rate=0.005"):
        sweep.chip(label).click()
        sweep.until(lambda label=label: label in shown(sweep))
    assert {label: chip.colour for label, chip in sweep.chips.items()} == before


def test_the_sentence_says_of_each_run_where_it_stands(sweep):
    sweep.press("Home")
    start = sweep.sentence
    sweep.press("End")
    assert sweep.sentence != start
    parts = re.split(r"\. (?=[A-Z])", sweep.sentence)
    named = {part.split()[0]: [run for run in SWEEP if re.search(rf"{run}(?!\d)", part)] for part in parts}
    assert named.pop("Converged:") == ["rate=0.1"]
    assert named.pop("Not") == ["rate=0.005", "rate=0.02"]
    assert list(named.values()) == [["rate=1.0"]]


def test_of_more_runs_than_colours_some_wait(screen):
    screen.show_data("ten")
    assert list(screen.chips) == [f"run {number}" for number in range(1, 11)]
    assert shown(screen) == ["run 1", "run 4", "run 7", "run 10"]
    for number in (2, 3, 5, 6):
        assert screen.chip(f"run {number}").is_enabled()
        screen.chip(f"run {number}").click()
        screen.until(lambda label=f"run {number}": label in shown(screen))
    assert len({chip.colour for chip in screen.chips.values() if chip.shown}) == 8
    for number in (8, 9):
        assert screen.chip(f"run {number}").is_disabled()
        assert "hide one first" in screen.chip(f"run {number}").get_attribute("title")
    screen.chip("run 1").click()
    screen.until(lambda: "run 1" not in shown(screen))
    assert screen.chip("run 8").is_enabled()


def test_the_address_says_what_is_shown(sweep):
    sweep.show_alone("rate=0.02")
    sweep.go_to(17)
    sweep.frame.click("#zoom")
    sweep.until(lambda: sweep.page.url.endswith("&p.descent.step=17&p.descent.zoom=optimum"))
    sweep.frame.click("#zoom")
    sweep.until(lambda: sweep.page.url.endswith("p.descent.run=sweep%2Frate%3D0.02&p.descent.step=17"))


@pytest.mark.parametrize("run", ["sweep/rate=0.1", f"other/{HOSTILE}/more, of it"])
def test_an_address_leads_back_to_what_it_was_copied_from(screen, board, open_page, run):
    label = "sweep" if run.startswith("sweep") else "30 rows"
    screen.show_data(label)
    if label == "sweep":
        screen.show_alone("rate=0.1")
    screen.go_to(7)
    screen.page.wait_for_timeout(500)
    address = screen.page.url
    with_link = DescentPage(*open_page(board, address.partition("#")[2], query=""))
    try:
        assert with_link.step == 7
        assert with_link.message is None
        chip = with_link.frame.locator(".chip[aria-pressed=true]")
        assert [chip.nth(i).get_attribute("data-run") for i in range(chip.count())] == [run]
        assert with_link.sentence == screen.sentence
        assert with_link.errors == []
    finally:
        with_link.page.close()


def test_a_link_pasted_into_an_open_page_is_followed(screen, board):
    screen.show_data("30 rows")
    link = "descent&p.descent.run=sweep/rate%3D0.02,sweep/rate%3D0.1&p.descent.step=5&p.descent.zoom=optimum"
    screen.page.goto(f"{screen.page.url.partition('#')[0]}#{link}")
    screen.until(lambda: screen.step == 5)
    screen.until(lambda: shown(screen) == ["rate=0.02", "rate=0.1"])
    assert screen.frame.get_attribute("#zoom", "aria-pressed") == "true"
    screen.frame.click("#zoom")


def test_a_link_to_a_run_that_is_not_here_says_so(screen):
    screen.page.goto(f"{screen.page.url.partition('#')[0]}#descent&p.descent.run=sweep/gone&p.descent.step=5")
    screen.until(lambda: screen.message)
    assert "sweep/gone" in screen.message
    assert screen.frame.locator("#line path.fit, #coefficients .dots").count() > 0
    screen.show_data("ten")
    screen.until(lambda: screen.message is None)


def test_names_of_any_kind_are_text(screen):
    screen.show_data("30 rows")
    (chip,) = screen.chips
    assert chip == f"other/{HOSTILE}/more, of it"
    assert f"w/{HOSTILE}" in screen.table
    title = screen.frame.locator("#coefficients svg text title").first.text_content()
    assert title == HOSTILE or title == f"w/{HOSTILE}"
    assert screen.frame.locator("img").count() == 0
    assert screen.errors == []


def test_data_that_cannot_be_read_are_named_and_the_others_stay(screen):
    screen.show_data("30 rows")
    for label, complaint in [("worn", "cannot be read"), ("newer", "Upgrade")]:
        screen.frame.select_option(
            "#data",
            label=next(
                text for text in screen.frame.locator("#data option").all_text_contents() if text.startswith(label)
            ),
        )
        screen.until(lambda words=complaint: words in (screen.message or ""))
        assert list(screen.chips) == [f"other/{HOSTILE}/more, of it"]
        assert "30 rows" in screen.frame.locator("#data option:checked").text_content()
    screen.errors.clear()  # the browser's own error about status 500
    screen.press("Home", "ArrowRight")
    assert screen.step == 1
    screen.show_data("sweep")
    screen.until(lambda: screen.message is None)


@pytest.mark.parametrize("link", ["worn", "newer"])
def test_a_link_to_data_that_cannot_be_read_leaves_a_way_to_the_others(board, open_page, link):
    screen = DescentPage(*open_page(board, f"descent&p.descent.run={link}", query=""))
    try:
        screen.until(lambda: screen.message)
        assert screen.message.startswith(link)
        screen.show_data("ten")
        screen.show_data("sweep")
        assert list(screen.chips) == SWEEP
        screen.until(lambda: screen.message is None)
    finally:
        screen.page.close()


def test_a_server_that_is_gone_is_named_and_what_was_there_stays(screen):
    screen.show_data("sweep")
    before = screen.table
    here = screen.page.url.partition("#")[0]
    screen.page.context.set_offline(True)
    try:
        screen.page.goto(f"{here}#descent&p.descent.run=sweep/rate%3D0.02")
        screen.until(lambda: screen.message)
        assert "TensorBoard does not respond. Is it still running?" in screen.message
        assert screen.table == before
    finally:
        screen.page.context.set_offline(False)
    screen.page.locator("app-header-reload button").click()
    screen.until(lambda: screen.message is None)
    screen.errors.clear()  # the browser's own errors about failed requests


def test_the_page_follows_tensorboards_theme(screen, keep_screenshot):
    background = "getComputedStyle(document.body).backgroundColor"
    light = screen.frame.evaluate(background)
    screen.page.locator("app-header-dark-mode-toggle button").click()
    screen.page.get_by_role("menuitem", name=re.compile("dark", re.IGNORECASE)).click()
    expect(screen.frame.locator("html")).to_have_attribute("data-theme", "dark")
    dark = screen.frame.evaluate(background)
    keep_screenshot(screen.page, "descent-dark")
    assert np.mean([int(part) for part in re.findall(r"\d+", dark)]) < 100
    assert np.mean([int(part) for part in re.findall(r"\d+", light)]) > 200
    screen.page.locator("app-header-dark-mode-toggle button").click()
    screen.page.get_by_role("menuitem", name=re.compile("light", re.IGNORECASE)).click()
    expect(screen.frame.locator("html")).to_have_attribute("data-theme", "light")
    assert screen.frame.evaluate(background) == light


def test_a_narrow_page_is_one_column_that_is_not_cut_off(sweep, keep_screenshot):
    sweep.page.set_viewport_size({"width": 420, "height": 900})
    sweep.until(lambda: sweep.frame.locator("#loss svg.still").evaluate("svg => svg.clientWidth < 420"))
    boxes = [section.bounding_box() for section in sweep.frame.locator("section:visible").all()]
    wide = sweep.frame.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    keep_screenshot(sweep.page, "descent-narrow")
    sweep.page.set_viewport_size({"width": 1400, "height": 900})
    assert len(boxes) == 4
    assert len({box["x"] for box in boxes}) == 1
    assert all(above["y"] + above["height"] <= below["y"] for above, below in itertools.pairwise(boxes))
    assert wide[0] <= wide[1]


def test_the_browser_meets_no_error(screen):
    assert screen.errors == []
