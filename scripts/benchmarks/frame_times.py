"""Measure the Descent page's claim: 60 frames a second while it plays four runs of 1,000 steps on 1,000 rows.

Run it as `PYTHONPATH=scripts python -m benchmarks.frame_times`. A blank page is measured before and after the Descent
page: frames that both miss are due to the machine. Chromium draws in software, without a graphics card. `--profile`
also shows the parts of a frame, recorded in a separate run because recording takes time too.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from command_line import Parser
from markdown_table import markdown_table
from playwright.sync_api import sync_playwright

from benchmarks.frame_pages import fits, open_descent, play, rest, serve
from benchmarks.frame_profile import profile
from benchmarks.report import Claim, at_most, machine, number, verdict
from linfit import InputError

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SLOW = 20.0  # ms; at 60 frames a second, each takes 16.7 ms
BLANK, PLAYING = "a blank page", "the Descent page, playing"


def table(measured: dict[str, np.ndarray]) -> list[list[str]]:
    lines = [["ms between frames", "frames", "median", "95th percentile", "99th percentile", f"over {SLOW:g} ms"]]
    for name, intervals in measured.items():
        quantiles = [f"{value:.1f}" for value in np.quantile(intervals, (0.5, 0.95, 0.99))]
        lines.append([name, number(len(intervals)), *quantiles, f"{np.mean(intervals > SLOW):.1%}"])
    return lines


def claims(measured: dict[str, np.ndarray]) -> list[Claim]:
    return [at_most(f"95th percentile of {PLAYING}, ms", float(np.quantile(measured[PLAYING], 0.95)), SLOW)]


def main(arguments: list[str] | None = None) -> int:
    """Print the tables. Return the exit code: 0, 1 if a claim does not hold, 2 for bad input."""
    try:
        parser = Parser(description=__doc__.splitlines()[0])
        parser.add_argument("--seconds", type=float, default=8.0, help="how long to measure each page (8)")
        parser.add_argument("--profile", action="store_true", help="also show the parts of a frame")
        options = parser.parse_args(arguments)
        if CHROMIUM is None:
            raise InputError("Chromium is not installed. On Debian: apt install chromium")
    except InputError as error:
        print(f"frame_times.py: error: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        fits(Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        before = rest(browser, options.seconds / 2)
        page, frame = open_descent(browser, serve(Path(folder)))
        playing = play(frame, options.seconds)
        parts = profile(browser, page, lambda: play(frame, options.seconds)) if options.profile else []
        page.close()
        measured = {BLANK: np.append(before, rest(browser, options.seconds / 2)), PLAYING: playing}
        version = browser.version
        browser.close()
    print(f"{markdown_table(table(measured))}\n")
    if parts:
        print(f"{markdown_table(parts)}\n")
    print(f"{machine()} Chromium {version}, drawing in software.\n")
    text, code = verdict(claims(measured))
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
