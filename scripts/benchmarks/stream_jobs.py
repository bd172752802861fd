"""Jobs on files of many rows: reading with pyarrow alone, condensing with linfit, fitting with scikit-learn."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet
from sklearn.linear_model import LinearRegression, SGDRegressor

import linfit
from linfit import SufficientStatistics
from linfit.callbacks import TensorBoardLogger

FEATURES = 10
NAMES = [f"x{number}" for number in range(FEATURES)]
PARTS = 8
CHUNK = 1_000_000


def write(path: Path, rows: int, seed: int = 7) -> None:
    """Write standardized features, and y with noise that is 1/386 of its variance, as CSV or Parquet by suffix."""
    random = np.random.default_rng(seed)
    schema = pa.schema([(name, pa.float64()) for name in (*NAMES, "y")])
    is_csv = path.suffix == ".csv"
    with pa.csv.CSVWriter(path, schema) if is_csv else pa.parquet.ParquetWriter(path, schema) as file:
        for start in range(0, rows, CHUNK):
            x = random.standard_normal((FEATURES, min(CHUNK, rows - start)))
            y = np.arange(1.0, FEATURES + 1) @ x + 0.5 + random.standard_normal(x.shape[1])
            file.write_table(pa.table([*x, y], schema=schema))


def read_parquet(path: Path, ahead: bool) -> None:
    """Read each value once as a float64, a block at a time: the least work that condensing needs.

    By default a scanner reads ahead and holds most of the file in memory; `ahead=False` turns this off.
    """
    floats = pa.schema([(name, pa.float64()) for name in (*NAMES, "y")])
    batches = pa.dataset.dataset(path).to_batches(columns=floats.names) if ahead else parquet_batches(path)
    for batch in batches:
        batch.cast(floats)


def parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield blocks of a Parquet file without buffering the whole file, which costs time and memory."""
    options = pa.dataset.ParquetFragmentScanOptions(pre_buffer=False)
    form = pa.dataset.ParquetFileFormat(default_fragment_scan_options=options)
    yield from pa.dataset.dataset(path, format=form).to_batches(columns=[*NAMES, "y"], batch_size=2**16)


def read_csv(path: Path) -> None:
    pa.csv.read_csv(path)


def condense(path: Path) -> SufficientStatistics:
    return SufficientStatistics.from_batches(linfit.read_batches(path, "y"), verbose=0)


def new_model() -> linfit.LinearRegression:
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate="auto")
    return model


def descend(model: linfit.LinearRegression, path: Path, steps: int) -> np.ndarray:
    """Condense, take all steps recorded and logged, compare with the optimum, and return w."""
    statistics = condense(path)
    if model.built:  # a second turn: its steps are compiled, so start again
        model.w.assign(np.zeros(model.w.shape))
        model.b.assign(np.zeros(model.b.shape))
        model.optimizer.iterations.assign(0)
    with TemporaryDirectory() as logs:
        model.fit(statistics, epochs=steps, verbose=0, callbacks=[TensorBoardLogger(logs)])
    str(linfit.compare(model, statistics))
    return np.asarray(model.w)[:, 0]


def linear_regression(path: Path) -> np.ndarray:
    frame = pd.read_parquet(path)
    return LinearRegression().fit(frame[NAMES].to_numpy(), frame["y"].to_numpy()).coef_


def sgd_regressor(path: Path) -> np.ndarray:
    """Fit in one pass over the file."""
    model = SGDRegressor(random_state=7)
    for batch in parquet_batches(path):
        columns = [column.to_numpy() for column in batch.columns]
        model.partial_fit(np.column_stack(columns[:-1]), columns[-1])
    return model.coef_


@contextmanager
def pool(processes: int, one_core: bool) -> Iterator[ProcessPoolExecutor]:
    """Start processes that have linfit imported, on any core or all on one."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _hold, (one_core,)) as workers:
        list(workers.map(_ready, range(4 * processes)))
        yield workers


def by_parts(path: Path, workers: ProcessPoolExecutor) -> SufficientStatistics:
    parts = linfit.read_batches(path, "y").parts(PARTS)
    return SufficientStatistics.from_parts(parts, executor=workers, verbose=0)


def _hold(one_core: bool) -> None:
    if one_core and hasattr(os, "sched_setaffinity"):  # not on macOS
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _ready(_: int) -> None:
    import pyarrow.parquet  # noqa: F401
