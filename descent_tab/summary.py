"""The format of the Descent tab's data: tags, shapes, and how a value becomes a summary and is read back."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

PLUGIN_NAME = "descent"
VERSION = 1  # of all of this; a page is not shown data of a newer one
COLUMNS = 3  # of a path beside its parameters: step, loss, learning rate

PREFIX = "descent/"
ABOUT = f"{PREFIX}about"  # a text in JSON, which every run has; it names the arrays that hold for the latest fit
PATH = f"{PREFIX}path/"  # and the step at which the piece starts; (rows, 3 + parameters): step, loss, rate, parameters
DATA = f"{PREFIX}data"  # (rows, 1 + targets): x and y, where there is one feature
OPTIMUM = f"{PREFIX}optimum"  # (4, parameters): value, standard error; yardstick, rounding in units of the descent
CURVATURE = (
    f"{PREFIX}curvature"  # a row for each direction: eigenvalue, eigenvector; dual and own vector if they differ
)
TRUTH = f"{PREFIX}truth"  # (parameters,)
ARRAYS = (DATA, OPTIMUM, CURVATURE, TRUTH)


def about_summary(about: dict[str, Any]) -> Any:
    """What is known of a run beside its arrays, as a summary's value; `about` holds finite numbers only."""
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    text = json.dumps({"version": VERSION, **about}, allow_nan=False)
    return _summary(ABOUT, TensorProto(dtype=DT_STRING, tensor_shape={}, string_val=[text.encode()]))


def array_summary(tag: str, array: np.ndarray) -> Any:
    """An array of float64 as a summary's value, each bit as it is."""
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_DOUBLE

    content = np.asarray(array, "<f8").tobytes()
    shape = {"dim": [{"size": size} for size in array.shape]}
    return _summary(tag, TensorProto(dtype=DT_DOUBLE, tensor_shape=shape, tensor_content=content))


def _summary(tag: str, tensor: Any) -> Any:
    """A value that both of TensorBoard's loaders keep: without its data class they would drop it."""
    from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR, Summary

    metadata = {"plugin_data": {"plugin_name": PLUGIN_NAME}, "data_class": DATA_CLASS_TENSOR}
    return Summary.Value(tag=tag, tensor=tensor, metadata=metadata)


def joined(pieces: Iterable[tuple[float, int, np.ndarray]]) -> np.ndarray:
    """A path from its pieces: (wall time, the step at which it starts, rows of shape (rows, 3 + parameters)).

    A later piece replaces all rows from its start on: a fit that goes on, or that goes back and takes another way.
    """
    parts: list[np.ndarray] = []
    end = np.inf
    for _, start, rows in sorted(pieces, key=lambda piece: piece[:2], reverse=True):
        parts.append(rows[rows[:, 0] < end])
        end = min(end, start)
    return np.concatenate(parts[::-1])
