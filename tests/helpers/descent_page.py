"""Requests for the data of the Descent page from a running TensorBoard, decoded to arrays."""

import base64
import json
import urllib.error

import numpy as np

ARRAYS = ("path", "data", "optimum", "curvature", "truth")


def runs(board):
    """Return the entries of the list of runs by name."""
    return {line["run"]: line for line in ask(board, "runs")[1]["runs"]}


def run(board, name="fit"):
    """Return the data of a run, with its arrays decoded."""
    status, answer = ask(board, "run", run=name)
    assert status == 200, answer
    return answer | {key: answer[key] and _as_array(answer[key]) for key in ARRAYS}


def ask(board, route, **query):
    """Return the HTTP status and the JSON of a response."""
    try:
        return 200, board._json(f"data/plugin/descent/{route}", **query)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def _as_array(encoded):
    return np.frombuffer(base64.b64decode(encoded["base64"]), "<f8").reshape(encoded["shape"])
