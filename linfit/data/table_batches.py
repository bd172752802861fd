"""Files that are read a block of rows at a time, as often as they are needed."""

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
"""Rows of a block: enough that what is done once for each costs nothing, few enough for a hundred columns."""

_SMALL_BLOCK = 8  # times fewer rows than a block may have: such blocks are joined
_MOST_BAD_BLOCKS = 16  # blocks with a fault, after which read_table counts no further


@dataclass(eq=False)
class TableBatches:
    """Blocks of rows from files: iterate over it, as often as you like. Made by `read_batches`.

    Each block is a tuple (x, y): x of shape (rows, features), y of shape (rows, targets), float64, finite, with each
    column in one piece of memory; or (x, y, sample_weight), with weights of shape (rows,).

    Attributes:
        sources: the files.
        wanted: what is read from them.
        batch_rows: how many rows a block has at most.
        dropped: how many rows the latest pass left out for a missing cell; None before the first.
    """

    sources: Sequence[Source]
    wanted: ColumnPlan
    batch_rows: int = BATCH_ROWS
    dropped: int | None = field(default=None, init=False)
    _used_rows: int | None = field(default=None, init=False, repr=False)

    @classmethod
    def learnt(cls, sources: Sequence[Source], wanted: ColumnPlan, batch_rows: int = BATCH_ROWS) -> "TableBatches":
        """The same, once the levels of all categorical columns are known.

        Raises:
            InputError: a column of too few or too many levels, or two features of one name.
        """
        unknown = [column for column, levels in wanted.categories.items() if levels is None]
        if unknown:
            plan = wanted if wanted.drop_missing else ColumnPlan(tuple(unknown), (), dict.fromkeys(unknown), False)
            levels: dict[str, set[str]] = {column: set() for column in unknown}
            for block in cls(sources, plan, batch_rows).blocks(counting=True):
                for column in unknown:
                    levels[column] |= block.levels[column]
                    if len(levels[column]) > categories.MOST_LEVELS:
                        raise categories.too_many_levels(column)
            learnt = {column: categories.sorted_levels(column, levels[column]) for column in unknown}
            wanted = replace(wanted, categories={**wanted.categories, **learnt})
        wanted.refuse_duplicate_names()
        return cls(sources, wanted, batch_rows)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The columns of x."""
        return self.wanted.feature_names

    @property
    def target_name(self) -> str | tuple[str, ...]:
        """The column of y; a tuple of several."""
        return self.wanted.targets[0] if len(self.wanted.targets) == 1 else self.wanted.targets

    @property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """The levels of each categorical column; the first is the reference level, and has no feature."""
        return {column: levels for column, levels in self.wanted.categories.items() if levels is not None}

    @property
    def rows(self) -> int | None:
        """How many rows the files have, where that is known without reading them, as of Parquet."""
        counts = [source.rows for source in self.sources]
        return None if None in counts else sum(count for count in counts if count is not None)

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        return (self.wanted.split(block.values) for block in self.blocks())

    def parts(self, count: int) -> "list[TableBatches]":
        """At most so many objects of the same kind, which together give each row once.

        Parquet files are shared out by row groups, CSV files as a whole.
        """
        checks.count(count, "count")
        units: list[tuple[int, Source]] = []
        for source in self.sources:
            units += source.parts() if isinstance(source, ParquetFile) else [(1, source)]
        total = sum(rows for rows, _ in units)
        shares: list[list[Source]] = [[] for _ in range(min(count, len(units)))]
        before = 0
        for number, (rows, source) in enumerate(units):
            middle = (before + rows / 2) / total if total else 0.0
            first, last = len(shares) - (len(units) - number), number  # none stays empty
            share = shares[min(max(int(middle * len(shares)), first), last, len(shares) - 1)]
            latest = share[-1] if share else None
            if isinstance(source, ParquetFile) and isinstance(latest, ParquetFile) and latest.name == source.name:
                share[-1] = latest.joined(source)
            else:
                share.append(source)
            before += rows
        return [replace(self, sources=share) for share in shares if share]

    def dataset(self, batch_size: int, dtype: str = "float64") -> "tf.data.Dataset":
        """The rows in batches of one size, for training with mini-batches on any loss.

        The rows come in the order of the files, in each epoch anew: `model.fit(batches.dataset(32), epochs=3)`. Keras
        wants to know how many batches there are: where that is not written in the files, as of CSV or with
        missing="drop", they are read once to count their rows, which finds bad cells before the training begins, too.

        Args:
            batch_size: rows in each batch; the last takes what is left.
            dtype: the float type of the tensors; a model converts them to its own.

        Returns:
            A `tf.data.Dataset` of (x, y), of shapes (rows, features) and (rows, targets), or of (x, y, sample_weight).
        """
        import tensorflow as tf

        checks.count(batch_size, "batch_size")
        shapes: list[tuple[int | None, ...]] = [(None, len(self.feature_names)), (None, len(self.wanted.targets))]
        if self.wanted.weight is not None:
            shapes.append((None,))
        blocks = tf.data.Dataset.from_generator(
            lambda: (tuple(part.astype(dtype) for part in block) for block in self),
            output_signature=tuple(tf.TensorSpec(shape, dtype) for shape in shapes),
        )
        rows = self._used_rows if self.rows is None or self.wanted.drop_missing else self.rows
        if rows is None:
            rows = sum(len(x) for x, *_ in self)
        batches = blocks.rebatch(batch_size).prefetch(tf.data.AUTOTUNE)
        return batches.apply(tf.data.experimental.assert_cardinality(math.ceil(rows / batch_size)))

    def blocks(self, counting: bool = False) -> Iterator[Block]:
        """The rows as blocks, with at least one row each.

        Args:
            counting: whether to read on after the first cell that cannot be used, to say how many there are.

        Raises:
            InputError: a cell that cannot be used, or no rows at all.
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
        for source in self.sources:
            yield from source.read_blocks(self.wanted, self.batch_rows)


def _join_small_blocks(blocks: Iterator[Block | BadCell], batch_rows: int) -> Iterator[Block | BadCell]:
    """The same with small blocks joined, to as many rows as they may have; those that are worth while are let be."""
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
        if rows + sum(each.values.shape[1] for each in small) > batch_rows or _SMALL_BLOCK * rows > batch_rows:
            yield from joined()
        small.append(block)
        if _SMALL_BLOCK * rows > batch_rows:
            yield from joined()
    yield from joined()
