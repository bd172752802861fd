"""Protocol buffers that every kind of event file needs, in TensorBoard's own classes."""

from typing import Any


def first_event(wall_time: float) -> Any:
    """Return the event that opens a file; in a run's first file, its time decides the run's colour."""
    from tensorboard.compat.proto.event_pb2 import Event

    return Event(wall_time=wall_time, file_version="brain.Event:2")


def text_value(tag: str, text: bytes, metadata: Any) -> dict[str, Any]:
    """Return the fields of a summary value that holds a text.

    They use TensorBoard's own classes, because its `Event` rejects those of TensorFlow.
    """
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_STRING

    return {"tag": tag, "tensor": TensorProto(dtype=DT_STRING, string_val=[text]), "metadata": metadata}
