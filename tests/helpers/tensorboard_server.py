"""A real TensorBoard server on a folder of logs, queried over HTTP as its own pages do."""

import json
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from tensorboard import program

_PATIENCE = 30.0  # seconds within which all runs must be loaded, or an answer must arrive
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach this machine


class TensorBoard:
    """Loads the logs in a folder once, and answers queries about them until its `with` block ends.

    Args:
        log_dir: the folder of the runs.
        flags: additional command-line flags of TensorBoard; "--load_fast=false" selects the slow loader, which is the
            only one on some platforms.
    """

    def __init__(self, log_dir, *flags):
        self._program = program.TensorBoard()
        local = ["--host", "127.0.0.1", "--port", "0"]
        once = ["--reload_interval", "0", "--reload_task", "blocking"]
        self._program.configure(argv=[None, "--logdir", str(log_dir), *local, *once, *flags])
        self.url = self._program.launch()
        files = Path(log_dir).rglob("events.out.tfevents.*")
        written = {str(file.parent.relative_to(log_dir)) for file in files}
        deadline = time.monotonic() + _PATIENCE
        while not written <= set(self.runs()):  # a run is listed once it has been read completely
            assert time.monotonic() < deadline, f"TensorBoard shows {self.runs()} of {written}"
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        loader = self._program._ingester
        if hasattr(loader, "_stdin_handle"):  # the fast loader is a process that ends when its input is closed
            loader._stdin_handle.close()

    def runs(self):
        """Return the runs in the order in which TensorBoard colours them."""
        return self._json("data/runs")

    def tags(self, run):
        """Return the tags of a run's scalars."""
        return set(self._json("data/plugin/scalars/tags")[run])

    def scalars(self, run, tag):
        """Return the steps and the values of a curve."""
        points = self._json("data/plugin/scalars/scalars", run=run, tag=tag)
        return np.array([step for _, step, _ in points]), np.array([float(value) for *_, value in points])

    def text(self, run, tag):
        """Return the texts of a run as HTML, by step."""
        return {text["step"]: text["text"] for text in self._json("data/plugin/text/text", run=run, tag=tag)}

    def images(self, run, tag):
        """Return the images of a run as file contents, by step."""
        listed = self._json("data/plugin/images/images", run=run, tag=tag, sample=0)
        address = "data/plugin/images/individualImage?"
        return {image["step"]: self._get(address + image["query"]) for image in listed}

    def _json(self, path, **query):
        return json.loads(self._get(f"{path}?{urlencode(query)}"))

    def _get(self, path):
        with _direct.open(self.url + path, timeout=_PATIENCE) as answer:
            return answer.read()
