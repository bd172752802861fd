"""The text of a CSV file: its lines, and which cells are missing, numbers, booleans or dates."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

import numpy as np

from linfit.checks import InputError

# The texts that pandas treats as missing, too.
MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A"),
    *("NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
_MISSING = frozenset(MISSING)
TRUE, FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*|\s*[-+]?inf(inity)?\s*", re.ASCII | re.IGNORECASE)
_NOT_A_NUMBER = re.compile(r"\s*[-+]?nan(\(\w*\))?\s*", re.ASCII | re.IGNORECASE)  # as Arrow reads it: NAN, nan(1)
_DATE = re.compile(r"\s*(\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4})\b.*", re.ASCII)
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*", re.ASCII)


def refuse_other_encodings(file: str, cells: Sequence[str]) -> None:
    """Refuse cells with bytes that are not UTF-8; decoding has turned these bytes into surrogates.

    Raises:
        InputError: a cell has such bytes.
    """
    try:
        "".join(cells).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"{file} is not a text file in UTF-8. Save it as CSV in UTF-8.") from None


def lines_of(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that is not empty, with the number of the line on which they end, counted from 1.

    Args:
        text: the content of a file, or of a piece of it.
        file: what an error calls the file.

    Raises:
        InputError: the text cannot be parsed as CSV.
    """
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # by default 128 KiB, less than some cells have
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        for cells in reader:
            if any(cells) or len(cells) > 1:
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError(f"{file} cannot be read as CSV: {error}.") from None


def level(cell: str) -> str | None:
    """Return the level in a cell, without the spaces around it, or None if the cell is missing."""
    text = cell.strip()
    return None if text in _MISSING else text


def number(cell: str) -> float | None:
    """Return the number in a cell, NaN if the cell is missing, or None if it holds anything else."""
    if level(cell) is None or _NOT_A_NUMBER.fullmatch(cell):
        return float("nan")
    if _NUMBER.fullmatch(cell):
        return float(cell)
    return None


def kind_of_cells(cells: Sequence[str]) -> str:
    """Return the kind of a column's first cells: "number", "boolean", "date", "decimal comma" or "text"."""
    present = [cell for cell in cells if level(cell) is not None]
    if not present or any(number(cell) is not None for cell in present):
        return "number"
    if all(cell.strip() in TRUE + FALSE for cell in present):
        return "boolean"
    if all(_DATE.fullmatch(cell) for cell in present):
        return "date"
    return "decimal comma" if all(_DECIMAL_COMMA.fullmatch(cell) for cell in present) else "text"


def booleans(cells: Sequence[str]) -> np.ndarray:
    """Return 1.0 for true, 0.0 for false, NaN for missing and infinity for any other cell."""
    values = dict.fromkeys(TRUE, 1.0) | dict.fromkeys(FALSE, 0.0) | dict.fromkeys(MISSING, np.nan)
    return np.array([values.get(cell.strip(), np.inf) for cell in cells])


def numbers(cells: Sequence[str]) -> np.ndarray:
    """Return the numbers in cells, NaN for missing and infinity for any other cell."""
    values = (number(cell) for cell in cells)
    return np.array([np.inf if value is None else value for value in values])
