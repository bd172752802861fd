"""What TensorBoard's HParams page asks for, as values."""

import json
import urllib.request
from types import SimpleNamespace

from tensorboard_server import _direct

STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


def hparams(board, what, **body):
    """An answer to the page."""
    body = json.dumps({"experimentName": "", **body}).encode()
    request = urllib.request.Request(
        f"{board.url}data/plugin/hparams/{what}", body, {"Content-Type": "application/json"}
    )
    with _direct.open(request, timeout=30) as answer:
        return json.load(answer)


def columns(board):
    """The names of the settings with their types, and the tags of the metrics with their titles."""
    experiment = hparams(board, "experiment")
    settings = {column["name"]: column["type"] for column in experiment["hparamInfos"]}
    return settings, {metric["name"]["tag"]: metric["displayName"] for metric in experiment["metricInfos"]}


def sessions(board):
    """The rows of the table by run."""
    groups = hparams(board, "session_groups", startIndex=0, sliceSize=100, allowedStatuses=STATUSES)["sessionGroups"]
    return {
        group["name"]: SimpleNamespace(
            hparams=group["hparams"],
            metrics={metric["name"]["tag"]: metric["value"] for metric in group["metricValues"]},
            status=group["sessions"][0]["status"].removeprefix("STATUS_").lower(),
            seconds=group["sessions"][0]["endTimeSecs"] - group["sessions"][0]["startTimeSecs"],
        )
        for group in groups
    }
