"""The inputs of a fit, checked: rows in memory or a stream, and the rows held out for validation."""

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from linfit.checks import InputError
from linfit.data.array_input import are_rows, refuse_blocks
from linfit.data.rows import Rows
from linfit.data.table import Table
from linfit.models.statistics_input import condensed_rows, refuse_what_needs_rows
from linfit.models.tabular_model import TabularModel, refuse_statistics
from linfit.statistics.sufficient_statistics import SufficientStatistics
from linfit.training.fit import Fit

_DEFAULT_BATCH_SIZE = 32  # Keras's own


def fit_from_inputs(
    model: TabularModel,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    validation_split: float,
    validation_data: Any,
    options: Mapping[str, Any],
) -> Fit:
    """Return a fit with its data checked against each other and the model; the first data build the model.

    Args:
        model: the model to fit.
        x, y, sample_weight, batch_size, validation_split, validation_data: as the user passes them to `fit`.
        options: the other arguments for Keras.

    Raises:
        InputError: the inputs do not match each other or the model.
    """
    refuse_blocks(x)
    refuse_blocks(validation_data)
    refuse_statistics(validation_data, "For validation, pass rows: validation_data=(x, y).")
    rows: Rows | None = None
    held_out: Rows | None = None
    if isinstance(x, SufficientStatistics):
        rows = condensed_rows(model, x)
        given = {"y": y, "batch_size": batch_size, "sample_weight": sample_weight, "validation_split": validation_split}
        refuse_what_needs_rows(model, x, {**given, **options})
        batch_size = max(x.rows, len(rows))
    elif are_rows(x):
        rows = model.checked_rows(x, y, sample_weight)
        if validation_data is None and validation_split:
            rows, held_out = _split(rows, validation_split)
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
    keras_arguments = {
        "x": x,
        "y": y,
        "sample_weight": sample_weight,
        "batch_size": batch_size,
        "validation_split": validation_split,
        "validation_data": validation_data,
    }
    return Fit(model, rows, held_out, None if rows is None else batch_size or _DEFAULT_BATCH_SIZE, keras_arguments)


def _split(rows: Rows, validation_split: float) -> tuple[Rows, Rows]:
    """Return the rows to train on and the rows to hold out; the latter are the last ones, as in Keras."""
    kept = math.floor(len(rows) * (1.0 - validation_split))
    if not 0 < kept < len(rows):
        raise InputError(
            f"validation_split must leave rows for training and for validation, got {validation_split} of {len(rows)} "
            "rows. Try 0.2."
        )
    return rows.first(kept), rows.part(kept, len(rows))
