"""HyperParameters: a run as a row of TensorBoard's HParams table, with its settings and how it ended."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from linfit.callbacks.event_file import open_reference, open_run
from linfit.step_callback import StepCallback
from linfit.trajectory import Trajectory


class HyperParameters(StepCallback):
    """Logs a run's settings when it starts, and at its end the steps it took and whether it failed.

    A fit that Ctrl-C ends has failed; one that is killed has no end, and TensorBoard calls its status unknown.
    `log_columns` says, once for all runs, which columns the table has.

    Args:
        log_dir: the folder of the runs, as for `TensorBoardLogger`.
        run: the name of the run, as for `TensorBoardLogger`.
        settings: its hyperparameters by name.
        failed: called at the end: whether TensorBoard shows this run as failed. By default that is a fit whose
            last loss was no finite number.

    Raises:
        InputError: a folder that cannot be written.

    Example:
        >>> import linfit, tempfile
        >>> from linfit.callbacks import TensorBoardLogger
        >>> model = linfit.LinearRegression()
        >>> model.compile(learning_rate=0.05)
        >>> with tempfile.TemporaryDirectory() as logs:
        ...     log_columns(logs, "optimum", {"learning_rate": 0.05}, ["loss", "steps"])
        ...     table = HyperParameters(logs, "fit", {"learning_rate": 0.05})
        ...     _ = model.fit([0.0, 1.0], [1.0, 3.0], verbose=0, callbacks=[TensorBoardLogger(logs), table])
    """

    def __init__(
        self,
        log_dir: str | Path,
        run: str,
        settings: Mapping[str, float | str],
        failed: Callable[[], bool] | None = None,
    ):
        super().__init__()
        self.log_dir = Path(log_dir)
        self.run = run
        self.settings = dict(settings)
        self.failed = failed

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens the run."""
        super().on_train_begin(logs)
        self._started = time.time()
        self._file = open_run(self.log_dir, self.run, self.model)
        self._is_new = not self._file.started

    def on_steps_end(self, trajectory: Trajectory) -> None:
        """Writes the settings at the first steps: by then all callbacks have opened their runs, in their order."""
        from tensorboard.plugins.hparams.summary import session_start_pb

        if self._is_new:
            self._is_new = False
            first = int(trajectory.step[0])
            self._file.hparams(first, session_start_pb(self.settings, start_time_secs=self._started))
            self._file.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Writes how the run ended."""
        from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS
        from tensorboard.plugins.hparams.summary import session_end_pb

        super().on_train_end(logs)
        interrupted = not logs  # Ctrl-C ends a fit without them
        failed = self.failed() if self.failed is not None else not math.isfinite((logs or {}).get("loss", math.nan))
        self._file.scalars(self.step, {"steps": self.step})
        self._file.hparams(self.step, session_end_pb(STATUS_FAILURE if interrupted or failed else STATUS_SUCCESS))
        self._file.flush()
        del self._file


def log_columns(log_dir: str | Path, run: str, settings: Mapping[str, float | str], metrics: Sequence[str]) -> None:
    """Writes which columns TensorBoard's HParams table has; without it, every tag of every run is one.

    Args:
        log_dir: the folder of the runs.
        run: where it is written: a run of constant lines, `truth` or `optimum`, before the first fit. In the
            folder itself it would be shown as a run of its own.
        settings: those of any run, for their names and types.
        metrics: the scalar tags whose last values it has.
    """
    from tensorboard.plugins.hparams import api_pb2
    from tensorboard.plugins.hparams.summary import experiment_pb

    columns = [
        api_pb2.HParamInfo(
            name=name, type=api_pb2.DATA_TYPE_STRING if isinstance(value, str) else api_pb2.DATA_TYPE_FLOAT64
        )
        for name, value in settings.items()
    ]
    measured = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag)) for tag in metrics]
    file = open_reference(log_dir, run)
    file.hparams(0, experiment_pb(columns, measured))
    file.flush()
