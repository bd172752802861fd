"""A CSV file, plain or gzip: read in pieces that are parsed side by side."""

import csv
import io
import itertools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from linfit import checks
from linfit.checks import InputError
from linfit.data import csv_text
from linfit.data.bad_cell import BadCell
from linfit.data.block import Block
from linfit.data.column_plan import ColumnPlan
from linfit.data.csv_pieces import Piece, opened, pieces

if TYPE_CHECKING:
    import pyarrow as pa

PIECE = 2**23  # bytes at most: of smaller ones it shows that Arrow starts anew for each
QUOTED_PIECE = 2**20  # the same where there are quotes, and Python has to read all of a piece to find a bad cell
SMALL_PIECE = 2**16  # bytes of which Python finds the place of a bad cell in a few milliseconds
HEAD = 2**18  # bytes from which the columns and what is in them are seen
FIRST_LINES = 1000
_MISSING = ("", " ")
_MISSING_IN_WORDS = csv_text.MISSING + tuple(f" {missing}" for missing in csv_text.MISSING)
_BOM = b"\xef\xbb\xbf"


class CsvFile:
    """One CSV file with a header line.

    Attributes:
        name: its path.
        columns: the names in its header.
        rows: None: they are not known before it has been read.

    Raises:
        InputError: it is empty, not in UTF-8, or its header does not name each column once.
    """

    rows: int | None = None

    def __init__(self, path: str):
        self.name = path
        with opened(self.name) as file:
            head = b"".join(bytes(piece.content) for piece in itertools.islice(pieces(file, HEAD), 1))
        bom = len(_BOM) if head.startswith(_BOM) else 0
        lines = list(self._lines(head[bom:].decode("utf-8", "surrogateescape"), FIRST_LINES))
        if not lines:
            raise InputError(f"{self.name} is empty: a header line and at least one row were expected.")
        (header_lines, header), *first = lines
        csv_text.refuse_other_encodings(self.name, header)
        if "" in header:
            raise InputError(
                f"{self.name} has a column without a name in its header line, number {header.index('') + 1}. "
                "Name it, or leave it out (pandas: to_csv(..., index=False))."
            )
        self.columns = checks.names(header, f"the columns of {self.name}")
        self._start = bom + sum(map(len, head[bom:].splitlines(keepends=True)[:header_lines]))
        self._quotes = b'"' in head[self._start :]
        self._line_bytes = max(1, len(head) // max(1, head.count(b"\n")))
        cells = itertools.zip_longest(*(cells for _, cells in first), fillvalue="")
        self._first_cells = dict(zip(self.columns, cells, strict=False))
        self._missing_in_words = False  # as long as none has been seen: to look for them takes a tenth of the time

    def kind(self, column: str) -> str:
        """What a column's first cells hold, as `csv_text.kind` says it."""
        return csv_text.kind(self._first_cells.get(column, ()))

    def example(self, column: str) -> str:
        """What a column begins with."""
        cells = self._first_cells.get(column, ())
        return next((cell for cell in cells if csv_text.level(cell) is not None), "")

    def outcomes(self, wanted: ColumnPlan, batch_rows: int) -> Iterator[Block | BadCell]:
        """The rows in order, in blocks of about so many at most, or what is wrong with them."""
        import pyarrow as pa

        size = min(max(batch_rows * self._line_bytes, 2**16), QUOTED_PIECE if self._quotes else PIECE)
        workers = min(pa.cpu_count(), 8)
        waiting = workers + 1  # pieces: what workers do while the blocks before are in use
        running: deque[tuple[Future[Block | BadCell | None], Piece, int]] = deque()
        first: BadCell | None = None
        with opened(self.name) as file, ThreadPoolExecutor(workers) as pool:
            begin = len(file.read(self._start))
            booleans = {column for column in wanted.columns if self.kind(column) == "boolean"}

            def outcome() -> Block | BadCell:
                nonlocal first
                future, piece, begin = running.popleft()
                found = future.result()
                if isinstance(found, Block):
                    return found
                if first is not None:  # only counted, where that is quick
                    return found or replace(first, counts={})
                found = self._in_small_pieces(wanted, booleans, piece, begin)
                first = found if isinstance(found, BadCell) else None
                return found

            for piece in pieces(file, size, buffers=waiting + 1):
                running.append((pool.submit(self._by_arrow, wanted, booleans, piece), piece, begin))
                begin += len(piece.content)
                if len(running) > waiting:
                    yield outcome()
            while running:
                yield outcome()

    def _by_arrow(self, wanted: ColumnPlan, booleans: set[str], piece: Piece) -> Block | BadCell | None:
        """Some lines of the file, or a fault without its place; None if Arrow cannot read them."""
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        types: dict[str, Any] = {}
        for column in wanted.columns:
            number_type = pa.bool_() if column in booleans else pa.float64()
            types[column] = pa.dictionary(pa.int32(), pa.string()) if column in wanted.categories else number_type
        in_words = self._missing_in_words
        reading = arrow_csv.ReadOptions(column_names=self.columns, use_threads=False, block_size=len(piece.content) + 1)
        parsing = arrow_csv.ParseOptions(newlines_in_values=piece.quotes)
        converting = arrow_csv.ConvertOptions(
            column_types=types,
            include_columns=wanted.columns,
            null_values=_MISSING_IN_WORDS if in_words else _MISSING,
            true_values=csv_text.TRUE,
            false_values=csv_text.FALSE,
            strings_can_be_null=True,
        )
        try:
            table = arrow_csv.read_csv(pa.BufferReader(piece.content), reading, parsing, converting).combine_chunks()
        except pa.ArrowInvalid:
            if not in_words:
                self._missing_in_words = True
                return self._by_arrow(wanted, booleans, piece)
            return None
        if not len(table):
            return wanted.nothing()
        arrays = []
        for column in table.columns:
            array = _with_levels(column.chunk(0))
            if array is None:
                return None
            arrays.append(array)
        return wanted.block(self.name, arrays, lambda row: "")

    def _in_small_pieces(self, wanted: ColumnPlan, booleans: set[str], piece: Piece, begin: int) -> Block | BadCell:
        """The same lines, of which only those around what Arrow cannot read or use are read by Python.

        Where there are quotes, all are: one that stands for inches makes it seem that lines end within quoted cells.
        """
        if piece.quotes:
            return self._by_python(wanted, booleans, piece, begin)
        found: list[Block | BadCell] = []
        for small in pieces(io.BytesIO(piece.content), SMALL_PIECE):
            block = self._by_arrow(wanted, booleans, small)
            found.append(block if isinstance(block, Block) else self._by_python(wanted, booleans, small, begin))
            begin += len(small.content)
        faults = [fault for fault in found if isinstance(fault, BadCell)]
        return (
            BadCell.joined(faults) if faults else Block.joined([block for block in found if isinstance(block, Block)])
        )

    def _by_python(self, wanted: ColumnPlan, booleans: set[str], piece: Piece, begin: int) -> Block | BadCell:
        """The same lines one by one; a cell that cannot be used is named by its line.

        Raises:
            InputError: a line has more cells than the header.
        """
        import pyarrow as pa

        width = len(self.columns)
        lines, rows = [], []
        for line, cells in self._lines(str(piece.content, "utf-8", "surrogateescape")):
            if len(cells) > width:
                raise InputError(
                    f"{self.name} has lines of different lengths: the header has {width} cells, line "
                    f"{self._lines_before(begin) + line} has {len(cells)}. Quote cells that hold commas."
                )
            lines.append(line)
            rows.append(cells + [""] * (width - len(cells)))
        if not rows:
            return wanted.nothing()
        index = {column: self.columns.index(column) for column in wanted.columns}
        arrays = []
        for column in wanted.columns:
            cells = [row[index[column]] for row in rows]
            if column in wanted.categories:
                csv_text.refuse_other_encodings(self.name, cells)
                arrays.append(pa.array(map(csv_text.level, cells), pa.string()))
            else:
                of_kind = csv_text.booleans if column in booleans else csv_text.numbers
                arrays.append(pa.array(of_kind(cells)))

        def cell(row: int, column: str) -> str:
            text = rows[row][index[column]]
            csv_text.refuse_other_encodings(self.name, [text])
            if column in wanted.categories:
                return repr(csv_text.level(text))
            return text.strip() if csv_text.number(text) is not None else repr(text)

        return wanted.block(self.name, arrays, lambda row: f"line {self._lines_before(begin) + lines[row]}", cell)

    def _lines_before(self, offset: int) -> int:
        """How many lines there are before a byte of the file: counted only once something is wrong there."""
        count, before = 0, b""
        with opened(self.name) as file:
            while offset > 0 and (content := file.read(min(offset, 2**20))):
                count += content.count(b"\n")
                if b"\r" in content:
                    count += content.count(b"\r") - (before + content).count(b"\r\n")
                offset -= len(content)
                before = content[-1:]
        return count

    def _lines(self, text: str, most: int | None = None) -> Iterator[tuple[int, list[str]]]:
        try:
            yield from itertools.islice(csv_text.lines_of(text), most)
        except csv.Error as error:
            raise InputError(f"{self.name} cannot be read as CSV: {error}.") from None


def _with_levels(column: "pa.Array") -> "pa.Array | None":
    """The same with each level as `csv_text.level` has it; None where Arrow may have split cells wrongly."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column
    entries = column.dictionary.to_pylist()
    levels = csv_text.levels(entries)
    if levels is None or levels == entries:
        return None if levels is None else column
    codes = {level: code for code, level in enumerate(dict.fromkeys(level for level in levels if level is not None))}
    recoded = pa.array([None if level is None else codes[level] for level in levels], pa.int32())
    return pa.DictionaryArray.from_arrays(recoded.take(column.indices), pa.array(list(codes), pa.string()))
