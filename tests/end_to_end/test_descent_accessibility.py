"""Accessibility of the Descent page: keyboard, screen readers, contrast and narrow windows."""

import io
import json

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import TensorBoardLogger

LEAST_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3
TALL = 2400  # pixels: the whole page fits in the window
SIZES = {"wide": {"width": 1400, "height": 900}, "narrow": {"width": 500, "height": 900}}

# The visible texts, their boxes in the frame, and their colours: red, green, blue, and alpha from 0 to 1.
TEXTS = """() => {
    const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const rgba = (colour, opacity) => {
        brush.clearRect(0, 0, 1, 1);
        brush.fillStyle = colour;
        brush.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
        return [red, green, blue, (alpha / 255) * opacity];
    };
    const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
        const [text, element] = [walker.currentNode.data.trim(), walker.currentNode.parentElement];
        if (!text || !seen(element) || element.closest("script, style, title, option, :disabled")) continue;
        const [drawn, style] = [element instanceof SVGElement, getComputedStyle(element)];
        let opacity = drawn ? Number(style.fillOpacity) : 1;
        for (let one = element; one; one = one.parentElement) opacity *= getComputedStyle(one).opacity;
        const colour = rgba(drawn ? style.fill : style.color, opacity);
        const { left, top, right, bottom } = element.getBoundingClientRect();
        if (right - left <= 1) continue; // only for screen readers
        texts.push({ text, drawn, colour, box: [left, top, right, bottom].map(Math.round) });
    }
    return texts;
}"""
UNSEEN = "text, tspan { fill: transparent !important } * { -webkit-text-fill-color: transparent !important }"


def fit(log_dir, name, truth, learning_rate, steps):
    x, y = truth.sample(60, seed=7)
    model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0)
    model.compile(learning_rate=learning_rate)
    watching = [TensorBoardLogger(log_dir, name, truth=truth)]
    model.fit(x, y, batch_size=60, epochs=steps, verbose=0, callbacks=watching)


def one_run_past_the_limit(log_dir):
    fit(log_dir, "fit", linfit.GroundTruth(w=0.1, b=0.5, noise=0.5), 0.3, 40)


def four_runs(log_dir):
    for rate in (0.005, 0.05, 0.2, 0.3):
        fit(log_dir, f"rate={rate}", linfit.GroundTruth(w=0.1, b=0.5, noise=0.5), rate, 40)


def many_features(log_dir):
    fit(log_dir, "houses", linfit.GroundTruth(w=np.linspace(-2, 2, 12), b=0.5, noise=0.5), 0.02, 100)


@pytest.fixture(
    scope="module", params=[one_run_past_the_limit, four_runs, many_features], ids=lambda runs: runs.__name__
)
def board(request, tmp_path_factory):
    log_dir = tmp_path_factory.mktemp("runs")
    request.param(log_dir)
    with TensorBoard(log_dir) as board:
        yield board


@pytest.fixture(scope="module", params=[("light", "narrow"), ("dark", "wide")], ids="-".join)
def frame(request, board, open_page, descent_frame):
    """The page in two of the four combinations of theme and width; colours and layout do not affect each other."""
    theme, size = request.param
    page, _ = open_page(board, "descent", dark=theme == "dark", query="")
    page.set_viewport_size(SIZES[size])
    yield descent_frame(page)
    page.close()


def test_axe_finds_no_serious_fault(frame):
    results = Axe().run(frame).response
    assert "color-contrast" in {rule["id"] for rule in results["passes"]}
    serious = [fault for fault in results["violations"] if fault["impact"] in ("serious", "critical")]
    where = [[node["html"], node["failureSummary"]] for fault in serious for node in fault["nodes"]]
    assert serious == [], json.dumps(where, indent=1)


def luminance(colour):
    """Return the relative luminance (WCAG 2.2) of red, green and blue from 0 to 255."""
    share = np.asarray(colour) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def contrast(colour, behind):
    *colour, alpha = colour
    dark, light = sorted([luminance(alpha * np.array(colour) + (1 - alpha) * behind), luminance(behind)])
    return (light + 0.05) / (dark + 0.05)


def test_all_text_stands_out_from_what_is_behind_it(frame):
    """Axe skips the text of drawings, so the background of each text is taken from a screenshot without texts."""
    frame.page.set_viewport_size({"width": frame.page.viewport_size["width"], "height": TALL})
    texts = frame.evaluate(TEXTS)
    shown = picture(frame)
    style = frame.add_style_tag(content=UNSEEN)
    without = picture(frame)
    style.evaluate("style => style.remove()")
    judged, faint = set(), []
    for text in texts:
        left, top, right, bottom = text["box"]
        here = slice(max(top, 0), bottom), slice(max(left, 0), right)
        written = (shown[here] != without[here]).any(axis=-1)
        if not written.any():
            continue  # scrolled out of view in a table or drawing
        ratio = contrast(text["colour"], np.median(without[here][written], axis=0))
        if ratio < LEAST_CONTRAST:
            faint.append((text["text"], round(float(ratio), 2)))
        judged.add(text["drawn"])
    assert judged == {True, False}
    assert faint == []


def picture(frame):
    """Return a screenshot of a frame as red, green and blue from 0 to 255, shape (height, width, 3)."""
    content = frame.frame_element().screenshot(animations="disabled")
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def test_nothing_reaches_beyond_the_width_of_the_page(frame):
    # The page is redrawn shortly after TensorBoard has set its width.
    frame.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
