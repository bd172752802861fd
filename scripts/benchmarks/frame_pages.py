"""The timed pages: the Descent page while it plays four runs, and a blank page."""

import re
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Frame, Page, ViewportSize
from tensorboard import program

import linfit
from linfit.callbacks import TensorBoardLogger

RATES = (0.002, 0.02, 0.2, 0.255)  # from far too small to near the limit
STEPS, ROWS = 1000, 1000
SIZE = ViewportSize(width=1400, height=900)
START = 0.5  # seconds that are not measured
# Returns the start times of frames in ms, for `duration` ms or until the page stops playing.
FRAMES = """(duration) => new Promise((resolve) => {
    const play = document.querySelector("#play");
    const times = [];
    const frame = (now) => {
        times.push(now);
        const goes_on = now - times[0] < duration && play?.getAttribute("aria-pressed") !== "false";
        goes_on ? requestAnimationFrame(frame) : resolve(times);
    };
    requestAnimationFrame(frame);
})"""


def fits(folder: Path) -> None:
    """Log the runs that the page plays."""
    truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.5)
    x, y = truth.sample(ROWS, seed=7)
    for rate in RATES:
        model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0)
        model.compile(learning_rate=rate)
        logger = TensorBoardLogger(folder, f"rate={rate}", truth=truth)
        model.fit(x, y, batch_size=ROWS, epochs=STEPS, verbose=0, callbacks=[logger])


def serve(folder: Path) -> str:
    """Start a TensorBoard that runs until this process ends, and return its address."""
    server = program.TensorBoard()
    server.configure(argv=["", "--logdir", str(folder), "--host", "127.0.0.1", "--port", "0", "--reload_interval", "0"])
    return server.launch()


def open_descent(browser: Browser, address: str) -> tuple[Page, Frame]:
    """Open the Descent page, wait until all runs are drawn, and return the page and its frame."""
    page = browser.new_page(viewport=SIZE)
    page.goto(f"{address}#descent")
    page.wait_for_selector("iframe", state="attached")
    while (frame := page.frame(url=re.compile("name=descent"))) is None:
        page.wait_for_timeout(50)
    frame.wait_for_function("document.documentElement.dataset.ready === 'true'")
    return page, frame


def play(frame: Frame, seconds: float) -> np.ndarray:
    """Return the ms between frames over this many seconds of playing; a run that ends is played again.

    Raises:
        RuntimeError: the page says that it plays, but its cursor does not move.
    """
    intervals = np.empty(0)
    while intervals.sum() < 1000 * seconds:
        frame.press("#cursor", "Home")
        frame.press("#cursor", "Space")
        frame.wait_for_selector("#play[aria-pressed=true]")
        frame.page.wait_for_timeout(1000 * START)
        first = frame.get_attribute("#cursor", "aria-valuenow")
        times = frame.evaluate(FRAMES, 1000 * seconds - intervals.sum())
        if frame.get_attribute("#cursor", "aria-valuenow") == first:
            raise RuntimeError(f"The cursor stays at step {first} while the page plays.")
        intervals = np.append(intervals, np.diff(times))
        if frame.get_attribute("#play", "aria-pressed") == "true":
            frame.press("#cursor", "Space")
    return intervals


def rest(browser: Browser, seconds: float) -> np.ndarray:
    """Return the ms between the frames of a blank page."""
    page = browser.new_page(viewport=SIZE)
    page.wait_for_timeout(1000 * START)
    times = page.evaluate(FRAMES, 1000 * seconds)
    page.close()
    return np.diff(times)
