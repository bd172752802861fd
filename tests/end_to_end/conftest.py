"""Fixtures of the tests in this folder: a real browser, its pages, and screenshots in build/screenshots."""

import os
import re
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
OFFLINE = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(
            "These tests need chromium or google-chrome on the PATH; neither was found. On Debian: apt install chromium"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *OFFLINE])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def open_page(browser):
    """Open a page of a TensorBoard; return it with the list that collects its browser errors."""

    def open_page(board, name, dark=False, query="&tagFilter=.", size=(1400, 1400)):
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.set_default_timeout(30_000)
        errors: list[str] = []
        page.on("console", lambda message: errors.extend([message.text] if message.type == "error" else []))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", lambda request: errors.append(f"{request.url}: {request.failure}"))
        page.goto(f"{board.url}?darkMode={str(dark).lower()}&smoothing=0{query}#{name}")
        return page, errors

    return open_page


@pytest.fixture(scope="session")
def descent_frame():
    """Return the frame of the Descent page after its data are drawn."""

    def descent_frame(page):
        deadline = time.monotonic() + 30
        while (frame := page.frame(url=re.compile(r"plugin_entry\.html\?name=descent"))) is None:
            assert time.monotonic() < deadline, "TensorBoard does not show the Descent tab"
            page.wait_for_timeout(20)
        frame.wait_for_function("document.documentElement.dataset.ready === 'true'", timeout=30_000)
        return frame

    return descent_frame


@pytest.fixture(scope="session")
def keep_screenshot():
    """Save a screenshot of a page under a name."""

    def keep_screenshot(page, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return keep_screenshot
