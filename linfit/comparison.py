"""Where a fit stands: fitted, optimum and truth side by side, and the two errors between them."""

import textwrap
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from linfit.checks import InputError
from linfit.fitting import GradientDescent
from linfit.least_squares import has_closed_form, least_squares, mean_squared_error
from linfit.parameters import flat, flat_reference, named_parameters, scalar_names
from linfit.rows import as_rows, column_names
from linfit.text_table import aligned, number
from linfit.verdict import verdict


@dataclass(frozen=True)
class Comparison:
    """Fitted values, optimum and truth of one fit; `print` it to see the table.

    Attributes:
        names: a name for each parameter.
        fitted: where the fit stands, float64, shape (parameters,), as are optimum and truth.
        optimum: the minimizer of the training loss; None where it has no closed form.
        truth: the values that generated the data; None where they are not known.
        losses: the mean squared error at each of these points, by the point's name.
        verdict: where the fit stands, in words.
    """

    names: tuple[str, ...]
    fitted: np.ndarray
    optimum: np.ndarray | None
    truth: np.ndarray | None
    losses: dict[str, float]
    verdict: str

    @property
    def optimization_error(self) -> np.ndarray | None:
        """Fitted - optimum: what more steps, or a better learning rate, remove."""
        return None if self.optimum is None else self.fitted - self.optimum

    @property
    def estimation_error(self) -> np.ndarray | None:
        """Optimum - truth: what the noise in the data costs, and no training removes."""
        return None if self.optimum is None or self.truth is None else self.optimum - self.truth

    def __str__(self) -> str:
        titles, lines = self._cells()
        table = aligned(titles, lines)
        rule = "-" * max(map(len, table))
        heads = len(table) - len(lines)
        return "\n".join([*table[:heads], rule, *table[heads:-1], rule, table[-1], "", textwrap.fill(self.verdict, 88)])

    def to_markdown(self) -> str:
        """The table and the verdict as markdown, for TensorBoard's text page or a report."""
        titles, lines = self._cells()
        titles = ["parameter", *titles[1:]]
        escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        table = [titles, [":---", *["---:"] * (len(titles) - 1)], *escaped]
        return "\n".join(f"| {' | '.join(line)} |" for line in table) + f"\n\n{self.verdict}\n"

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        known = {"fitted": self.fitted, "optimum": self.optimum, "truth": self.truth}
        gaps = {"optimization error": self.optimization_error, "estimation error": self.estimation_error}
        points = {title: values for title, values in known.items() if values is not None}
        errors = {title: values for title, values in gaps.items() if values is not None}
        lines = [
            [name, *(number(v[i]) for v in points.values()), *(number(v[i], "+") for v in errors.values())]
            for i, name in enumerate(self.names)
        ]
        losses = [number(self.losses[title]) for title in points]
        return ["", *points, *errors], [*lines, ["loss", *losses, *[""] * len(errors)]]


def compare(model: keras.Model, x: Any, y: Any, truth: Any = None, sample_weight: Any = None) -> Comparison:
    """Compares a fitted model with the optimum of its data and, where it is known, with the truth.

    The gap between fit and truth has two parts, after Bottou & Bousquet, "The Tradeoffs of Large Scale
    Learning" (2008): fitted - truth = (fitted - optimum) + (optimum - truth), the optimization error and the
    estimation error.

    Args:
        model: a trained `LinearRegression`, or a stock Keras model of one `Dense` layer.
        x: the features it was trained on, shape (rows, features) or (rows,).
        y: the targets, shape (rows, targets) or (rows,).
        truth: the `GroundTruth` of the data, or anything with its w and b.
        sample_weight: shape (rows,), as passed to `fit`.

    Returns:
        A `Comparison`. Its optimum is None where the model was trained on another loss than the mean squared
        error, or with a penalty: least squares is not where such a fit goes.

    Raises:
        InputError: the model has no w yet, or data or truth of another shape.
    """
    if not (model.built and model.compiled):
        raise InputError("the model has no w and b yet: call model.fit(x, y) before linfit.compare(model, x, y).")
    parameters = {name: variable.numpy().astype("float64") for name, variable in named_parameters(model).items()}
    rows = as_rows(x, y, sample_weight)
    if isinstance(model, GradientDescent):
        model.check_features(rows.x.shape[1], column_names(x))
    if parameters.get("w", np.empty(0)).shape != (rows.x.shape[1], rows.y.shape[1]):
        shapes = ", ".join(f"{name} {values.shape}" for name, values in parameters.items())
        raise InputError(
            f"x and y have {rows.x.shape[1]} features and {rows.y.shape[1]} targets, the model has {shapes}. "
            "Pass the x and y it was trained on."
        )
    true = None if truth is None else flat_reference(truth, parameters)
    feature_names = getattr(model, "feature_names", None) or column_names(x) or getattr(truth, "feature_names", None)
    names = scalar_names({name: values.shape for name, values in parameters.items()}, feature_names)
    losses = {"fitted": mean_squared_error(rows, parameters["w"], parameters.get("b", 0.0))}
    optimum = None
    if has_closed_form(model):
        optimum = least_squares(*rows.as_tuple(), use_bias="b" in parameters)
        losses["optimum"] = optimum.loss
    if truth is not None:
        losses["truth"] = mean_squared_error(rows, truth.w, truth.b)
    return Comparison(
        names=names,
        fitted=flat(parameters),
        optimum=None if optimum is None else flat_reference(optimum, parameters, "optimum"),
        truth=true,
        losses=losses,
        verdict=verdict(model, rows, losses["fitted"], optimum, names),
    )
