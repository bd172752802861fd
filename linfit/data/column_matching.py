"""match_columns: the columns of x in the model's order, with text columns encoded as they were for the fit."""

from dataclasses import replace
from typing import Any

import numpy as np

from linfit import checks
from linfit.checks import InputError
from linfit.data.array_input import column_names
from linfit.data.bad_cell import BadCell, affected_rows
from linfit.data.categories import Categories
from linfit.data.column_plan import ColumnPlan
from linfit.data.dataframe_source import DataFrameSource
from linfit.data.table import Table


def match_columns(x: Any, feature_names: tuple[str, ...] | None, categories: Categories) -> Any:
    """Return x with its columns in the model's order and text columns as features of zeros and ones.

    x is returned unchanged if it has no column names or the model has no feature names.

    Args:
        x: the features, in any form a user may pass.
        feature_names: the feature names of the model, if it has any.
        categories: the levels of the model's categorical columns.

    Raises:
        InputError: a column is missing or unknown, a level is unknown, or a `Table` has other levels than the model.
    """
    names = column_names(x)
    if names is None:
        return x
    checks.names(names, "the columns of x")
    if not feature_names:
        return x
    if isinstance(x, Table):
        for column in sorted(set(x.categories) & set(categories)):
            if x.categories[column] != tuple(categories[column]):
                raise InputError(
                    f"column {column!r} of the table must have the model's levels {list(categories[column])} in this "
                    f"order, the first being the reference level, got {list(x.categories[column])}. Read the table "
                    "with read_table(..., categorical=model.categories)."
                )
    if names == feature_names:
        return x
    if set(names) == set(feature_names):
        order = [names.index(name) for name in feature_names]
        if isinstance(x, Table):
            return replace(x, x=x.x[:, order], feature_names=feature_names)
        return x.iloc[:, order] if hasattr(x, "iloc") else x.select(list(feature_names))

    columns = feature_names if isinstance(x, Table) else _columns_of(feature_names, categories)
    missing = [repr(name) for name in columns if name not in names]
    additional = [repr(name) for name in names if name not in columns]
    if missing or additional:
        differences = [f"lacks {', '.join(missing)}"] * bool(missing)
        differences += [f"has {', '.join(additional)} in addition"] * bool(additional)
        remedy = "Add or rename columns." if missing else f"Try x[{list(columns)}]."
        raise InputError(
            f"x must have the model's columns {list(columns)}, in any order; it {' and '.join(differences)}. {remedy}"
        )
    return _encoded(x, columns, categories)


def _columns_of(feature_names: tuple[str, ...], categories: Categories) -> tuple[str, ...]:
    """Return the columns from which these features were derived."""
    column_of = {f"{column}={level}": column for column, levels in categories.items() for level in levels[1:]}
    return tuple(dict.fromkeys(column_of.get(name, name) for name in feature_names))


def _encoded(x: Any, columns: tuple[str, ...], categories: Categories) -> np.ndarray:
    """Return the features of a DataFrame with the model's columns, shape (rows, features)."""
    frame = DataFrameSource(x, "x")
    for column in columns:
        if column not in categories and frame.kind(column) not in ("number", "boolean"):
            raise InputError(
                f"x must hold numbers in column {column!r}, got {frame.example(column)!r}. Convert it to numbers."
            )
    plan = ColumnPlan(
        columns, (), {column: tuple(categories[column]) for column in columns if column in categories}, False
    )
    blocks = list(frame.read_blocks(plan, max(1, frame.rows)))
    if not blocks:
        raise InputError(f"x has no values: its shape is {(frame.rows, len(columns))}. At least one row is required.")
    block = blocks[0]
    if isinstance(block, BadCell):
        raise block.error(affected_rows(block.counts[block.column]), "Correct those cells, or leave out their rows.")
    return block.values.T
