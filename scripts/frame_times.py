"""Measures what the Descent page claims: 60 frames a second while four runs of 1,000 steps on 1,000 rows play.

A blank page is measured beside it, before and after: what it misses too, the machine misses. No graphics card helps.
`--profile` adds what a frame consists of, in a run of its own, because to record it takes time as well.
"""

import quiet_tensorflow  # noqa: F401  isort: skip  (first, before anything else imports TensorFlow)

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from benchmark import machine, verdict
from benchmark_timing import Claim, at_most, number
from frame_pages import fits, open_descent, play, rest, serve
from frame_profile import profile
from markdown_table import markdown_table
from playwright.sync_api import sync_playwright
from train_options import Parser

from linfit import InputError

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SLOW = 20.0  # ms; of 60 frames a second each takes 16.7
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
    """Prints the tables. Returns the exit code: 0, 1 where a claim does not hold, 2 for bad input."""
    try:
        parser = Parser(description=__doc__.splitlines()[0])
        parser.add_argument("--seconds", type=float, default=8.0, help="how long to watch each page (8)")
        parser.add_argument("--profile", action="store_true", help="also show what a frame consists of")
        options = parser.parse_args(arguments)
        if CHROMIUM is None:
            raise InputError("There is no chromium here. On Debian: apt install chromium")
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
    said, code = verdict(claims(measured))
    print(said)
    return code


if __name__ == "__main__":
    sys.exit(main())
