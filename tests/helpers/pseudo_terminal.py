"""What a program shows in a real terminal."""

import os
import pty
import re
import select
import subprocess
import sys


def environment(**extra):
    """That of this process, without what tells a program how to draw; for a terminal of its own."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    return kept | {"TERM": "xterm", "TF_CPP_MIN_LOG_LEVEL": "3"} | extra


def all_of(master):
    """What arrives in a pseudo-terminal until its programs have ended."""
    shown = b""
    while select.select([master], [], [], 120)[0]:
        try:
            shown += os.read(master, 65536)
        except OSError:  # Linux's end of file
            break
    os.close(master)
    return shown.decode()


def shown_in_a_terminal(program):
    """All that a Python program writes, with what moves the cursor taken out."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=slave, stderr=subprocess.DEVNULL, env=environment(COLUMNS="100")
    )
    os.close(slave)
    shown = all_of(master)
    assert process.wait(60) == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n")
