"""TableBatches: files that are read one block of rows at a time, as often as needed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from linfit import checks
from linfit.checks import NoRows
from linfit.data import categories
from linfit.data.bad_cell import BadCell, affected_rows
from linfit.data.block import Block
from linfit.data.column_plan import ColumnPlan
from linfit.data.csv_file import CsvFile
from linfit.data.parquet_file import ParquetFile
from linfit.data.sources import Source

if TYPE_CHECKING:
    import tensorflow as tf

BATCH_ROWS = 2**16
"""Rows in a block: enough to make the cost per block negligible, few enough for a hundred columns in memory."""

_SMALL_BLOCK_DIVISOR = 8  # blocks of at most batch_rows / 8 rows are joined with their neighbours
_MOST_BAD_BLOCKS = 16  # blocks with a bad cell, after which read_table stops counting


@dataclass(eq=False)
class TableBatches:
    """Blocks of rows from files, as returned by `read_batches`. It can be iterated over any number of times.

    Each block is a tuple (x, y), with x of shape (rows, features) and y of shape (rows, targets), or a tuple
    (x, y, sample_weight), with weights of shape (rows,). All values are float64 and finite, and each column is
    contiguous in memory.

    Attributes:
        sources: the files.
        plan: the columns to read from them.
        batch_rows: the maximum number of rows in a block. Blocks of a CSV file may be larger.
        dropped: the number of rows that the latest pass left out because a cell is missing; None before the first pass.
    """

    sources: Sequence[Source]
    plan: ColumnPlan
    batch_rows: int = BATCH_ROWS
    dropped: int | None = field(default=None, init=False)
    _used_rows: int | None = field(default=None, init=False, repr=False)

    @classmethod
    def learnt(cls, sources: Sequence[Source], plan: ColumnPlan, batch_rows: int = BATCH_ROWS) -> "TableBatches":
        """Return the batches of these columns. Levels that were not given are learnt by reading the files once.

        Raises:
            InputError: a column has too few or too many levels, two features have the same name, or, where the files
                are read, a cell cannot be used.
        """
        unknown = [column for column, levels in plan.categories.items() if levels is None]
        if unknown:
            first_pass = plan if plan.drop_missing else ColumnPlan(tuple(unknown), (), dict.fromkeys(unknown), False)
            levels: dict[str, set[str]] = {column: set() for column in unknown}
            for block in cls(sources, first_pass, batch_rows).blocks(counting=True):
                for column in unknown:
                    levels[column] |= block.levels[column]
                    if len(levels[column]) > categories.MOST_LEVELS:
                        raise categories.too_many_levels(column)
            learnt = {column: categories.sorted_levels(column, levels[column]) for column in unknown}
            plan = replace(plan, categories={**plan.categories, **learnt})
        plan.refuse_duplicate_names()
        return cls(sources, plan, batch_rows)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the columns of x."""
        return self.plan.feature_names

    @property
    def target_name(self) -> str | tuple[str, ...]:
        """The name of the column of y, or a tuple if there are several targets."""
        return self.plan.targets[0] if len(self.plan.targets) == 1 else self.plan.targets

    @property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """The levels of each categorical column; the first is the reference level, which has no feature."""
        return {column: levels for column, levels in self.plan.categories.items() if levels is not None}

    @property
    def rows(self) -> int | None:
        """The number of rows in the files; None if one is a CSV file, whose rows are only known after reading."""
        counts = [source.rows for source in self.sources]
        return None if None in counts else sum(count for count in counts if count is not None)

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        return (self.plan.split(block.values) for block in self.blocks())

    def parts(self, count: int) -> "list[TableBatches]":
        """Return at most `count` parts, each a `TableBatches`, that together yield each row once.

        Parquet files are divided by row groups; CSV files are not divided.
        """
        checks.count(count, "count")
        units: list[tuple[int, Source]] = []
        for source in self.sources:
            units += source.parts() if isinstance(source, ParquetFile) else [(1, source)]
        total = sum(rows for rows, _ in units)
        shares: list[list[Source]] = [[] for _ in range(min(count, len(units)))]
        rows_before = 0
        for number, (rows, source) in enumerate(units):
            middle = (rows_before + rows / 2) / total if total else 0.0
            lowest, highest = len(shares) - (len(units) - number), number  # so that no share stays empty
            share = shares[min(max(int(middle * len(shares)), lowest), highest, len(shares) - 1)]
            previous = share[-1] if share else None
            if isinstance(source, ParquetFile) and isinstance(previous, ParquetFile) and previous.name == source.name:
                share[-1] = previous.joined(source)
            else:
                share.append(source)
            rows_before += rows
        return [replace(self, sources=share) for share in shares if share]

    def dataset(self, batch_size: int, dtype: str = "float64") -> "tf.data.Dataset":
        """Return the rows in batches of equal size, for training with mini-batches and any loss.

        Each epoch reads the rows in the order of the files: `model.fit(batches.dataset(32), epochs=3)`. Keras needs the
        number of batches. If the files do not state it (CSV files, or missing="drop"), they are first read once to
        count their rows, which also finds bad cells before training begins.

        Args:
            batch_size: rows in each batch; the last batch may be smaller.
            dtype: the float type of the tensors; a model converts them to its own.

        Returns:
            A `tf.data.Dataset` of (x, y), of shapes (rows, features) and (rows, targets), or of (x, y, sample_weight).

        Raises:
            InputError: `batch_size` is not a whole number above 0, or, where rows are counted, a cell cannot be used.
        """
        import tensorflow as tf

        checks.count(batch_size, "batch_size")
        shapes: list[tuple[int | None, ...]] = [(None, len(self.feature_names)), (None, len(self.plan.targets))]
        if self.plan.weight is not None:
            shapes.append((None,))
        blocks = tf.data.Dataset.from_generator(
            lambda: (tuple(part.astype(dtype) for part in block) for block in self),
            output_signature=tuple(tf.TensorSpec(shape, dtype) for shape in shapes),
        )
        rows = self._used_rows if self.rows is None or self.plan.drop_missing else self.rows
        if rows is None:
            rows = sum(len(x) for x, *_ in self)
        batches = blocks.rebatch(batch_size).prefetch(tf.data.AUTOTUNE)
        return batches.apply(tf.data.experimental.assert_cardinality(math.ceil(rows / batch_size)))

    def blocks(self, counting: bool = False) -> Iterator[Block]:
        """Yield the rows as blocks of at least one row each.

        Args:
            counting: whether to continue after the first bad cell, so that the error tells how many rows are bad.

        Raises:
            InputError: a cell cannot be used.
            NoRows: there are no rows, or missing="drop" has left none.
        """
        self.dropped = 0
        rows, first_bad, bad_rows, bad_blocks, at_least = 0, None, 0, 0, False
        for block in _join_small_blocks(self._read_sources(), self.batch_rows):
            if isinstance(block, BadCell):
                first_bad = first_bad or block
                bad_blocks += 1
                bad_rows += block.counts.get(first_bad.column, 0)
                at_least = not block.counts or bad_blocks == _MOST_BAD_BLOCKS
                if not counting or at_least:
                    break
            elif first_bad is None:
                self.dropped += block.dropped
                rows += block.values.shape[1]
                if block.values.shape[1]:
                    yield block
        if first_bad is not None:
            if not counting:
                raise first_bad.error("the first such row")
            raise first_bad.error("at least " * at_least + affected_rows(bad_rows))
        if not rows:
            names = " and ".join(source.name for source in self.sources[:3]) + " ..." * (len(self.sources) > 3)
            if self.dropped:
                raise NoRows(f"{names} has no row without a missing cell: {self.dropped:,} rows were dropped.")
            is_csv = isinstance(self.sources[0], CsvFile)
            raise NoRows(f"{names} has {'a header but ' if is_csv else ''}no rows.")
        self._used_rows = rows

    def _read_sources(self) -> Iterator[Block | BadCell]:
        """Yield the blocks and bad cells of all sources."""
        for source in self.sources:
            yield from source.read_blocks(self.plan, self.batch_rows)


def _join_small_blocks(blocks: Iterator[Block | BadCell], batch_rows: int) -> Iterator[Block | BadCell]:
    """Join successive small blocks into blocks of at most `batch_rows` rows; large blocks are left unchanged."""
    small: list[Block] = []

    def joined() -> Iterator[Block]:
        if small:
            yield Block.joined(small)
            small.clear()

    for block in blocks:
        if isinstance(block, BadCell):
            yield from joined()
            yield block
            continue
        rows = block.values.shape[1]
        if rows + sum(each.values.shape[1] for each in small) > batch_rows or _SMALL_BLOCK_DIVISOR * rows > batch_rows:
            yield from joined()
        small.append(block)
        if _SMALL_BLOCK_DIVISOR * rows > batch_rows:
            yield from joined()
    yield from joined()
