"""ParquetFile: a Parquet file, or some of its row groups, as a source of rows."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from linfit import checks
from linfit.checks import InputError
from linfit.data.arrow_kinds import kind_of_type
from linfit.data.bad_cell import BadCell
from linfit.data.block import Block
from linfit.data.column_plan import ColumnPlan
from linfit.data.read_ahead import read_ahead

if TYPE_CHECKING:
    import pyarrow as pa

_BUFFER = 2**17  # bytes of a column that are read at a time; a whole row group may be as large as the file


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file, or some of its row groups. It is opened on first use.

    Attributes:
        name: its path.
        groups: the numbers of the row groups to read; None for all.

    Raises:
        InputError: on first use, the file is not a Parquet file or is damaged.
    """

    name: str
    groups: tuple[int, ...] | None = None

    @cached_property
    def _counts(self) -> tuple[int, ...]:
        """The number of rows in each row group of the file."""
        with self._open() as file:
            return tuple(file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups))

    @cached_property
    def _kinds(self) -> dict[str, str]:
        with self._open() as file:
            schema = file.schema_arrow
        checks.names(schema.names, f"the columns of {self.name}")
        return {field.name: kind_of_type(field.type) for field in schema}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._kinds)

    @property
    def rows(self) -> int:
        """The number of rows to read."""
        return sum(self._counts[group] for group in self._groups)

    def kind(self, column: str) -> str:
        """Return the kind of a column, as returned by `arrow_kinds.kind_of_type`."""
        return self._kinds[column]

    def example(self, column: str) -> str:
        """Return "", because finding a value would require reading the column."""
        return ""

    def parts(self) -> list[tuple[int, "ParquetFile"]]:
        """Return each row group as a source, with its number of rows."""
        return [(self._counts[group], replace(self, groups=(group,))) for group in self._groups]

    def joined(self, other: "ParquetFile") -> "ParquetFile":
        """Return one source with the row groups of both; they must belong to the same file."""
        return replace(self, groups=(*self._groups, *other._groups))

    def read_blocks(self, plan: ColumnPlan, batch_rows: int) -> Iterator[Block | BadCell]:
        """Yield the rows in order, in blocks of at most `batch_rows` rows, or a block's first bad cell."""
        for first_row, batch in read_ahead(self._batches(list(plan.columns), batch_rows)):
            arrays = [batch.column(column) for column in plan.columns]
            yield plan.convert(self.name, arrays, partial(_place, first_row))

    def _batches(self, columns: list[str], batch_rows: int) -> "Generator[tuple[int, pa.RecordBatch], None, None]":
        """Yield the rows in batches, each with the number of its first row in the file."""
        with self._open() as file:
            for group in self._groups:
                first_row = sum(self._counts[:group])
                batches = file.iter_batches(batch_rows, [group], columns, use_threads=False)
                while (batch := self._read(next, batches, None)) is not None:
                    yield first_row, batch
                    first_row += len(batch)

    @property
    def _groups(self) -> tuple[int, ...]:
        return tuple(range(len(self._counts))) if self.groups is None else self.groups

    def _open(self) -> Any:
        from pyarrow import parquet

        options = {"buffer_size": _BUFFER, "pre_buffer": False, "page_checksum_verification": True}
        return self._read(parquet.ParquetFile, self.name, **options)

    def _read(self, function: Any, *arguments: Any, **options: Any) -> Any:
        import pyarrow as pa

        try:
            return function(*arguments, **options)
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0].rstrip(".")
            raise InputError(
                f"{self.name} is not a Parquet file, or it is damaged: {reason}. Write or copy it again."
            ) from None


def _place(first_row: int, row: int) -> str:
    return f"row {first_row + row}, counted from 0"
