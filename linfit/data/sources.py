"""The sources of a table's rows: files given by name or pattern, or a DataFrame."""

import os
from collections.abc import Iterable
from glob import glob, has_magic
from pathlib import Path
from typing import Any

from linfit.checks import InputError
from linfit.data.csv_file import CsvFile
from linfit.data.dataframe_source import DataFrameSource
from linfit.data.parquet_file import ParquetFile

Source = CsvFile | ParquetFile | DataFrameSource


def sources_of(source: Any) -> list[Source]:
    """Return the sources of a table's rows.

    Args:
        source: a path, a pattern or a list of them, or a DataFrame. The files of a pattern are sorted by name.

    Raises:
        InputError: a file does not exist or cannot be read.
    """
    if hasattr(source, "columns") and hasattr(source, "__array__"):
        return [DataFrameSource(source)]
    patterns = [source] if isinstance(source, str | os.PathLike) else source
    if not isinstance(patterns, Iterable):
        raise InputError(f"the source must be a path, a list of paths or a DataFrame, got {type(source).__name__}.")
    paths = [path for pattern in patterns for path in _paths(pattern)]
    if not paths:
        raise InputError("at least one path is required, got an empty list.")
    return [_file_source(path) for path in paths]


def _paths(pattern: Any) -> list[str]:
    """Return the path of a file, or those of the files that match a pattern."""
    if not isinstance(pattern, str | os.PathLike):
        raise InputError(f"a path must be a string or a Path, got {pattern!r}.")
    path = os.fspath(pattern)
    if os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder. Name its files with a pattern: {os.path.join(path, '*.parquet')!r}.")
    if not has_magic(path):
        raise InputError(f"{path} does not exist. Check the path; a relative path starts at {Path.cwd()}.")
    matches = sorted(name for name in glob(path, recursive=True) if os.path.isfile(name))
    if not matches:
        raise InputError(f"no file matches {path}. Check the pattern; a relative pattern starts at {Path.cwd()}.")
    return matches


def _file_source(path: str) -> Source:
    try:
        with open(path, "rb") as file:
            start = file.read(4)
            file.seek(max(0, os.path.getsize(path) - 4))
            is_parquet = start == file.read(4) == b"PAR1"
        return ParquetFile(path) if is_parquet or path.lower().endswith((".parquet", ".pq")) else CsvFile(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
