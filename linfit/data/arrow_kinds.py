"""What a column of an Arrow type holds, as far as a fit is concerned."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def kind(of: "pa.DataType") -> str:
    """One of "number" (booleans among them), "text", "date" or the name of another type."""
    import pyarrow.types as types

    if types.is_dictionary(of):
        return kind(of.value_type)
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    if any(test(of) for test in tests):
        return "number"
    if any(test(of) for test in (types.is_string, types.is_large_string, types.is_string_view)):
        return "text"
    return "date" if types.is_temporal(of) else str(of)
