"""Which event file a run is written to: the files that are open, and the run in which each model continues."""

import itertools
import weakref
from pathlib import Path
from typing import Any

from linfit.callbacks.events.event_file import EventFile
from linfit.callbacks.events.event_records import last_record
from linfit.callbacks.events.run_folder import event_files, not_writable

# The open event file of each run folder.
_open_files: "weakref.WeakValueDictionary[Path, EventFile]" = weakref.WeakValueDictionary()
# For each model: the folder of the run that was asked for, and the one in which the model's run continues.
_run_folders: "weakref.WeakKeyDictionary[Any, dict[Path, Path]]" = weakref.WeakKeyDictionary()


def open_run(log_dir: str | Path, run: str, model: Any) -> EventFile:
    """Open the event file of a model's run, which all callbacks of one fit share.

    TensorBoard reads the files of a run one after another and never returns to an earlier one, so all callbacks must
    write to the same file. If a second file starts again at step 0, TensorBoard replaces the old points by the new
    ones. A new model, at step 0, therefore gets a run of its own: `run`, or else `run-2`, `run-3`, ... A model that was
    fitted before continues its own run; after loading, it continues a run that ended at its step.

    Args:
        log_dir: the folder of the logs: TensorBoard's --logdir, or a folder below it.
        run: the name of the run, a folder in log_dir.
        model: the model that is fitted.

    Raises:
        InputError: the folder cannot be created or written.
    """
    first = Path(log_dir).absolute() / run
    folders = _run_folders.setdefault(model, {})
    step = int(model.optimizer.iterations.numpy())
    shared = _open_files.get(folders.get(first, first))
    if first in folders and shared is not None and (step > 0 or not shared.started):
        return shared
    if step == 0 or first not in folders:
        numbered = (first.with_name(f"{first.name}-{number}") for number in itertools.count(2))
        folders[first] = next(folder for folder in itertools.chain([first], numbered) if _can_continue(folder, step))
    return _open(folders[first])


def open_reference(log_dir: str | Path, run: str) -> EventFile:
    """Open a file for the constant lines that all fits in `log_dir` share; it starts at once, to get the first colour.

    Raises:
        InputError: the folder cannot be created or written.
    """
    file = _open(Path(log_dir).absolute() / run)
    file.start()
    return file


def last_event(log_dir: str | Path, run: str) -> Any:
    """Return the last event that earlier fits have written to a run, or None."""
    from tensorboard.compat.proto.event_pb2 import Event

    for path in reversed(event_files(Path(log_dir).absolute() / run)):
        event = Event.FromString(last_record(path))
        if event.HasField("summary"):
            return event
    return None


def _can_continue(folder: Path, step: int) -> bool:
    """Return whether a model at this step may write here: the run is new, or ended at exactly this step."""
    last = last_event(folder.parent, folder.name)
    return last is None or (step > 0 and last.step == step)


def _open(folder: Path) -> EventFile:
    try:
        file = _open_files[folder] = EventFile(folder, _open_files)
    except OSError as error:
        raise not_writable(folder, error) from None
    return file
