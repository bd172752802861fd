"""Categorical columns: a feature of zeros and ones for each level but the first, the reference level."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linfit import checks
from linfit.checks import InputError

if TYPE_CHECKING:
    import pyarrow as pa

MOST_LEVELS = 10_000
MISSING, UNKNOWN = -1, -2  # codes beside those of the levels, which count from 0

Categories = Mapping[str, tuple[str, ...]]


def requested_levels(categorical: Any, features: tuple[str, ...]) -> dict[str, tuple[str, ...] | None]:
    """The levels of each categorical column as a user gave them; None where the rows are to show them.

    Raises:
        InputError: neither a list of features nor a mapping of features to levels.
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
    """The levels that the rows of a column have shown: as numbers where all of them are numbers, else as text."""
    levels = list(levels)
    try:
        ordered = sorted(levels, key=float)
    except ValueError:
        ordered = sorted(levels)
    _check_number_of_levels(column, ordered)
    return tuple(ordered)


def too_many_levels(column: str) -> InputError:
    """The refusal of a column that rather names its rows."""
    return InputError(
        f"categorical column {column!r} must have at most {MOST_LEVELS:,} levels, since each becomes a feature, got "
        "more. Leave it out of the features."
    )


def level_name(level: Any) -> str:
    """A level as its text, the same from a CSV file, a Parquet file and a DataFrame."""
    if isinstance(level, bool | np.bool_):
        return "true" if level else "false"
    if isinstance(level, float | np.floating) and float(level).is_integer():
        level = int(level)
    return str(level)


def feature_names(column: str, levels: tuple[str, ...]) -> tuple[str, ...]:
    """What the features of a categorical column are called: `city=Paris`; the reference level has none."""
    return tuple(f"{column}={level}" for level in levels[1:])


def one_hot(levels: tuple[str, ...]) -> np.ndarray:
    """The features of each level, shape (levels, levels - 1): Keras's one-hot columns without the first.

    All columns would add up to the bias's column of ones, and the optimum would not be unique: the weight of a level
    is its difference to the reference level ("treatment coding"; Draper & Smith, "Applied Regression Analysis", 1998,
    chapter 14).
    """
    import keras

    lookup = keras.layers.StringLookup(vocabulary=list(levels), num_oov_indices=0, output_mode="one_hot")
    return np.asarray(lookup(np.array(levels, dtype=object)), "float64")[:, 1:]


def as_text(column: "pa.Array") -> "pa.Array":
    """A column's cells as text: an array of strings, or a dictionary of them."""
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
    """The number of each cell's level, shape (rows,); MISSING and UNKNOWN where there is none."""
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
    """The levels in a column, of all rows or of those kept."""
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
