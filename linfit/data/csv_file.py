"""CsvFile: a CSV file, plain or gzip: its header, and its pieces, which several threads parse at once."""

import io
import itertools
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from linfit import checks
from linfit.checks import InputError
from linfit.data import csv_text
from linfit.data.bad_cell import BadCell
from linfit.data.block import Block
from linfit.data.column_plan import ColumnPlan
from linfit.data.csv_arrow_reader import CsvArrowReader
from linfit.data.csv_pieces import Piece, open_unpacked, read_pieces
from linfit.data.csv_python_reader import CsvPythonReader

PIECE_BYTES = 2**23  # at most; Arrow has a start-up cost for each piece, which shows in smaller ones
QUOTED_PIECE_BYTES = 2**20  # at most, in a file with quotes: Python parses a whole piece there to find a bad cell
SMALL_PIECE_BYTES = 2**16  # Python finds a bad cell in a piece of this size within a few milliseconds
HEAD_BYTES = 2**18  # the part of the file that is read for its header and the kinds of its columns
HEAD_LINES = 1000  # lines of that part that are parsed
_BOM = b"\xef\xbb\xbf"


class CsvFile:
    """A CSV file with a header line.

    Attributes:
        name: its path.
        columns: the names in its header.
        rows: None; only reading the file tells the number of its rows.

    Raises:
        InputError: the file is empty or not in UTF-8, a column has no name, or two columns have the same name.
    """

    rows: int | None = None

    def __init__(self, path: str):
        self.name = path
        with open_unpacked(path) as file:
            head = b"".join(bytes(piece.content) for piece in itertools.islice(read_pieces(file, HEAD_BYTES), 1))
        bom = len(_BOM) if head.startswith(_BOM) else 0
        text = head[bom:].decode("utf-8", "surrogateescape")
        lines = list(itertools.islice(csv_text.lines_of(text, path), HEAD_LINES))
        if not lines:
            raise InputError(f"{path} is empty: a header line and at least one row are required.")
        (header_lines, header), *first_rows = lines
        csv_text.refuse_other_encodings(path, header)
        if "" in header:
            raise InputError(
                f"{path} must name every column in its header line, got no name for column {header.index('') + 1}. "
                "Name it, or leave it out (pandas: to_csv(..., index=False))."
            )
        self.columns = checks.names(header, f"the columns of {path}")
        self._header_bytes = bom + sum(map(len, head[bom:].splitlines(keepends=True)[:header_lines]))
        self._has_quotes = b'"' in head[self._header_bytes :]
        self._line_bytes = max(1, len(head) // max(1, head.count(b"\n")))
        cells = itertools.zip_longest(*(cells for _, cells in first_rows), fillvalue="")
        self._first_cells = dict(zip(self.columns, cells, strict=False))
        self._arrow = CsvArrowReader(path, self.columns)
        self._python = CsvPythonReader(path, self.columns)

    def kind(self, column: str) -> str:
        """Return the kind of a column's first cells, as returned by `csv_text.kind_of_cells`."""
        return csv_text.kind_of_cells(self._first_cells.get(column, ()))

    def example(self, column: str) -> str:
        """Return a column's first cell that is not missing, or ""."""
        cells = self._first_cells.get(column, ())
        return next((cell for cell in cells if csv_text.level(cell) is not None), "")

    def read_blocks(self, plan: ColumnPlan, batch_rows: int) -> Iterator[Block | BadCell]:
        """Yield the rows in order, in blocks of about `batch_rows` rows at most, or a block's first bad cell."""
        import pyarrow as pa

        piece_bytes = min(
            max(batch_rows * self._line_bytes, 2**16), QUOTED_PIECE_BYTES if self._has_quotes else PIECE_BYTES
        )
        workers = min(pa.cpu_count(), 8)
        in_flight = workers + 1  # pieces that are parsed while earlier blocks are in use
        parsing: deque[tuple[Future[Block | BadCell | None], Piece, int]] = deque()
        first_bad: BadCell | None = None
        with open_unpacked(self.name) as file, ThreadPoolExecutor(workers) as pool:
            offset = len(file.read(self._header_bytes))
            booleans = {column for column in plan.columns if self.kind(column) == "boolean"}

            def next_result() -> Block | BadCell:
                nonlocal first_bad
                future, piece, offset = parsing.popleft()
                result = future.result()
                if isinstance(result, Block):
                    return result
                if first_bad is not None:  # later bad cells are only counted, and only where that is quick
                    return result or replace(first_bad, counts={})
                result = self._read_in_small_pieces(piece, plan, booleans, offset)
                first_bad = result if isinstance(result, BadCell) else None
                return result

            for piece in read_pieces(file, piece_bytes, buffers=in_flight + 1):
                parsing.append((pool.submit(self._arrow.read, piece, plan, booleans), piece, offset))
                offset += len(piece.content)
                if len(parsing) > in_flight:
                    yield next_result()
            while parsing:
                yield next_result()

    def _read_in_small_pieces(
        self, piece: Piece, plan: ColumnPlan, booleans: Collection[str], offset: int
    ) -> Block | BadCell:
        """Read a piece again, with Python only around cells that Arrow cannot parse or a fit cannot use.

        If the piece has quotes, Python parses all of it: an inch mark could make lines seem to end within quoted cells.
        """
        if piece.has_quotes:
            return self._python.read(piece, plan, booleans, offset)
        results: list[Block | BadCell] = []
        for small in read_pieces(io.BytesIO(piece.content), SMALL_PIECE_BYTES):
            result = self._arrow.read(small, plan, booleans)
            if not isinstance(result, Block):
                result = self._python.read(small, plan, booleans, offset)
            results.append(result)
            offset += len(small.content)
        bad_cells = [result for result in results if isinstance(result, BadCell)]
        if bad_cells:
            return BadCell.joined(bad_cells)
        return Block.joined([result for result in results if isinstance(result, Block)])
