"""of_parts: the R factor of parts that workers read by themselves."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from operator import add
from typing import Any, NamedTuple

from linfit.checks import InputError, NoRows
from linfit.statistics.pairwise_sum import PairwiseSum
from linfit.statistics.r_factor import RFactor
from linfit.statistics.streaming import Reduction, add_batches
from linfit.text.rows_bar import RowsBar


def of_parts(
    parts: Iterable[Any], load: Callable[[Any], Iterable[Any]] | None, executor: Any, use_bias: bool, verbose: Any
) -> RFactor:
    """See `SufficientStatistics.from_parts`."""
    parts = list(parts)
    if not parts:
        raise InputError("there are no parts: at least one with a row was expected.")
    sums: PairwiseSum[RFactor] = PairwiseSum(add)
    rows, nothing = 0, ""
    with RowsBar(verbose, "parts", len(parts)) as bar:
        condensed = _condensed(parts, partial(_of_part, load, use_bias), executor)
        for number, (part, found) in enumerate(zip(parts, condensed, strict=True), 1):
            if found.statistics is not None:
                sums.append(found.statistics)
            if load is None and hasattr(part, "dropped"):
                part.dropped = found.dropped  # which only the copy of it that the worker has read knows so far
            nothing = nothing or found.nothing
            rows += found.rows
            bar.show(number, rows)
    total = sums.total()
    if total is None:
        raise NoRows(f"no part has a row that counts; at least one was expected. The first: {nothing}")
    return replace(total, rows=rows)


class _Found(NamedTuple):
    """What a worker sends back of a part.

    Attributes:
        statistics: of its rows; None where there are none, or none that weighs more than 0.
        rows: how many there are.
        dropped: how many more were left out for a missing cell; None where the part does not say so.
        nothing: why there are no statistics, in words.
    """

    statistics: RFactor | None
    rows: int
    dropped: int | None
    nothing: str


def _of_part(load: Callable[[Any], Iterable[Any]] | None, use_bias: bool, part: Any) -> _Found:
    """What a worker does."""
    batches = part if load is None else load(part)
    reduction = Reduction(use_bias, getattr(batches, "feature_names", None))
    statistics, nothing = None, ""
    try:
        add_batches(reduction, batches, verbose=0)
        statistics = replace(reduction.statistics(), categories=getattr(batches, "categories", None))
    except NoRows as error:
        nothing = str(error)
    return _Found(statistics, reduction.rows, getattr(batches, "dropped", None), nothing)


def _condensed(parts: list[Any], condense: Callable[[Any], _Found], executor: Any) -> Iterator[_Found]:
    """What is found in each part, in their order."""
    if executor is None:
        yield from map(condense, parts)
        return
    in_turn = getattr(executor, "imap", None) or getattr(executor, "map", None)  # multiprocessing's map waits for all
    if in_turn is None:
        raise InputError(
            f"executor must have a map, as a pool of concurrent.futures or a dask.distributed.Client has, "
            f"got {executor!r}."
        )
    for found in in_turn(condense, parts):
        yield found.result() if hasattr(found, "result") else found  # Dask's map gives futures
