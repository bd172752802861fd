"""reduce_parts: the R factor of parts, each read and reduced by a worker."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from operator import add
from typing import Any, NamedTuple

from linfit.checks import InputError, NoRows
from linfit.statistics.pairwise_sum import PairwiseSum
from linfit.statistics.r_factor import RFactor
from linfit.statistics.reduction import Reduction, add_batches
from linfit.text.rows_bar import RowsBar


def reduce_parts(
    parts: Iterable[Any], load: Callable[[Any], Iterable[Any]] | None, executor: Any, use_bias: bool, verbose: Any
) -> RFactor:
    """Return the R factor of all parts; see `SufficientStatistics.from_parts`."""
    parts = list(parts)
    if not parts:
        raise InputError("parts must include at least one part with a row, got no parts.")
    sums: PairwiseSum[RFactor] = PairwiseSum(add)
    rows, reason = 0, ""
    with RowsBar(verbose, "parts", len(parts)) as bar:
        results = _results(parts, partial(_reduce_part, load, use_bias), executor)
        for number, (part, result) in enumerate(zip(parts, results, strict=True), 1):
            if result.statistics is not None:
                sums.append(result.statistics)
            if load is None and hasattr(part, "dropped"):
                part.dropped = result.dropped  # a worker counts them on its own copy of the part
            reason = reason or result.reason
            rows += result.rows
            bar.show(number, rows)
    total = sums.total()
    if total is None:
        raise NoRows(f"at least one part must have a row with a weight above 0, got none. The first part: {reason}")
    return replace(total, rows=rows)


class _PartResult(NamedTuple):
    """A worker's result for one part.

    Attributes:
        statistics: of the part's rows; None if it has no row with a weight above 0.
        rows: the number of rows.
        dropped: the number of further rows that were left out for a missing cell; None if the part does not count them.
        reason: the message that says why there are no statistics, or "".
    """

    statistics: RFactor | None
    rows: int
    dropped: int | None
    reason: str


def _reduce_part(load: Callable[[Any], Iterable[Any]] | None, use_bias: bool, part: Any) -> _PartResult:
    """Read and reduce one part; this runs in the workers."""
    batches = part if load is None else load(part)
    reduction = Reduction(use_bias, getattr(batches, "feature_names", None))
    statistics, reason = None, ""
    try:
        add_batches(reduction, batches, verbose=0)
        statistics = replace(reduction.statistics(), categories=getattr(batches, "categories", None))
    except NoRows as error:
        reason = str(error)
    return _PartResult(statistics, reduction.rows, getattr(batches, "dropped", None), reason)


def _results(parts: list[Any], reduce: Callable[[Any], _PartResult], executor: Any) -> Iterator[_PartResult]:
    """Yield the results in the order of the parts."""
    if executor is None:
        yield from map(reduce, parts)
        return
    # multiprocessing's map waits until all are done, its imap does not
    ordered_map = getattr(executor, "imap", None) or getattr(executor, "map", None)
    if ordered_map is None:
        raise InputError(
            f"executor must have a map method, such as a concurrent.futures pool or a dask.distributed.Client, "
            f"got {executor!r}."
        )
    for result in ordered_map(reduce, parts):
        yield result.result() if hasattr(result, "result") else result  # Dask's map returns futures
