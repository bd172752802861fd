"""What the Descent tab's own page is answered by a TensorBoard, as arrays."""

import base64
import json
import urllib.error

import numpy as np

ARRAYS = ("path", "data", "optimum", "curvature", "truth")


def runs(board):
    """The lines of the list of runs, by name."""
    return {line["run"]: line for line in ask(board, "runs")[1]["runs"]}


def run(board, name="fit"):
    """All that is known of a run."""
    status, answer = ask(board, "run", run=name)
    assert status == 200, answer
    return answer | {key: answer[key] and _as_array(answer[key]) for key in ARRAYS}


def ask(board, route, **query):
    """The status and the JSON of an answer."""
    try:
        return 200, board._json(f"data/plugin/descent/{route}", **query)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def _as_array(encoded):
    return np.frombuffer(base64.b64decode(encoded["base64"]), "<f8").reshape(encoded["shape"])
