"""The output of a program that runs in a pseudo-terminal."""

import os
import pty
import re
import select
import subprocess
import sys


def environment(**extra):
    """Return this process's environment for a program in a terminal, without its settings of width and colours."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    return kept | {"TERM": "xterm", "TF_CPP_MIN_LOG_LEVEL": "3"} | extra


def all_of(master):
    """Return all output in a pseudo-terminal until its programs have ended."""
    shown = b""
    while select.select([master], [], [], 120)[0]:
        try:
            shown += os.read(master, 65536)
        except OSError:  # how Linux reports the end of the output
            break
    os.close(master)
    return shown.decode()


def shown_in_a_terminal(program):
    """Return all output of a Python program, without the sequences that move the cursor."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=slave, stderr=subprocess.DEVNULL, env=environment(COLUMNS="100")
    )
    os.close(slave)
    shown = all_of(master)
    assert process.wait(60) == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n")
