"""The data of TensorBoard's HParams page, queried as the page does."""

import json
import urllib.request
from types import SimpleNamespace

from tensorboard_server import _direct

STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


def hparams(board, what, **body):
    """Return TensorBoard's answer to one of the page's requests."""
    body = json.dumps({"experimentName": "", **body}).encode()
    request = urllib.request.Request(
        f"{board.url}data/plugin/hparams/{what}", body, {"Content-Type": "application/json"}
    )
    with _direct.open(request, timeout=30) as answer:
        return json.load(answer)


def columns(board):
    """Return the types of the settings by name, and the titles of the metrics by tag."""
    experiment = hparams(board, "experiment")
    settings = {column["name"]: column["type"] for column in experiment["hparamInfos"]}
    return settings, {metric["name"]["tag"]: metric["displayName"] for metric in experiment["metricInfos"]}


def sessions(board):
    """Return the rows of the table by run."""
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
