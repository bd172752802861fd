"""A real TensorBoard on a folder of logs, asked over HTTP as its own pages ask it."""

import json
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from tensorboard import program

_PATIENCE = 30.0  # seconds until all runs must have been loaded, or an answer must have come
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not know this machine


class TensorBoard:
    """Loads the logs that are in a folder, once, and answers about them until its `with` block ends.

    Args:
        log_dir: the folder of the runs.
        flags: more of TensorBoard's own; "--load_fast=false" chooses the loader that platforms without the
            fast one have.
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
        while not written <= set(self.runs()):  # a run is listed when all of it has been read
            assert time.monotonic() < deadline, f"TensorBoard shows {self.runs()} of {written}"
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        loader = self._program._ingester
        if hasattr(loader, "_stdin_handle"):  # the fast loader is a process, which ends with its input
            loader._stdin_handle.close()

    def runs(self):
        """The runs, in the order in which TensorBoard colours them."""
        return self._json("data/runs")

    def tags(self, run):
        """The tags of a run's scalars."""
        return set(self._json("data/plugin/scalars/tags")[run])

    def scalars(self, run, tag):
        """A curve: its steps and its values."""
        points = self._json("data/plugin/scalars/scalars", run=run, tag=tag)
        return np.array([step for _, step, _ in points]), np.array([float(value) for *_, value in points])

    def text(self, run, tag):
        """The texts of a run as HTML, by step."""
        return {text["step"]: text["text"] for text in self._json("data/plugin/text/text", run=run, tag=tag)}

    def images(self, run, tag):
        """The pictures of a run as the bytes of their files, by step."""
        listed = self._json("data/plugin/images/images", run=run, tag=tag, sample=0)
        address = "data/plugin/images/individualImage?"
        return {image["step"]: self._get(address + image["query"]) for image in listed}

    def _json(self, path, **query):
        return json.loads(self._get(f"{path}?{urlencode(query)}"))

    def _get(self, path):
        with _direct.open(self.url + path, timeout=_PATIENCE) as answer:
            return answer.read()
