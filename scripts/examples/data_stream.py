"""A stream of rows that would not fit into memory: condense it in one pass, then descend on all of its rows."""

from collections.abc import Iterator

import numpy as np

import linfit

truth = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, noise=0.3)


def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield 20 batches of 100,000 rows; only one of them is in memory at a time."""
    for seed in range(20):
        yield truth.sample(100_000, seed=seed)


# For files: linfit.read_batches("data/*.parquet", target="y") in place of batches().
statistics = linfit.SufficientStatistics.from_batches(batches())
print(f"{statistics.rows:,} rows are condensed to {statistics.triangle.size} numbers.\n")

model = linfit.LinearRegression()
model.compile(learning_rate="auto")
model.fit(statistics, epochs=250, verbose=0)
print(linfit.compare(model, statistics, truth=truth))
