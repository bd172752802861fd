"""make_column_plan: the columns to read from the sources, checked before any rows are read."""

import re
from collections.abc import Sequence
from typing import Any

from linfit import checks
from linfit.arguments import Argument
from linfit.checks import InputError
from linfit.data import categories, csv_text
from linfit.data.column_plan import ColumnPlan
from linfit.data.csv_file import CsvFile
from linfit.data.sources import Source

_BEGINS_AS_NUMBER = re.compile(r"[\W_]*\d")  # $20, 34.9%, 12 km: no letter before the first digit


def make_column_plan(
    sources: Sequence[Source],
    target: str | Sequence[str],
    features: Any,
    categorical: Any,
    sample_weight: str | None,
    missing: str,
) -> ColumnPlan:
    """Return the columns to read, after checking that each source has them and that they can be used.

    Args:
        sources: the files or the DataFrame.
        target, features, categorical, sample_weight, missing: see `read_table`.

    Raises:
        InputError: a column does not exist, is used twice, or holds neither numbers nor levels.
    """
    if missing not in ("error", "drop"):
        raise InputError(f"missing must be 'error' or 'drop', got {missing!r}.")
    first_source = sources[0]
    targets = (target,) if isinstance(target, str) else checks.names(target, "target")
    feature_columns = (features,) if isinstance(features, str) else features
    if feature_columns is None:
        feature_columns = tuple(name for name in first_source.columns if name not in (*targets, sample_weight))
        for other in sources[1:]:
            differing = sorted((set(first_source.columns) ^ set(other.columns)) - {*targets, sample_weight})
            if differing:
                raise InputError(
                    f"{other.name} and {first_source.name} must have the same columns unless features are named, got "
                    f"{', '.join(map(repr, differing))} in only one of them. Choose columns that all files have, with ",
                    Argument("features"),
                    ".",
                )
    feature_columns = tuple(feature_columns)
    weights = () if sample_weight is None else (sample_weight,)
    for source in sources:
        _check_presence(source, {"target": targets, "feature": feature_columns, "sample_weight": weights})
    if sample_weight in (*feature_columns, *targets):
        raise InputError(
            f"{sample_weight!r} weighs the rows and cannot be a feature or a target too. Choose another sample_weight."
        )
    for name in targets:
        if name in feature_columns:
            raise InputError(f"{name!r} is the target and cannot be a feature too. Leave it out of the features.")
    if not feature_columns:
        raise InputError(
            f"a fit needs at least one feature column besides the target {targets[0]!r}, got none from "
            f"{first_source.name}.{_separator_hint(first_source)}"
        )
    checks.names(feature_columns, "features")
    levels = categories.requested_levels(categorical, feature_columns)
    if any(isinstance(source, CsvFile) for source in sources):
        levels = {
            column: names if names is None else _stripped_levels(column, names) for column, names in levels.items()
        }
    plan = ColumnPlan(feature_columns, targets, levels, missing == "drop", sample_weight)
    for source in sources:
        _check_kinds(source, plan)
    return plan


def _check_presence(source: Source, columns: dict[str, tuple[str, ...]]) -> None:
    """Check that a source has the columns of each role."""
    for role, names in columns.items():
        for name in names:
            if name not in source.columns:
                listed = ", ".join(map(repr, source.columns))
                raise InputError(
                    f"{source.name} has no {role} column {name!r}. Its columns are: {listed}."
                    f"{_similar_name(name, source)}{_separator_hint(source)}"
                )


def _stripped_levels(column: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """Return levels as a CSV file's cells are read, without the spaces around them."""
    for level in given:
        if csv_text.level(level) is None:
            raise InputError(
                f"the levels of {column!r} must not include missing values, got {level!r}, which marks a missing cell "
                "in a CSV file. Leave that level out, or rename it in the file."
            )
    return checks.names([level.strip() for level in given], f"the levels of {column!r}")


def _similar_name(name: Any, source: Source) -> str:
    """Return a question about a column whose name differs only in case or in spaces around it, or ""."""
    similar = [column for column in source.columns if column.strip().casefold() == str(name).strip().casefold()]
    return f" Did you mean {similar[0]!r}?" if similar else ""


def _separator_hint(source: Source) -> str:
    """Return advice for a header that has one column and another separator in it, or ""."""
    header = str(source.columns[0])
    for name, separator, options in (("semicolons", ";", 'sep=";", decimal=","'), ("tabs", "\t", 'sep="\\t"')):
        if len(source.columns) == 1 and separator in header:
            return (
                f" Are they separated by {name}? Try linfit.read_table(pd.read_csv(..., {options}), ...), or save the "
                "file with commas between columns and with decimal points."
            )
    return ""


def _check_kinds(source: Source, plan: ColumnPlan) -> None:
    """Refuse columns that are neither numbers nor categorical; all text columns, or all dates, in one message."""
    kinds = {column: source.kind(column) for column in plan.columns if column not in plan.categories}

    def columns_of(kind: str) -> str:
        found = [column for column, column_kind in kinds.items() if column_kind == kind]
        word = "columns" if len(found) > 1 else "column"
        shown = ((column, source.example(column)) for column in found)
        return f"{word} " + ", ".join(f"{name!r}" + (f" (such as {cell!r})" if cell else "") for name, cell in shown)

    if "text" in kinds.values():
        text = [column for column, kind in kinds.items() if kind == "text"]
        numbers = [column for column in text if _BEGINS_AS_NUMBER.match(source.example(column))]
        words = [column for column in text if column not in numbers]
        remedy: list[str | Argument] = ["Try ", Argument("categorical", words)]
        if not words:
            remedy = ["Correct them, name them in ", Argument("categorical"), " if they are levels"]
        for role, columns in {"target": plan.targets, "sample_weight": (plan.weight,)}.items():
            if set(text) & set(columns):
                remedy = [f"Try another {role}" if set(words) & set(columns) else "Correct them"]
        advice = "Numbers must be written without currency signs, percent signs, spaces or thousands separators. "
        raise InputError(
            f"{source.name} has text where a fit needs numbers, in {columns_of('text')}. {advice if numbers else ''}",
            *remedy,
            ", or choose other columns with ",
            Argument("features"),
            ".",
        )
    if "decimal comma" in kinds.values():
        raise InputError(
            f"{source.name} has decimal commas in {columns_of('decimal comma')}. Save the numbers with decimal points."
        )
    if "date" in kinds.values():
        raise InputError(
            f"{source.name} has dates where a fit needs numbers, in {columns_of('date')}. Convert them to "
            "numbers, such as days since the first date (pandas: (dates - dates.min()).dt.days), or choose other "
            "columns with ",
            Argument("features"),
            ".",
        )
    for column, kind in kinds.items():
        if kind not in ("number", "boolean"):
            raise InputError(
                f"{source.name} must hold numbers in column {column!r}, got the type {kind}. Choose other columns "
                "with ",
                Argument("features"),
                ".",
            )
