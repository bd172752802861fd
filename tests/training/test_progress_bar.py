"""The progress bar of a fit, in a real terminal."""

import re
import subprocess
import sys

import pytest
from pseudo_terminal import environment, shown_in_a_terminal

PROGRAM = """
import linfit
from linfit.callbacks import StatusPrinter
truth = linfit.GroundTruth(w=[1.0, -1.0], b=0.5, noise=0.1)
x, y = truth.sample(100, seed=1)
model = linfit.LinearRegression()
model.compile(learning_rate=0.1)
model.fit(x, y, batch_size=100, epochs=40_000, callbacks=[StatusPrinter(every=20_000, truth=truth)])
model.fit(x, y, batch_size=100, epochs=3, verbose=0)
print("verbose=0 shows nothing")
"""
WIDTHS = """
import fcntl, os, struct, termios
del os.environ["COLUMNS"]
model = linfit.LinearRegression()
model.compile(learning_rate=0.1)
for width in (40, 60, 80, 200):
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    print("width", width)
    model.fit([[1.0], [2.0]], [[1.0], [3.0]], epochs=1_000_000)
"""
IN_A_FILE = """
import linfit
from linfit.callbacks import StatusPrinter
model = linfit.LinearRegression()
model.compile(learning_rate=0.1)
model.fit([[1.0], [2.0]], [[1.0], [3.0]], epochs=1_000_000, verbose=1, callbacks=[StatusPrinter(every=500_000)])
model.fit([[1.0], [2.0]], [[1.0], [3.0]], epochs=1_000_000)
"""


@pytest.fixture(scope="module")
def in_a_terminal():
    """Return the terminal output of the first two programs, as two strings."""
    return shown_in_a_terminal(f"{PROGRAM}print('WIDTHS'){WIDTHS}").split("WIDTHS\n")


def test_a_terminal_shows_one_bar_over_all_steps_with_loss_and_speed_below_what_is_printed(in_a_terminal):
    shown, _ = in_a_terminal
    bars = re.findall(r"([\d,]+)/40,000 steps +loss (\S+)(?: +([\d,]+) steps/s)?", shown)
    assert bars[-1][0] == "40,000"
    assert 0 < float(bars[-1][1]) < 1
    assert int(bars[-1][2].replace(",", "")) > 0
    printed = [line.split()[0] for line in shown.splitlines() if re.match(r" +\d+ +\d\.\d{6}", line)]
    assert printed == ["0", "20000", "40000"]
    assert shown.rstrip().endswith("verbose=0 shows nothing")
    assert "/3 steps" not in shown


def test_the_bar_fits_into_any_terminal_and_shows_what_there_is_room_for(in_a_terminal):
    _, shown = in_a_terminal
    for page, width, has_loss, has_speed in zip(
        shown.split("width ")[1:], (40, 60, 80, 200), (False, True, True, True), (False, False, True, True), strict=True
    ):
        bars = [line for line in page.splitlines() if "steps" in line]
        assert len(bars) >= 2
        assert bars[-1].startswith("━━━━━")
        assert max(map(len, bars)) <= width
        assert {bar.index("/1,000,000 steps") for bar in bars} == {bars[0].index("/1,000,000 steps")}  # nothing moves
        assert "1,000,000/1,000,000 steps" in bars[-1]
        assert bool(re.search(r" loss \d\.\d\S+ ", bars[-1])) == has_loss
        assert bool(re.search(r" \d\S+ steps/s ", bars[-1])) == has_speed
        assert re.search(r" \d+:\d\d *$", bars[-1])
        assert "…" not in page


def test_a_log_file_gets_one_line_at_the_end_and_only_if_asked():
    result = subprocess.run(
        [sys.executable, "-c", IN_A_FILE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
    )
    lines = result.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["step", "0", "500000", "1000000"]
    assert len(lines) == 5
    assert re.fullmatch(r"━+ 1,000,000/1,000,000 steps loss \S+ +[\d,]+ steps/s \d\d:\d\d", lines[4].rstrip())
    assert "".join(lines).isprintable()
