"""benchmarks/frame_times.py measures the frames of the playing page, and detects a page that is too slow."""

import numpy as np
import pytest
from benchmarks import frame_pages, frame_profile, frame_times

ON_TIME = np.full(100, 16.7)
BUSY = """() => {
    globalThis.busy = true;
    const wait = () => {
        for (const end = performance.now() + 50; performance.now() < end; );
        if (globalThis.busy) requestAnimationFrame(wait);
    };
    wait();
}"""


@pytest.fixture(scope="module")
def descent(browser, tmp_path_factory):
    log_dir = tmp_path_factory.mktemp("runs")
    frame_pages.fits(log_dir)
    page, frame = frame_pages.open_descent(browser, frame_pages.serve(log_dir))
    yield page, frame
    page.close()


def test_four_runs_of_a_thousand_steps_and_rows_are_on_the_page(descent):
    _, frame = descent
    runs = frame.evaluate("fetch('runs').then(answer => answer.json())")["runs"]
    assert [(run["step"], run["about"]["rows"]) for run in runs] == [(1000, 1000)] * 4


def test_it_measures_while_the_page_plays(descent):
    _, frame = descent
    intervals = frame_pages.play(frame, seconds=0.3)
    assert 300 <= intervals.sum() < 2000
    assert frame.get_attribute("#play", "aria-pressed") == "false"


def test_a_page_that_is_too_slow_breaks_the_claim(browser, descent):
    blank = frame_pages.rest(browser, seconds=0.3)
    _, frame = descent
    frame.evaluate(BUSY)
    playing = frame_pages.play(frame, seconds=0.5)
    frame.evaluate("globalThis.busy = false")
    (claim,) = frame_times.claims({frame_times.BLANK: blank, frame_times.PLAYING: playing})
    assert claim.measured >= 50
    assert not claim.holds


def test_one_slow_frame_in_twenty_is_too_many():
    def holds(slow):
        frames = np.where(np.arange(100) < slow, 33.3, ON_TIME)
        return frame_times.claims({frame_times.PLAYING: frames})[0].holds

    assert holds(slow=4)
    assert not holds(slow=6)


def test_the_table_shows_the_page_beside_the_blank_one():
    frames = np.where(np.arange(100) < 10, 33.3, ON_TIME)
    _, blank, playing = frame_times.table({frame_times.BLANK: ON_TIME, frame_times.PLAYING: frames})
    assert blank == ["a blank page", "100", "16.7", "16.7", "16.7", "0.0%"]
    assert playing == ["the Descent page, playing", "100", "16.7", "33.3", "33.3", "10.0%"]


def test_a_part_of_a_frame_is_counted_once():
    def event(name, start, duration, thread=1):
        return {"ph": "X", "pid": 1, "tid": thread, "name": name, "ts": start, "dur": duration}

    events = [event("FunctionCall", 0, 10), event("Layout", 2, 3), event("Paint", 10, 4), event("RasterTask", 1, 6, 2)]
    assert dict(frame_profile.own_times(events)) == {"FunctionCall": 7, "Layout": 3, "Paint": 4, "RasterTask": 6}


def test_the_profile_has_the_parts_of_a_frame_that_plays(browser, descent):
    page, frame = descent
    _, *parts = frame_profile.profile(browser, page, lambda: frame_pages.play(frame, seconds=0.5))
    spent = {part: float(ms) for part, ms in parts}
    assert {"scripting", "style", "layout", "paint"} <= spent.keys()
    assert 0.1 < spent["scripting"] < 50
