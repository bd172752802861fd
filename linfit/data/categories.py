"""Categorical columns: one feature of zeros and ones for each level except the first, the reference level."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit import checks
from linfit.checks import InputError

if TYPE_CHECKING:
    import pyarrow as pa

MOST_LEVELS = 10_000
MISSING, UNKNOWN = -1, -2  # codes of cells without a known level; levels are numbered from 0

Categories = Mapping[str, tuple[str, ...]]


def requested_levels(categorical: Any, features: tuple[str, ...]) -> dict[str, tuple[str, ...] | None]:
    """Return the levels that a user gave for each categorical column; None where they are to be learnt from the rows.

    Args:
        categorical: a feature, a list of features, or a mapping of features to their levels or None.
        features: the columns that may be categorical.

    Raises:
        InputError: a column is not a feature, or its levels are fewer than two, too many or not distinct.
    """
    if isinstance(categorical, str):
        categorical = [categorical]
    given = dict(categorical) if isinstance(categorical, Mapping) else dict.fromkeys(categorical or ())
    requested: dict[str, tuple[str, ...] | None] = {}
    for column, levels in given.items():
        if column not in features:
            raise InputError(
                f"categorical must name features, got {column!r}. Choose from: {', '.join(map(repr, features))}."
            )
        requested[column] = None
        if levels is not None:
            names = checks.names([level_name(level) for level in levels], f"the levels of {column!r}")
            _check_number_of_levels(column, names)
            requested[column] = names
    return requested


def sorted_levels(column: str, levels: Iterable[str]) -> tuple[str, ...]:
    """Return the levels of a column in order: numerical order if all of them are numbers, otherwise that of text.

    Raises:
        InputError: there are fewer than two levels, or too many.
    """
    levels = list(levels)
    try:
        ordered = sorted(levels, key=float)
    except ValueError:
        ordered = sorted(levels)
    _check_number_of_levels(column, ordered)
    return tuple(ordered)


def too_many_levels(column: str) -> InputError:
    """Return the error for a column with too many levels, such as one that identifies the rows."""
    return InputError(
        f"categorical column {column!r} must have at most {MOST_LEVELS:,} levels, since each becomes a feature, got "
        "more. Leave it out of the features."
    )


def level_name(level: Any) -> str:
    """Return a level as text: the same text whether it comes from a CSV file, a Parquet file or a DataFrame."""
    if isinstance(level, bool | np.bool_):
        return "true" if level else "false"
    if isinstance(level, float | np.floating) and float(level).is_integer():
        level = int(level)
    return str(level)


def feature_names(column: str, levels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a categorical column's features, such as `city=Paris`; the reference level has no feature."""
    return tuple(f"{column}={level}" for level in levels[1:])


def one_hot(levels: tuple[str, ...]) -> np.ndarray:
    """Return the features of each level, shape (levels, levels - 1): Keras's one-hot columns without the first.

    With the first column, they would add up to the bias's column of ones, and the optimum would not be unique. Without
    it, the weight of a level is its difference from the reference level ("treatment coding"; Draper & Smith, "Applied
    Regression Analysis", 1998, chapter 14).
    """
    import keras

    lookup = keras.layers.StringLookup(vocabulary=list(levels), num_oov_indices=0, output_mode="one_hot")
    return np.asarray(lookup(np.array(levels, dtype=object)), "float64")[:, 1:]


def as_text(column: "pa.Array") -> "pa.Array":
    """Return a column's cells as text: an array of strings, or a dictionary array of strings."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, as_text(column.dictionary))
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
        if pc.all(pc.equal(column, pc.floor(column))).as_py():
            column = column.cast(pa.int64())
    return column.cast(pa.string())


def level_codes(column: "pa.Array", levels: tuple[str, ...]) -> np.ndarray:
    """Return the index of each cell's level, shape (rows,), or MISSING or UNKNOWN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = as_text(column)
    if pa.types.is_dictionary(column.type):
        entry_codes = np.append(level_codes(column.dictionary, levels), MISSING)
        return entry_codes[column.indices.fill_null(len(column.dictionary)).to_numpy(zero_copy_only=False)]
    codes = pc.index_in(column, value_set=pa.array(levels, pa.string())).fill_null(UNKNOWN).to_numpy()
    if column.null_count:
        codes = np.where(column.is_null().to_numpy(zero_copy_only=False), MISSING, codes)
    return codes


def distinct_levels(column: "pa.Array", kept: np.ndarray | None) -> set[str]:
    """Return the levels that occur in a column, in all rows or in those where `kept` is true."""
    import pyarrow as pa

    column = column if kept is None else column.filter(pa.array(kept))
    column = as_text(column.unique())
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return set(column.drop_null().to_pylist())


def _check_number_of_levels(column: str, levels: Sequence[str]) -> None:
    if len(levels) < 2:
        only = f", {levels[0]!r}" if levels else ""
        raise InputError(
            f"categorical column {column!r} must have at least two levels, got {len(levels)}{only}. "
            "A column with fewer adds nothing to the bias. Leave it out of the features."
        )
    if len(levels) > MOST_LEVELS:
        raise too_many_levels(column)
