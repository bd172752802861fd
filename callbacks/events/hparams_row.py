"""HParamsRow: the row of a run in the table of TensorBoard's HParams page."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from linfit.callbacks.events.event_file import EventFile
from linfit.callbacks.events.event_protobufs import first_event
from linfit.callbacks.events.event_records import as_record, last_record

# TensorBoard sorts cards by tag: the z puts these behind those of w.
STEPS, STEPS_TO_OPTIMUM = "z_table/steps", "z_table/steps_to_optimum"
_FIRST_FILE = "events.out.tfevents.0000000000.hparams"  # TensorBoard reads it before the run's other files


class HParamsRow:
    """Writes the row of one fit.

    If a run has several records of one kind, TensorBoard uses the first. The records are therefore written twice: to
    the run's event file, where a TensorBoard that is already open finds them, and to a file that TensorBoard reads
    first, which holds the records of the latest fit only.

    Args:
        file: the run's event file.
        step: the step at which the fit starts.
    """

    def __init__(self, file: EventFile, step: int):
        self._file = file
        self._step = step
        self._began = time.time()
        self._records: list[Any] = []

    @property
    def started(self) -> bool:
        """Return whether `start` has been called."""
        return bool(self._records)

    def start(self, settings: Mapping[str, float | str | None], varied: Iterable[str], has_truth: bool) -> None:
        """Write the settings and declare the columns of the table.

        TensorBoard takes the columns from any one of the runs. It shows the first five metrics and the first five
        settings, with the varied settings before the others. In parallel coordinates it omits a run that lacks a value
        in one of these columns. A metric that needs a truth is therefore among the first five only if there is one.

        Args:
            settings: the settings by name; one whose value is None has a column but no value in this row.
            varied: the names of the settings that vary between runs.
            has_truth: whether the fit has a truth.
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
        """Write whether the fit succeeded or failed."""
        from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS
        from tensorboard.plugins.hparams.summary import session_end_pb

        self._write(step, session_end_pb(STATUS_FAILURE if failed else STATUS_SUCCESS))

    def _write(self, step: int, *records: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._records += records
        for record in records:
            self._file.hparams(step, record)
        path = self._file.folder / _FIRST_FILE
        # The time of the first event decides the run's colour: a rewritten file keeps its time, and a new file is later
        # than those of truth and optimum.
        started = Event.FromString(last_record(path)).wall_time if path.exists() else time.time()
        summaries = [Summary.FromString(record.SerializeToString()) for record in self._records]
        events = [first_event(started)]
        events += [Event(wall_time=started, step=step, summary=summary) for summary in summaries]
        self._file.save_beside(_FIRST_FILE, b"".join(as_record(event.SerializeToString()) for event in events))
        self._file.flush()
