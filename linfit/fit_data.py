"""What a fit is given, checked: rows in memory or a stream, and what is held out of them."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from linfit.checks import InputError
from linfit.condensed import condensed_rows, refuse_beside_statistics, refuse_statistics
from linfit.rows import Rows, are_rows, refuse_blocks
from linfit.sufficient_statistics import SufficientStatistics
from linfit.table import Table
from linfit.tabular_model import TabularModel

_DEFAULT_BATCH_SIZE = 32  # Keras's own


class FitData(NamedTuple):
    """What a fit is given; make it with `fit_data`.

    Attributes:
        rows: those that are fitted, where they are in memory; else None.
        held_out: those that are held out, where they are in memory; else None.
        batch_size: the rows in each step; None for a stream, which has its own.
        others: what else Keras takes in place of these: `x`, `y`, `validation_data`, ...
    """

    rows: Rows | None
    held_out: Rows | None
    batch_size: int | None
    others: dict[str, Any]

    @property
    def validates_in_memory(self) -> bool:
        """Whether what is held out, if anything is, is no stream."""
        return self.held_out is not None or self.others["validation_data"] is None

    def for_keras(self, dtype: str) -> dict[str, Any]:
        """All of it as `keras.Model.fit` takes it, with what is in memory in a float type."""
        arguments = dict(self.others)
        if self.rows is not None:
            x, y, sample_weight = self.rows.as_type(dtype).as_tuple()
            arguments |= {"x": x, "y": y, "sample_weight": sample_weight, "validation_split": 0.0}
        if self.held_out is not None:
            arguments["validation_data"] = self.held_out.as_type(dtype).as_tuple()
        return arguments


def fit_data(
    model: TabularModel,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    validation_split: float,
    validation_data: Any,
    options: Mapping[str, Any],
) -> FitData:
    """Checks the data of a fit against each other and the model, which is built for them if they are the first.

    Args:
        model: what is fitted.
        x, y, sample_weight, batch_size, validation_split, validation_data: as the user passes them to `fit`.
        options: all else that Keras is passed.

    Raises:
        InputError: what does not fit together.
    """
    refuse_blocks(x)
    refuse_blocks(validation_data)
    refuse_statistics(validation_data, "As validation_data pass rows: validation_data=(x, y).")
    rows = held_out = None
    if isinstance(x, SufficientStatistics):
        rows = condensed_rows(model, x)
        given = {"y": y, "batch_size": batch_size, "sample_weight": sample_weight, "validation_split": validation_split}
        refuse_beside_statistics(model, x, {**given, **options})
        batch_size = max(x.rows, len(rows))
    elif are_rows(x):
        rows = model.checked_rows(x, y, sample_weight)
        if validation_data is None and validation_split:
            kept = math.floor(len(rows) * (1.0 - validation_split))  # Keras holds out the last rows
            if not 0 < kept < len(rows):
                raise InputError(
                    f"validation_split must leave rows for both parts, got {validation_split} of {len(rows)} rows. "
                    "Try 0.2."
                )
            rows, held_out = rows.first(kept), rows.part(kept, len(rows))
    elif isinstance(x, tf.data.Dataset):
        model.check_batches(x)
    if isinstance(validation_data, Table):
        validation_data = (validation_data, None)
    if isinstance(validation_data, tuple | list):
        if len(validation_data) not in (2, 3):
            raise InputError(
                f"validation_data must be (x, y) or (x, y, sample_weight), got {len(validation_data)} parts."
            )
        held_out = model.checked_rows(*validation_data)
    elif isinstance(validation_data, tf.data.Dataset):
        model.check_batches(validation_data)
    others = {
        "x": x,
        "y": y,
        "sample_weight": sample_weight,
        "batch_size": batch_size,
        "validation_split": validation_split,
        "validation_data": validation_data,
    }
    return FitData(rows, held_out, None if rows is None else batch_size or _DEFAULT_BATCH_SIZE, others)
