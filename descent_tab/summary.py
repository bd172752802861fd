"""The data format of the Descent tab: tags, shapes, and conversion to and from TensorBoard summaries."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

PLUGIN_NAME = "descent"
VERSION = 1  # of this format; the server refuses runs with a newer version
COLUMNS = 3  # of a path before its parameters: step, loss, learning rate

PREFIX = "descent/"
ABOUT = f"{PREFIX}about"  # JSON text that every run has; "arrays" lists the arrays of the latest fit
PATH = f"{PREFIX}path/"  # plus the first step of the piece; (rows, 3 + parameters): step, loss, rate, parameters
DATA = f"{PREFIX}data"  # (rows, 1 + targets): x and y, only with one feature
# (4, parameters): value and standard error; yardstick and rounding error, both in the units of the descent.
OPTIMUM = f"{PREFIX}optimum"
# One row per direction: eigenvalue and eigenvector; also its dual vector and its own vector in the units of the
# descent, if these differ.
CURVATURE = f"{PREFIX}curvature"
TRUTH = f"{PREFIX}truth"  # (parameters,)
ARRAYS = (DATA, OPTIMUM, CURVATURE, TRUTH)


def about_summary(about: dict[str, Any]) -> Any:
    """Return the description of a run as a summary value; all numbers in `about` must be finite."""
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    text = json.dumps({"version": VERSION, **about}, allow_nan=False)
    return _summary(ABOUT, TensorProto(dtype=DT_STRING, tensor_shape={}, string_val=[text.encode()]))


def array_summary(tag: str, array: np.ndarray) -> Any:
    """Return a float64 array as a summary value, bit for bit."""
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_DOUBLE

    content = np.asarray(array, "<f8").tobytes()
    shape = {"dim": [{"size": size} for size in array.shape]}
    return _summary(tag, TensorProto(dtype=DT_DOUBLE, tensor_shape=shape, tensor_content=content))


def _summary(tag: str, tensor: Any) -> Any:
    """Return a summary value with its data class, without which both of TensorBoard's loaders would drop it."""
    from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR, Summary

    metadata = {"plugin_data": {"plugin_name": PLUGIN_NAME}, "data_class": DATA_CLASS_TENSOR}
    return Summary.Value(tag=tag, tensor=tensor, metadata=metadata)


def joined(pieces: Iterable[tuple[float, int, np.ndarray]]) -> np.ndarray:
    """Join a path from its pieces: (wall time, first step, rows of shape (rows, 3 + parameters)).

    A later piece replaces all earlier rows from its first step onwards: the fit was continued, or restarted from an
    earlier step.
    """
    parts: list[np.ndarray] = []
    end = np.inf
    for _, start, rows in sorted(pieces, key=lambda piece: piece[:2], reverse=True):
        parts.append(rows[rows[:, 0] < end])
        end = min(end, start)
    return np.concatenate(parts[::-1])
