"""The page of a run in TensorBoard: how many steps it shows, its address, and a server that shows it during a fit."""

import contextlib
import io
import itertools
import json
import os
import shlex
import sys
import threading
import time
import webbrowser
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import ProxyHandler, build_opener

import linfit

DESCENT = "?smoothing=0#descent"  # the Descent tab; the curves on the other tabs are not smoothed
MOST_LOGGED = 100_000  # steps of about 150 bytes each


def log_every(steps: int) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, ... such that logging every that many steps logs at most MOST_LOGGED."""
    round_numbers = (digit * 10**power for power in itertools.count() for digit in (1, 2, 5))
    return next(every for every in round_numbers if steps <= every * MOST_LOGGED)


def command(folder: Path, page: str = DESCENT) -> str:
    """Return the command that starts TensorBoard on a folder, and the address of a page."""
    logdir = shlex.quote(str(folder))
    return f'make tensorboard ARGS="--logdir {logdir}", then http://localhost:6006/{page}'


def serve(folder: Path) -> None:
    """Start TensorBoard on a folder, which need not exist yet, and open its page in a browser.

    It listens on the first free port from 6006 on, looks for new steps every second, and ends with this process.

    Raises:
        InputError: no port is free.
    """
    from tensorboard import program

    server = program.TensorBoard()
    server.configure(argv=["", "--logdir", str(folder), "--reload_interval", "1"])
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # hides a note about how it loads files
            page = server.launch() + DESCENT
    except program.TensorBoardServerException as error:
        raise linfit.InputError(f"{error.msg}. Stop another TensorBoard, or leave --tensorboard out.") from None
    print(f"TensorBoard:  {page}\n", flush=True)
    if os.environ.keys() & {"BROWSER", "DISPLAY", "WAYLAND_DISPLAY"} or sys.platform == "darwin":
        # Without a display, the browser might be a text browser that takes over the terminal.
        threading.Thread(target=_open_with_steps, args=(page,), daemon=True).start()


def wait() -> None:
    """Wait for Ctrl-C."""
    print("\nTensorBoard stays open until Ctrl-C.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def _open_with_steps(page: str) -> None:
    """Open the page once a run has steps: an empty page stays empty until it is reloaded."""
    direct = build_opener(ProxyHandler({}))  # a proxy cannot reach this machine's server
    runs = urljoin(page, "data/plugin/descent/runs")
    while not json.load(direct.open(runs))["runs"]:
        time.sleep(0.1)
    webbrowser.open(page)
