"""Pictures of the Descent tab: runs of train.py, each opened in TensorBoard at its most instructive step."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import train
from playwright.sync_api import Browser, FloatRect, Frame, Page, ViewportSize

WIDTH = 1000  # pixels, narrow enough to stay readable on a page of text
HEADER = 64  # pixels of TensorBoard's header above the tab
WHOLE: ViewportSize = {"width": 1280, "height": 860}
ENDS = """() => [
    document.querySelector("#runs").getBoundingClientRect().top,
    document.querySelector("#bowl").getBoundingClientRect().bottom,
]"""


class View(NamedTuple):
    """A run, given by its options of train.py, and the step and zoom of its picture."""

    name: str
    options: list[str]
    step: int
    is_near: bool = False


def views(table: Path) -> dict[str, View]:
    """Return the gallery: the views by the names of their pictures. `table` is the file with the diabetes data."""
    rate = "--learning-rate"
    columns = ["--csv", str(table), "--target", "target"]
    return {
        "too-small": View("rate-0.001", [rate, "0.001"], 200),
        "right": View("rate-0.13", [rate, "0.13"], 140),
        "near-the-limit": View("rate-0.26", [rate, "0.26"], 21),
        "past-the-limit": View("rate-0.27", [rate, "0.27"], 7),
        "noise": View("rate-0.13", [rate, "0.13"], 200, is_near=True),
        "many-features": View("diabetes", [*columns, "--steps", "100"], 100),
    }


def fit(logs: Path, gallery: dict[str, View]) -> None:
    """Run train.py for each run of the gallery."""
    for name, options in {view.name: view.options for view in gallery.values()}.items():
        train.main(["--logs", str(logs), "--name", name, "--every", "1000", *options])


def take(browser: Browser, address: str, gallery: dict[str, View], folder: Path) -> None:
    """Take a picture of each view, from the runs to the bowl, without the loss and the numbers below them."""
    for name, view in gallery.items():
        page, frame = open_at(browser, address, f"{view.name}/fit", view.step, view.is_near)
        page.set_viewport_size({"width": WIDTH, "height": WHOLE["height"]})
        page.wait_for_timeout(500)  # the page redraws after a change of its size
        top, bottom = frame.evaluate(ENDS)
        part: FloatRect = {"x": 0, "y": HEADER + top - 4, "width": WIDTH, "height": bottom - top + 4}
        page.screenshot(path=folder / f"descent-{name}.png", clip=part)
        page.close()


def take_whole(browser: Browser, address: str, run: str, step: int, file: Path) -> None:
    """Take a picture of the whole page, with TensorBoard around it."""
    page, _ = open_at(browser, address, run, step)
    page.wait_for_timeout(500)
    page.screenshot(path=file)
    page.close()


def open_at(browser: Browser, address: str, run: str, step: int, is_near: bool = False) -> tuple[Page, Frame]:
    """Open the tab at a step of a run, wait until it is drawn, and return the page and its frame."""
    link = f"p.descent.run={quote(run, safe='')}&p.descent.step={step}{'&p.descent.zoom=optimum' * is_near}"
    page = browser.new_page(viewport=WHOLE)
    page.goto(f"{address}?darkMode=false#descent&{link}")
    while (frame := page.frame(url=re.compile("name=descent"))) is None:
        page.wait_for_timeout(50)
    frame.wait_for_function("document.documentElement.dataset.ready === 'true'")
    return page, frame
