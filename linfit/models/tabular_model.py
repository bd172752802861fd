"""A Keras model of rows and columns, which checks what it is given."""

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
from linfit.statistics.sufficient_statistics import SufficientStatistics


class TabularModel(keras.Model):
    """A Keras model whose x is (rows, features) and whose y is (rows, targets), checked first and in its own dtype.

    Attributes:
        feature_names: a name for each feature, or None. Columns with names are matched with them, in any order.
        categories: the levels of each categorical column of the `Table` it was fitted on; the first is the reference.
            A DataFrame with such a column is encoded in the same way.
        targets: how many columns y has; None until the first data are seen.
    """

    def __init__(self, *, dtype: str | None = None, name: str | None = None):
        super().__init__(dtype=dtype, name=name)
        if self.compute_dtype not in ("float32", "float64"):
            raise InputError(f"dtype must be 'float32' or 'float64', got {self.compute_dtype!r}.")
        self.feature_names: tuple[str, ...] | None = None
        self.categories: Categories = {}
        self.targets: int | None = None

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, sample_weight: Any = None, **options: Any) -> Any:
        """The loss and metrics on x and y, like `keras.Model.evaluate`."""
        refuse_blocks(x)
        refuse_statistics(x, "Or pass rows: model.evaluate(x, y).")
        if are_rows(x):
            x, y, sample_weight = self.checked_rows(x, y, sample_weight).as_tuple()
        elif isinstance(x, tf.data.Dataset):
            self.check_batches(x)
        with computing_in(self.dtype):
            return super().evaluate(x, y, *args, sample_weight=sample_weight, **options)

    def predict(self, x: Any, *args: Any, **options: Any) -> np.ndarray:
        """The predictions for x, shape (rows, targets), like `keras.Model.predict`."""
        refuse_blocks(x)
        if are_rows(x):
            x = as_matrix(self.matched(x), "x", self.dtype)
            self.check_features(x.shape[1])
        with computing_in(self.dtype):
            return super().predict(x, *args, **options)

    def matched(self, x: Any) -> Any:
        """Return x with its columns in the model's order, where both have names."""
        return match_columns(x, self.feature_names, self.categories)

    def check_features(self, count: int) -> None:
        """Refuses another number of features than the model's."""
        if self.built and count != self.input_spec.axes[-1]:
            raise InputError(f"x must have the model's {self.input_spec.axes[-1]} features, got {count}.")
        if self.feature_names:
            checks.one_name_each(self.feature_names, count)

    def get_build_config(self) -> dict[str, Any] | None:
        """What a loaded model is built from: what the first data have shown."""
        config = super().get_build_config()
        return config and config | {"categories": {column: list(levels) for column, levels in self.categories.items()}}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Makes the parameters of a loaded model."""
        config = dict(config)
        self.categories = {column: tuple(levels) for column, levels in config.pop("categories", {}).items()}
        super().build_from_config(config)

    def checked_rows(self, x: Any, y: Any, sample_weight: Any = None) -> Rows:
        """Checks rows against each other and the model, whose parameters are made if these are the first."""
        x = self.matched(x)
        rows, names = as_rows(x, y, sample_weight, dtype=None, fits=self.dtype), column_names(x)
        self.check_features(rows.x.shape[1])
        self.build_for(rows.x.shape[1], rows.y.shape[1], names, x.categories if isinstance(x, Table) else {})
        return rows

    def check_batches(self, batches: tf.data.Dataset) -> None:
        """The same for a data set, by the shapes it announces."""
        features, targets = shape_of_batches(batches)
        if features is not None and targets is not None:
            self.check_features(features)
            self.build_for(features, targets)

    def check_statistics(self, statistics: SufficientStatistics) -> None:
        """Refuse statistics of other columns than the model's, which is built for them if they come first."""
        names = statistics.feature_names
        if names and self.feature_names and names != self.feature_names:
            raise InputError(
                f"the statistics must have the features {list(self.feature_names)}, in this order, got {list(names)}. "
                f"Try linfit.read_batches(..., features={list(self.feature_names)})."
            )
        # Features of the same name mean something else where the reference level is another.
        for column, levels in (statistics.categories or {}).items():
            expected = tuple(self.categories.get(column, levels))
            if tuple(levels) != expected:
                raise InputError(
                    f"column {column!r} of the statistics has the levels {list(levels)}, the model's has "
                    f"{list(expected)}; the first is the reference level. Try linfit.read_batches(..., "
                    "categorical=model.categories)."
                )
        self.check_features(statistics.features)
        self.build_for(statistics.features, statistics.targets, statistics.feature_names, statistics.categories)

    def build_for(
        self, features: int, targets: int, names: tuple[str, ...] | None = None, categories: Categories | None = None
    ) -> None:
        """Makes the parameters if they are not made yet, and refuses another number of targets than the model's."""
        if not self.built:
            inferred = self.targets is None
            self.targets = self.targets or targets
            try:
                with computing_in(self.dtype), self.distribute_strategy.scope():
                    self.build((None, features))
            except InputError:
                self.targets = None if inferred else self.targets  # as new, for the next try
                raise
            self.feature_names = self.feature_names or names
            self.categories = categories or self.categories
        if targets != self.targets:
            raise InputError(
                f"y must have the model's {self.targets} target(s), got {targets} columns. "
                f"Try {type(self).__name__}(targets={targets})."
            )

    def _unpack(self, data: Any) -> tuple[Any, Any, Any]:
        """A batch as x, y and sample_weight, with y of shape (rows, targets).

        A y of shape (rows,) must become a column before anything is subtracted from it: predictions of shape
        (rows, 1) minus y of shape (rows,) are (rows, rows) numbers, and a fit of them is nonsense.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if y is None:
            raise InputError(NO_Y)
        if y.shape.rank == 1:
            y = tf.expand_dims(y, -1)
        if y.shape.rank is not None and y.shape[-1] is not None:
            self.build_for(x.shape[-1], y.shape[-1])
        else:  # batches of both shapes came in turn
            y = tf.ensure_shape(tf.reshape(y, (tf.shape(x)[0], -1)), (None, self.targets))
        return x, y, sample_weight


def refuse_statistics(values: Any, remedy: str) -> None:
    """Refuses statistics where Keras looks at rows one by one."""
    if isinstance(values, SufficientStatistics):
        raise InputError(
            f"statistics have no rows to evaluate; linfit.compare(model, statistics) tells the loss on them. {remedy}"
        )
