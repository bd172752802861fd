"""Where the rows of a table come from: files by name or pattern, or a DataFrame."""

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
    """The files that a path, a pattern or a list of them names, in the order of their names; or a DataFrame.

    Raises:
        InputError: there is no such file, or one that cannot be read.
    """
    if hasattr(source, "columns") and hasattr(source, "__array__"):
        return [DataFrameSource(source)]
    given = [source] if isinstance(source, str | os.PathLike) else source
    if not isinstance(given, Iterable):
        raise InputError(f"the source must be a path, a list of paths or a DataFrame, got {type(source).__name__}.")
    paths = [path for each in given for path in _paths(each)]
    if not paths:
        raise InputError("at least one path is required, got an empty list.")
    return [_file_source(path) for path in paths]


def _paths(given: Any) -> list[str]:
    if not isinstance(given, str | os.PathLike):
        raise InputError(f"a path must be a string or a Path, got {given!r}.")
    path = os.fspath(given)
    if os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        raise InputError(f"{path} is a folder. Name its files with a pattern: {os.path.join(path, '*.parquet')!r}.")
    if not has_magic(path):
        raise InputError(f"there is no file {path}. Check the path; a relative path starts at {Path.cwd()}.")
    found = sorted(name for name in glob(path, recursive=True) if os.path.isfile(name))
    if not found:
        raise InputError(
            f"there is no file that matches {path}. Check the pattern; a relative pattern starts at {Path.cwd()}."
        )
    return found


def _file_source(path: str) -> Source:
    try:
        with open(path, "rb") as file:
            start = file.read(4)
            file.seek(max(0, os.path.getsize(path) - 4))
            is_parquet = start == file.read(4) == b"PAR1"
        return ParquetFile(path) if is_parquet or path.lower().endswith((".parquet", ".pq")) else CsvFile(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
