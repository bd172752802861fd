"""CsvPythonReader: parses pieces of a CSV file with Python's csv module, which is slow but knows each cell's line."""

from collections.abc import Collection

from linfit.checks import InputError
from linfit.data import csv_text
from linfit.data.bad_cell import BadCell
from linfit.data.block import Block
from linfit.data.column_plan import ColumnPlan
from linfit.data.csv_pieces import Piece, open_unpacked


class CsvPythonReader:
    """Parses pieces of one CSV file line by line.

    Args:
        path: the file's path.
        header: the names of all its columns.
    """

    def __init__(self, path: str, header: tuple[str, ...]):
        self._path, self._header = path, header

    def read(self, piece: Piece, plan: ColumnPlan, booleans: Collection[str], offset: int) -> Block | BadCell:
        """Return the rows of a piece, or its first bad cell with its line.

        Args:
            piece: whole lines, without the header.
            plan: the columns to read.
            booleans: the columns whose cells are true or false.
            offset: the position of the piece in the unpacked file, in bytes.

        Raises:
            InputError: a line has more cells than the header.
        """
        import pyarrow as pa

        width = len(self._header)
        lines, rows = [], []
        for line, cells in csv_text.lines_of(str(piece.content, "utf-8", "surrogateescape"), self._path):
            if len(cells) > width:
                raise InputError(
                    f"{self._path} has lines of different lengths: the header has {width} cells, line "
                    f"{self._lines_before(offset) + line} has {len(cells)}. "
                    "Put quotes around cells that contain commas."
                )
            lines.append(line)
            rows.append(cells + [""] * (width - len(cells)))
        if not rows:
            return plan.empty_block()
        index = {column: self._header.index(column) for column in plan.columns}
        arrays = []
        for column in plan.columns:
            cells = [row[index[column]] for row in rows]
            if column in plan.categories:
                csv_text.refuse_other_encodings(self._path, cells)
                arrays.append(pa.array(map(csv_text.level, cells), pa.string()))
            else:
                as_floats = csv_text.booleans if column in booleans else csv_text.numbers
                arrays.append(pa.array(as_floats(cells)))

        def place(row: int) -> str:
            return f"line {self._lines_before(offset) + lines[row]}"

        def content(row: int, column: str) -> str:
            text = rows[row][index[column]]
            csv_text.refuse_other_encodings(self._path, [text])
            if column in plan.categories:
                return repr(csv_text.level(text))
            return text.strip() if csv_text.number(text) is not None else repr(text)

        return plan.convert(self._path, arrays, place, content)

    def _lines_before(self, offset: int) -> int:
        """Return the number of lines before a byte of the file; counted only for an error message."""
        count, before = 0, b""
        with open_unpacked(self._path) as file:
            while offset > 0 and (content := file.read(min(offset, 2**20))):
                count += content.count(b"\n")
                if b"\r" in content:
                    count += content.count(b"\r") - (before + content).count(b"\r\n")
                offset -= len(content)
                before = content[-1:]
        return count
