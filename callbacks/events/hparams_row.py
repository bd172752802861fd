"""The row of a run on TensorBoard's HParams page: its columns, and the records that fill it."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from linfit.callbacks.events.event_file import EventFile
from linfit.callbacks.events.event_records import as_record, last_record

# Their cards come behind those of w, in TensorBoard's order of the tags.
STEPS, STEPS_TO_OPTIMUM = "z_table/steps", "z_table/steps_to_optimum"
_OWN_FILE = "events.out.tfevents.0000000000.hparams"  # TensorBoard reads it before the run's other files


class HParamsRow:
    """Writes the row of one fit.

    Of several records of a kind TensorBoard takes the first. So they are written twice: into the run's event file,
    where a TensorBoard that is open sees them come, and into one that is read first and has those of the latest fit.

    Args:
        file: the run's event file.
        step: at which the fit starts.
    """

    def __init__(self, file: EventFile, step: int):
        self._file = file
        self._step = step
        self._began = time.time()
        self._records: list[Any] = []

    @property
    def started(self) -> bool:
        """Whether `start` has been called."""
        return bool(self._records)

    def start(self, settings: Mapping[str, float | str | None], varied: Iterable[str], has_truth: bool) -> None:
        """Writes the settings, those of them that are not None, and which columns the table has.

        TensorBoard takes the columns from any one of the runs, shows the first five of the settings, the varied ones
        before the others, and the first five metrics; and it draws no line for a run that lacks one of those. So what
        only a truth gives is among them only where there is one.
        """
        from tensorboard.plugins.hparams import api_pb2
        from tensorboard.plugins.hparams.summary import experiment_pb, session_start_pb

        columns = [
            api_pb2.HParamInfo(
                name=name,
                type=api_pb2.DATA_TYPE_STRING if isinstance(value, str) else api_pb2.DATA_TYPE_FLOAT64,
                differs=name in varied,
            )
            for name, value in settings.items()
        ]
        titles = {STEPS: "steps", STEPS_TO_OPTIMUM: "steps to optimum", "learning_rate": "last learning_rate"}
        last = ["error/truth", "learning_rate"] if has_truth else ["learning_rate", "error/truth"]
        metrics = [
            api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag), display_name=titles.get(tag, ""))
            for tag in [STEPS, STEPS_TO_OPTIMUM, "loss", "error/optimization", *last]
        ]
        known = {name: value for name, value in settings.items() if value is not None}
        self._write(self._step, experiment_pb(columns, metrics), session_start_pb(known, start_time_secs=self._began))

    def end(self, step: int, failed: bool) -> None:
        """Writes how the fit ended."""
        from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS
        from tensorboard.plugins.hparams.summary import session_end_pb

        self._write(step, session_end_pb(STATUS_FAILURE if failed else STATUS_SUCCESS))

    def _write(self, step: int, *records: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._records += records
        for record in records:
            self._file.hparams(step, record)
        path = self._file.folder / _OWN_FILE
        # The time of a run's first event decides its colour: it stays, and comes after that of truth and optimum.
        started = Event.FromString(last_record(path)).wall_time if path.exists() else time.time()
        summaries = [Summary.FromString(record.SerializeToString()) for record in self._records]
        events = [Event(wall_time=started, file_version="brain.Event:2")]
        events += [Event(wall_time=started, step=step, summary=summary) for summary in summaries]
        self._file.save_beside(_OWN_FILE, b"".join(as_record(event.SerializeToString()) for event in events))
        self._file.flush()
