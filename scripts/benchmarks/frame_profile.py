"""The parts of a page's frames, as Chromium records them: scripting, style, layout, paint."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Browser, Page

CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel", "__metadata"]
PARTS = {
    "FireAnimationFrame": "scripting",
    "FunctionCall": "scripting",
    "EventDispatch": "scripting",
    "TimerFire": "scripting",
    "RunMicrotasks": "scripting",
    "MinorGC": "garbage collection",
    "MajorGC": "garbage collection",
    "UpdateLayoutTree": "style",
    "Layout": "layout",
    "PrePaint": "paint",
    "Paint": "paint",
    "Layerize": "paint",
    "Commit": "paint",
    "RasterTask": "raster (other threads)",
}


def profile(browser: Browser, page: Page, play: Callable[[], object]) -> list[list[str]]:
    """Return a table of the ms that each part of a frame takes, averaged over the frames while `play` runs."""
    browser.start_tracing(page=page, categories=CATEGORIES)
    play()
    events = json.loads(browser.stop_tracing())["traceEvents"]
    frames = sum(event["name"] == "Commit" for event in events)
    spent: dict[str, float] = defaultdict(float)
    for name, microseconds in own_times(events):
        if name in PARTS:
            spent[PARTS[name]] += microseconds / 1000 / frames
    lines = [["part of a frame", "ms"]]
    return lines + [[part, f"{spent[part]:.2f}"] for part in sorted(spent, key=lambda part: -spent[part])]


def own_times(events: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """Yield each event's name and its own time in microseconds, without the events it called."""
    threads: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            threads[event["pid"], event["tid"]].append(event)
    for thread in threads.values():
        callers: list[dict[str, Any]] = []
        own = {id(event): event.get("dur", 0.0) for event in thread}
        for event in sorted(thread, key=lambda event: (event["ts"], -event.get("dur", 0.0))):
            while callers and event["ts"] >= callers[-1]["ts"] + callers[-1].get("dur", 0.0):
                callers.pop()
            if callers:
                own[id(callers[-1])] -= event.get("dur", 0.0)
            callers.append(event)
        yield from ((event["name"], own[id(event)]) for event in thread)
