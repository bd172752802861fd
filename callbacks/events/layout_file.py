"""The layout of TensorBoard's Custom Scalars page, saved as an event file of its own in a run."""

import time
from pathlib import Path
from typing import Any

from linfit.callbacks.events.event_protobufs import first_event, text_value
from linfit.callbacks.events.event_records import as_record, last_record
from linfit.callbacks.events.run_folder import LAYOUT_SUFFIX, layout_files, new_file_name, not_writable


def save_layout(log_dir: str | Path, run: str, page: Any) -> None:
    """Save a layout in a new event file of a run; TensorBoard shows the latest one.

    TensorBoard never returns to an earlier file of a run: call this before the run is opened or after it has ended.

    Raises:
        InputError: the folder cannot be created or written.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.custom_scalar.metadata import CONFIG_SUMMARY_TAG, create_summary_metadata

    value = text_value(CONFIG_SUMMARY_TAG, page.SerializeToString(), create_summary_metadata())
    events = [first_event(time.time()), Event(wall_time=time.time(), summary={"value": [value]})]
    content = b"".join(as_record(event.SerializeToString()) for event in events)
    folder = Path(log_dir).absolute() / run
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{new_file_name()}{LAYOUT_SUFFIX}").write_bytes(content)
    except OSError as error:
        raise not_writable(folder, error) from None


def last_layout(log_dir: str | Path, run: str) -> Any:
    """Return the latest layout of a run, or an empty one if the run has none."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

    for path in reversed(layout_files(Path(log_dir).absolute() / run)):
        for value in Event.FromString(last_record(path)).summary.value:
            return Layout.FromString(value.tensor.string_val[0])
    return Layout()
