"""CsvArrowReader: parses pieces of a CSV file with Arrow, which is fast but does not count lines."""

import csv
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from linfit.data import csv_text
from linfit.data.bad_cell import BadCell
from linfit.data.block import Block
from linfit.data.column_plan import ColumnPlan
from linfit.data.csv_pieces import Piece

if TYPE_CHECKING:
    import pyarrow as pa

_EMPTY_CELLS = ("", " ")
_MISSING_CELLS = csv_text.MISSING + tuple(f" {missing}" for missing in csv_text.MISSING)


class CsvArrowReader:
    """Parses pieces of one CSV file with Arrow.

    Args:
        path: the file's path.
        header: the names of all its columns.
    """

    def __init__(self, path: str, header: tuple[str, ...]):
        self._path, self._header = path, header
        self._has_missing_words = False  # set once NA and the like may occur: looking for them takes 10 % of the time

    def read(self, piece: Piece, plan: ColumnPlan, booleans: Collection[str]) -> Block | BadCell | None:
        """Return the rows of a piece, or its first bad cell without the place, or None if Arrow cannot parse it.

        Args:
            piece: whole lines, without the header.
            plan: the columns to read.
            booleans: the columns whose cells are true or false.
        """
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        types: dict[str, Any] = {}
        for column in plan.columns:
            number_type = pa.bool_() if column in booleans else pa.float64()
            types[column] = pa.dictionary(pa.int32(), pa.string()) if column in plan.categories else number_type
        missing_words = self._has_missing_words
        reading = arrow_csv.ReadOptions(column_names=self._header, use_threads=False, block_size=len(piece.content) + 1)
        parsing = arrow_csv.ParseOptions(newlines_in_values=piece.has_quotes)
        converting = arrow_csv.ConvertOptions(
            column_types=types,
            include_columns=plan.columns,
            null_values=_MISSING_CELLS if missing_words else _EMPTY_CELLS,
            true_values=csv_text.TRUE,
            false_values=csv_text.FALSE,
            strings_can_be_null=True,
        )
        try:
            table = arrow_csv.read_csv(pa.BufferReader(piece.content), reading, parsing, converting).combine_chunks()
        except pa.ArrowInvalid:
            if not missing_words:
                self._has_missing_words = True
                return self.read(piece, plan, booleans)
            return None
        if not len(table):
            return plan.empty_block()
        arrays = []
        for column in table.columns:
            array = _with_stripped_levels(column.chunk(0))
            if array is None:
                return None
            arrays.append(array)
        return plan.convert(self._path, arrays, lambda row: "")


def _with_stripped_levels(column: "pa.Array") -> "pa.Array | None":
    """Return a column with levels as `csv_text.level` defines them, or None if Arrow may have split cells wrongly."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column
    entries = column.dictionary.to_pylist()
    levels = _levels(entries)
    if levels is None or levels == entries:
        return None if levels is None else column
    codes = {level: code for code, level in enumerate(dict.fromkeys(level for level in levels if level is not None))}
    recoded = pa.array([None if level is None else codes[level] for level in levels], pa.int32())
    return pa.DictionaryArray.from_arrays(recoded.take(column.indices), pa.array(list(codes), pa.string()))


def _levels(entries: Sequence[str]) -> list[str | None] | None:
    """Return the level in each cell that Arrow has parsed, or None if Arrow may have split the cells wrongly.

    Arrow does not recognize a quote after a space: it keeps the quotes in the cell and ends the cell at a comma
    between them.
    """
    levels = []
    for entry in entries:
        text = entry.lstrip(" ")
        if text != entry and text.startswith('"'):
            if "," in text or "\n" in text or text.count('"') % 2:
                return None
            (entry,) = next(csv.reader([text]))
        levels.append(csv_text.level(entry))
    return levels
