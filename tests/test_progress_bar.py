"""The progress bar of a fit, in a real terminal."""

import os
import pty
import re
import select
import subprocess
import sys

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


def in_a_terminal(program):
    """What a program shows in a terminal of 100 columns, with what moves the cursor taken out."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=slave, stderr=subprocess.DEVNULL, env=environment
    )
    os.close(slave)
    shown = b""
    while select.select([master], [], [], 120)[0]:
        try:
            shown += os.read(master, 65536)
        except OSError:  # Linux's end of file
            break
    os.close(master)
    assert process.wait(60) == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "\n")


def test_a_terminal_shows_one_bar_over_all_steps_with_loss_and_speed_below_what_is_printed():
    shown = in_a_terminal(PROGRAM)
    bars = re.findall(r"([\d,]+)/40,000 steps +loss (\S+)(?: +([\d,]+) steps/s)?", shown)
    assert bars[-1][0] == "40,000"
    assert 0 < float(bars[-1][1]) < 1
    assert int(bars[-1][2].replace(",", "")) > 0
    printed = [line.split()[0] for line in shown.splitlines() if re.match(r" +\d+ +\d\.\d{6}", line)]
    assert printed == ["0", "20000", "40000"]
    assert shown.rstrip().endswith("verbose=0 shows nothing")
    assert "/3 steps" not in shown
