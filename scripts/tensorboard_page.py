"""A run's page in TensorBoard: its address, and a server for as long as one looks at it."""

import contextlib
import io
import json
import os
import sys
import threading
import time
import webbrowser
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import ProxyHandler, build_opener

import linfit

DESCENT = "?smoothing=0#descent"  # and the curves of the other pages as they are


def serve(folder: Path) -> None:
    """Starts TensorBoard on a folder, which need not be there yet, and opens its page in a browser.

    It takes the first free port from 6006 on, looks for new steps every second, and ends with this process.

    Raises:
        InputError: no port is free.
    """
    from tensorboard import program

    server = program.TensorBoard()
    server.configure(argv=["", "--logdir", str(folder), "--reload_interval", "1"])
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # a note on how it loads
            page = server.launch() + DESCENT
    except program.TensorBoardServerException as error:
        raise linfit.InputError(f"{error.msg}. End another TensorBoard, or leave --tensorboard out.") from None
    print(f"TensorBoard:  {page}\n", flush=True)
    if os.environ.keys() & {"BROWSER", "DISPLAY", "WAYLAND_DISPLAY"} or sys.platform == "darwin":
        # Elsewhere it may be a browser in the terminal, which would take that over.
        threading.Thread(target=_open_with_steps, args=(page,), daemon=True).start()


def wait() -> None:
    """Returns after Ctrl-C."""
    print("\nTensorBoard stays open until Ctrl-C.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def _open_with_steps(page: str) -> None:
    """Opens the page once there is something on it: it would stay empty until someone reloads it."""
    direct = build_opener(ProxyHandler({}))  # a proxy does not know this machine
    runs = urljoin(page, "data/plugin/descent/runs")
    while not json.load(direct.open(runs))["runs"]:
        time.sleep(0.1)
    webbrowser.open(page)
