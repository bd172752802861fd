"""DescentPlugin: the TensorBoard plugin that serves the Descent tab's page and its data."""

import base64
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tensorboard import plugin_util
from tensorboard.data import provider
from tensorboard.plugins import base_plugin
from tensorboard_plugin_linfit import summary
from tensorboard_plugin_linfit.answers import CONTENT_TYPES, Refusal, in_words, respond, serve
from werkzeug import wrappers

_PAGE = Path(__file__).parent / "page"


class DescentPlugin(base_plugin.TBPlugin):
    """Serves the page, the list of runs with Descent data, and the data of one run.

    Args:
        context: TensorBoard's plugin context; its data provider reads the logs.
    """

    plugin_name = summary.PLUGIN_NAME

    def __init__(self, context: base_plugin.TBContext):
        self._data_provider = context.data_provider

    def is_active(self) -> bool:
        """Return False: TensorBoard activates the tab automatically once a run has data of this plugin."""
        return False

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """Return the JavaScript module whose `render` draws the page."""
        return base_plugin.FrontendMetadata(es_module_path="/index.js", tab_name="Descent")

    def get_plugin_apps(self) -> dict[str, Any]:
        """Return the routes: two for data, and one for each file of the page that exists when TensorBoard starts."""
        files = [file for file in _PAGE.glob("*") if file.suffix in CONTENT_TYPES]
        return {
            "/runs": partial(respond, self._runs),
            "/run": partial(respond, self._run),
            **{f"/{file.name}": partial(serve, file) for file in files},
        }

    def _runs(self, request: wrappers.Request) -> dict[str, Any]:
        listed = self._listed(request)
        try:
            texts = self._read(request, None, [summary.ABOUT])  # one read for all runs, because each read is slow
        except Exception:  # one damaged run must not hide the others
            texts = None
        return {"runs": [self._list_entry(request, run, listed[run], texts) for run in sorted(listed)]}

    def _list_entry(self, request: wrappers.Request, run: str, tags: Any, texts: Any) -> dict[str, Any]:
        """Return a run's entry in the list; a run that cannot be drawn or read gets an error in its own entry."""
        entry: dict[str, Any] = {
            "run": run,
            "step": max(series.max_step for series in tags.values()),
            "stamp": max(series.max_wall_time for series in tags.values()),
        }
        try:
            read = self._read(request, [run], [summary.ABOUT]) if texts is None else texts
            about = _about(read.get(run, {}))
            if not any(tag.startswith(summary.PATH) for tag in tags):
                raise Refusal(about.get("message") or "This fit has not taken a step yet.", 500)
        except Exception as error:
            return entry | {"error": str(_refusal(run, error))}
        return entry | {"about": about}

    def _run(self, request: wrappers.Request) -> dict[str, Any]:
        run = request.args.get("run", "")
        if run not in self._listed(request):
            raise Refusal(f"No run named {run!r} has data for this page.", 404)
        try:
            values = self._read(request, [run])[run]
            about = _about(values)
            path = {"path": _encoded(_path(values, len(about["names"])))}
            arrays = {name: _encoded(values[f"{summary.PREFIX}{name}"].numpy) for name in about["arrays"]}
        except Exception as error:
            raise _refusal(run, error) from error
        absent = dict.fromkeys(tag.removeprefix(summary.PREFIX) for tag in summary.ARRAYS)
        return {"about": about, **path, **absent, **arrays}

    def _listed(self, request: wrappers.Request) -> Any:
        """Return TensorBoard's summary of each tag, by run and tag, for the runs with data for this page."""
        return self._data_provider.list_tensors(
            plugin_util.context(request.environ),
            experiment_id=plugin_util.experiment_id(request.environ),
            plugin_name=summary.PLUGIN_NAME,
        )

    def _read(
        self, request: wrappers.Request, runs: list[str] | None, tags: list[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Return the last value of each tag by run and tag, optionally only for some runs and tags."""
        read = self._data_provider.read_tensors(
            plugin_util.context(request.environ),
            experiment_id=plugin_util.experiment_id(request.environ),
            plugin_name=summary.PLUGIN_NAME,
            downsample=1,
            run_tag_filter=provider.RunTagFilter(runs=runs, tags=tags),
        )
        return {run: {tag: values[-1] for tag, values in by_tag.items()} for run, by_tag in read.items()}


def _about(values: dict[str, Any]) -> dict[str, Any]:
    if summary.ABOUT not in values:
        raise ValueError(f"the tag {summary.ABOUT} is missing")
    about: dict[str, Any] = json.loads(values[summary.ABOUT].numpy.item())
    if about["version"] > summary.VERSION:
        raise Refusal("A newer version of linfit wrote this run. Upgrade linfit in TensorBoard's environment.", 500)
    return about


def _path(values: dict[str, Any], parameters: int) -> np.ndarray:
    pieces = [
        (value.wall_time, int(tag.removeprefix(summary.PATH)), value.numpy.reshape(-1, summary.COLUMNS + parameters))
        for tag, value in values.items()
        if tag.startswith(summary.PATH)
    ]
    return summary.joined(pieces) if pieces else np.empty((0, summary.COLUMNS + parameters))


def _encoded(array: np.ndarray) -> dict[str, Any]:
    """Encode as base64, which keeps NaN and infinities; JSON has neither."""
    content = np.asarray(array, "<f8").tobytes()
    return {"shape": list(array.shape), "base64": base64.b64encode(content).decode()}


def _refusal(run: str, error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    return Refusal(f"The data of run {run!r} cannot be read: {in_words(error)}", 500)
