"""The kinds of Arrow columns that a fit distinguishes: numbers, text, dates and others."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def kind_of_type(arrow_type: "pa.DataType") -> str:
    """Return "number" (also for booleans), "text", "date", or the name of another Arrow type."""
    import pyarrow.types as types

    if types.is_dictionary(arrow_type):
        return kind_of_type(arrow_type.value_type)
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    if any(test(arrow_type) for test in tests):
        return "number"
    if any(test(arrow_type) for test in (types.is_string, types.is_large_string, types.is_string_view)):
        return "text"
    return "date" if types.is_temporal(arrow_type) else str(arrow_type)
