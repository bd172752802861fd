"""TabularModel: a Keras model of rows and columns that checks its data and builds itself for the first."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from linfit import checks
from linfit.checks import InputError
from linfit.data.array_input import NO_Y, are_rows, as_matrix, as_rows, column_names, refuse_blocks, shape_of_batches
from linfit.data.categories import Categories
from linfit.data.column_matching import match_columns
from linfit.data.rows import Rows
from linfit.data.table import Table
from linfit.keras_utils.float_policy import computing_in
from linfit.keras_utils.replicas import one_row
from linfit.models.preconditions import refuse_created_outside_strategy, refuse_unsharded_batches
from linfit.statistics.sufficient_statistics import SufficientStatistics


class TabularModel(keras.Model):
    """A Keras model for x of shape (rows, features) and y of shape (rows, targets).

    It checks its data before Keras sees it and computes in its own dtype.

    Attributes:
        feature_names: a name for each feature, or None. Named columns are matched with them, in any order.
        categories: the levels of each categorical column of the `Table` that it was fitted to; the first level is the
            reference. The same columns of a DataFrame are encoded with these levels.
        targets: the number of columns of y; None before the first data.
    """

    def __init__(self, *, dtype: str | None = None, name: str | None = None):
        super().__init__(dtype=dtype, name=name)
        if self.compute_dtype not in ("float32", "float64"):
            raise InputError(f"dtype must be 'float32' or 'float64', got {self.compute_dtype!r}.")
        self.feature_names: tuple[str, ...] | None = None
        self.categories: Categories = {}
        self.targets: int | None = None

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, sample_weight: Any = None, **options: Any) -> Any:
        """Return the loss and the metrics on x and y, like `keras.Model.evaluate`."""
        refuse_blocks(x)
        refuse_statistics(x, "Or pass rows: model.evaluate(x, y).")
        if are_rows(x):
            x, y, sample_weight = self.checked_rows(x, y, sample_weight).as_tuple()
        elif isinstance(x, tf.data.Dataset):
            self.check_batches(x)
        with computing_in(self.dtype):
            return super().evaluate(x, y, *args, sample_weight=sample_weight, **options)

    def predict(self, x: Any, *args: Any, **options: Any) -> np.ndarray:
        """Return the predictions for x, shape (rows, targets), like `keras.Model.predict`."""
        refuse_blocks(x)
        if are_rows(x):
            x = as_matrix(self.matched(x), "x", self.dtype)
            self.check_features(x.shape[1])
        with computing_in(self.dtype):
            return super().predict(x, *args, **options)

    def matched(self, x: Any) -> Any:
        """Return x with its columns in the model's order, if both have names."""
        return match_columns(x, self.feature_names, self.categories)

    def check_features(self, count: int) -> None:
        """Refuse a number of features that is not the model's."""
        if self.built and count != self.input_spec.axes[-1]:
            raise InputError(f"x must have the model's {self.input_spec.axes[-1]} features, got {count}.")
        if self.feature_names:
            checks.one_name_each(self.feature_names, count)

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the configuration from which a loaded model is built, with the levels of its categorical columns."""
        config = super().get_build_config()
        return config and config | {"categories": {column: list(levels) for column, levels in self.categories.items()}}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build the parameters of a loaded model."""
        config = dict(config)
        self.categories = {column: tuple(levels) for column, levels in config.pop("categories", {}).items()}
        super().build_from_config(config)

    def checked_rows(self, x: Any, y: Any, sample_weight: Any = None) -> Rows:
        """Return x, y and sample_weight as checked rows that match the model; the first rows build it."""
        x = self.matched(x)
        rows, names = as_rows(x, y, sample_weight, dtype=None, fits=self.dtype), column_names(x)
        self.check_features(rows.x.shape[1])
        self.build_for(rows.x.shape[1], rows.y.shape[1], names, x.categories if isinstance(x, Table) else {})
        return rows

    def check_batches(self, batches: tf.data.Dataset) -> None:
        """Check the shapes of a data set and how workers share it; the first data set builds the model."""
        refuse_unsharded_batches(self, batches)
        features, targets = shape_of_batches(batches)
        if features is not None and targets is not None:
            self.check_features(features)
            self.build_for(features, targets)

    def check_statistics(self, statistics: SufficientStatistics) -> None:
        """Refuse statistics of columns that are not the model's; the first statistics build it."""
        names = statistics.feature_names
        if names and self.feature_names and names != self.feature_names:
            raise InputError(
                f"the statistics must have the features {list(self.feature_names)}, in this order, got {list(names)}. "
                f"Try linfit.read_batches(..., features={list(self.feature_names)})."
            )
        # With another reference level, features of the same name mean something else.
        for column, levels in (statistics.categories or {}).items():
            expected = tuple(self.categories.get(column, levels))
            if tuple(levels) != expected:
                raise InputError(
                    f"column {column!r} of the statistics must have the model's levels {list(expected)}, the first of "
                    f"which is the reference level, got {list(levels)}. Try linfit.read_batches(..., "
                    "categorical=model.categories)."
                )
        self.check_features(statistics.features)
        self.build_for(statistics.features, statistics.targets, statistics.feature_names, statistics.categories)

    def build_for(
        self, features: int, targets: int, names: tuple[str, ...] | None = None, categories: Categories | None = None
    ) -> None:
        """Build the parameters if the model has none yet, and refuse a number of targets that is not the model's."""
        if not self.built:
            inferred = self.targets is None
            self.targets = self.targets or targets
            try:
                with computing_in(self.dtype), self.distribute_strategy.scope():
                    self.build((None, features))
            except InputError:
                self.targets = None if inferred else self.targets  # the next call may bring other targets
                raise
            self.feature_names = self.feature_names or names
            self.categories = categories or self.categories
        if targets != self.targets:
            raise InputError(
                f"y must have the model's {self.targets} target(s), got {targets} columns. "
                f"Try {type(self).__name__}(targets={targets})."
            )

    def _unpack(self, data: Any) -> tuple[Any, Any, Any]:
        """Return a batch as x, y and sample_weight, with y of shape (rows, targets).

        A y of shape (rows,) must become a column before it is subtracted: predictions of shape (rows, 1) minus y of
        shape (rows,) broadcast to (rows, rows), and the fit would be nonsense.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if y is None:
            raise InputError(NO_Y)
        if y.shape.rank == 1:
            y = tf.expand_dims(y, -1)
        if y.shape.rank is not None and y.shape[-1] is not None:
            self.build_for(x.shape[-1], y.shape[-1])
        else:  # Keras traces an unknown rank if batches of both shapes alternate
            y = tf.ensure_shape(tf.reshape(y, (tf.shape(x)[0], -1)), (None, self.targets))
        return x, y, sample_weight

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Pass Keras a batch that it can read under a strategy; see keras_utils/replicas.py."""
        if iterator is not None and self._distribute_strategy is not None:
            iterator, data_batch = None, self._unpack(one_row(self._distribute_strategy, iterator))
        super()._maybe_symbolic_build(iterator, data_batch)
        refuse_created_outside_strategy(self)


def refuse_statistics(values: Any, remedy: str) -> None:
    """Refuse statistics where Keras needs single rows."""
    if isinstance(values, SufficientStatistics):
        raise InputError(
            f"statistics have no rows to evaluate. For their loss, try linfit.compare(model, statistics). {remedy}"
        )
