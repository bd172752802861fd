"""Loads the data that the options choose, and prints a summary of them."""

import argparse
from pathlib import Path
from typing import Any

from saved_run import check_found

import linfit

NORMALIZED = (
    "The descent runs on standardized columns; all values are in the data's units. Use --no-normalize to turn this off."
)
RAW = "The descent runs on the raw columns."


def load(options: argparse.Namespace) -> tuple[dict[str, Any], linfit.GroundTruth | None]:
    """Return the arguments of `fit` for the data, and the truth: a table without a truth, or x and y drawn from one."""
    if options.csv:
        table = linfit.read_table(
            options.csv, options.target, options.features, categorical=options.categorical, missing=options.missing
        )
        references = ", ".join(f"{column} against {levels[0]}" for column, levels in table.categories.items())
        columns = ", ".join(table.feature_names) + (f" ({references})" if references else "")
        print(summary(options, len(table), columns, table.dropped))
        check_found(options, linfit.SufficientStatistics.from_rows(table))
        print(f"{scale(options)}\n")
        return {"x": table}, None
    truth = linfit.GroundTruth(w=options.w, b=options.b, noise=options.noise)
    print(f"{options.rows:,} rows drawn from w = {options.w}, b = {options.b}, with noise {options.noise}.\n")
    x, y = truth.sample(options.rows, seed=options.seed)
    return {"x": x, "y": y}, truth


def summary(options: argparse.Namespace, rows: int, columns: str, dropped: int) -> str:
    """Return a line about files that were read: their rows, the target, the features, and the dropped rows."""
    files = ", ".join(Path(file).name for file in options.csv)
    missing = f" Rows dropped because of missing cells: {dropped:,}." if options.missing == "drop" else ""
    return f"{rows:,} rows of {files}: {options.target} from {columns}.{missing}"


def scale(options: argparse.Namespace) -> str:
    """Return the line that says on which scale of the columns the descent runs."""
    return NORMALIZED if options.normalize else RAW
