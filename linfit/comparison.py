"""compare: fitted values, optimum and truth side by side, the two errors between them, and a verdict."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from linfit.analysis.squared_error import SquaredError, squared_error_of
from linfit.analysis.verdict import NO_OPTIMUM, verdict
from linfit.checks import InputError
from linfit.data.array_input import as_rows, column_names
from linfit.data.rows import Rows
from linfit.keras_utils.variables import point_of, units_of
from linfit.models.gradient_descent import GradientDescent
from linfit.models.statistics_input import condensed_rows
from linfit.parameter_names import flat, flat_reference, scalar_names
from linfit.statistics.standardization import same_units
from linfit.statistics.sufficient_statistics import SufficientStatistics
from linfit.text.report import Report
from linfit.text.text_table import number

if TYPE_CHECKING:
    import pandas as pd
    from rich.text import Text

_OPTIONAL = ("estimation error", "optimization error", "standard error")  # on narrow terminals, in this order
_COLOURS = {"Converged": "green", "Not converged": "yellow", "Diverg": "red"}


@dataclass(frozen=True)
class Comparison:
    """Fitted values, optimum and truth of a fit, with a verdict.

    `print` shows the table and the verdict; a notebook cell that ends in a comparison shows them as HTML, and
    `rich.print` colours the verdict. Narrow terminals shorten long names in the middle, then leave columns out and say
    which: first the two errors, which follow from the other columns.

    Attributes:
        names: a name for each parameter, such as "w/area" or "b".
        fitted: the fitted values, float64, shape (parameters,); optimum and truth have the same type and shape.
        optimum: the minimizer of the training loss; None if it has no closed form.
        standard_error: the standard deviation of the optimum around the truth that noise causes, shape (parameters,).
            Infinite for linearly dependent features, NaN if there are no more rows than parameters, None without an
            optimum.
        truth: the values that generated the data; None if unknown.
        losses: the loss at each of these points: "fitted", "optimum" and "truth".
        verdict: one or more sentences that begin with "Converged:", "Not converged:", "Diverging." or "Diverged:" and
            say what to do next; without an optimum, the reason for its absence.
    """

    names: tuple[str, ...]
    fitted: np.ndarray
    optimum: np.ndarray | None
    standard_error: np.ndarray | None
    truth: np.ndarray | None
    losses: dict[str, float]
    verdict: str

    @property
    def optimization_error(self) -> np.ndarray | None:
        """Fitted - optimum: the error that more steps or a better learning rate remove."""
        return None if self.optimum is None else self.fitted - self.optimum

    @property
    def estimation_error(self) -> np.ndarray | None:
        """Optimum - truth: the error that noise in the data causes and that training cannot remove."""
        return None if self.optimum is None or self.truth is None else self.optimum - self.truth

    def __str__(self) -> str:
        return self._report().as_text()

    def __rich__(self) -> "Text":
        """Return the text for `rich.print`, with the first words of the verdict in colour."""
        from rich.text import Text

        text = Text(str(self))
        colours = (colour for words, colour in _COLOURS.items() if self.verdict.startswith(words))
        start = text.plain.rindex("\n\n") + 2
        text.stylize(next(colours, ""), start, start + len(re.split("[:.]", self.verdict)[0]))
        return text

    def _repr_html_(self) -> str:
        return self._report().as_html()

    def to_frame(self) -> "pd.DataFrame":
        """Return the table as a pandas DataFrame with a row for each parameter.

        Requires pandas: `pip install linfit[tables]`.
        """
        import pandas as pd

        columns = {title.replace(" ", "_"): values for title, values in self._columns().items()}
        return pd.DataFrame(columns, index=pd.Index(self.names, name="parameter"))

    def to_markdown(self) -> str:
        """Return the table and the verdict as markdown, for TensorBoard's Text page or a report."""
        titles, lines = self._cells()
        titles = ["parameter", *titles[1:]]
        escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
        table = [titles, [":---", *["---:"] * (len(titles) - 1)], *escaped]
        return "\n".join(f"| {' | '.join(line)} |" for line in table) + f"\n\n{self.verdict}\n"

    def _columns(self) -> dict[str, np.ndarray]:
        columns = {
            "fitted": self.fitted,
            "optimum": self.optimum,
            "standard error": self.standard_error,
            "truth": self.truth,
            "optimization error": self.optimization_error,
            "estimation error": self.estimation_error,
        }
        return {title: values for title, values in columns.items() if values is not None}

    def _report(self) -> Report:
        titles, lines = self._cells()
        return Report(titles, lines, self.verdict, optional=_OPTIONAL, footer_lines=1)

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        columns = self._columns()
        signs = {"optimization error": "+", "estimation error": "+"}
        lines = [
            [name, *(number(values[i], signs.get(title, "")) for title, values in columns.items())]
            for i, name in enumerate(self.names)
        ]
        losses = [number(self.losses[title]) if title in self.losses else "" for title in columns]
        return ["", *columns], [*lines, ["loss", *losses]]


def compare(model: keras.Model, x: Any, y: Any = None, truth: Any = None, sample_weight: Any = None) -> Comparison:
    """Compare a fitted model with the optimum of its data and, if it is known, with the truth.

    The gap between fit and truth is the sum of two errors: fitted - truth = (fitted - optimum) + (optimum - truth).
    The first is the optimization error, the second the estimation error (Bottou & Bousquet, "The Tradeoffs of Large
    Scale Learning", 2008).

    Args:
        model: a trained `LinearRegression`, or a stock Keras model of one `Dense` layer.
        x: the features that the model was trained on, shape (rows, features) or (rows,). The columns of a DataFrame are
            matched by name. Alternatively a `Table` or `SufficientStatistics`, which include y.
        y: the targets, shape (rows, targets) or (rows,); None if x includes them.
        truth: the `GroundTruth` of the data, or any object with its attributes w and b.
        sample_weight: the weights passed to `fit`, shape (rows,).

    Returns:
        A `Comparison`. Its optimum is None if the model was trained on a loss other than the mean squared error or with
        a penalty other than L2 on w: such a loss has no minimum in closed form.

    Raises:
        InputError: the model is not built or compiled yet, or the data or truth do not match its shape.

    Example:
        >>> import linfit
        >>> truth = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
        >>> x, y = truth.sample(120, seed=7)
        >>> model = linfit.LinearRegression()
        >>> model.compile(learning_rate="auto")
        >>> _ = model.fit(x, y, batch_size=len(x), epochs=100, verbose=0)
        >>> print(linfit.compare(model, x, y, truth=truth).verdict.split(":")[0])
        Converged
    """
    if not model.built:
        raise InputError("the model has no w and b yet. Call model.fit(x, y) before linfit.compare(model, x, y).")
    if not model.compiled:
        raise InputError(
            "the model has no loss and learning rate yet. Call model.compile() before linfit.compare(model, x, y)."
        )
    if isinstance(x, SufficientStatistics):
        if y is not None or sample_weight is not None:
            raise InputError(
                "statistics include y and its weights. Try linfit.compare(model, statistics, truth=truth)."
            )
        return compare_rows(model, condensed_rows(model, x), truth, x.feature_names)
    if isinstance(model, GradientDescent):
        x = model.matched(x)
    rows = as_rows(x, y, sample_weight, dtype=None)
    if isinstance(model, GradientDescent):
        model.check_features(rows.x.shape[1])
    return compare_rows(model, rows, truth, column_names(x))


def compare_rows(
    model: keras.Model,
    rows: Rows,
    truth: Any = None,
    column_names: tuple[str, ...] | None = None,
    objective: SquaredError | None = None,
) -> Comparison:
    """Compare a model with the optimum of rows that have already been checked; see `compare`."""
    parameters = {name: values.astype("float64") for name, values in point_of(model).items()}
    if parameters.get("w", np.empty(0)).shape != (rows.x.shape[1], rows.y.shape[1]):
        shapes = ", ".join(f"{name} {values.shape}" for name, values in parameters.items())
        raise InputError(
            f"x and y must match the model, which has {shapes}; got {rows.x.shape[1]} features and {rows.y.shape[1]} "
            "targets. Pass the x and y that it was trained on."
        )
    feature_names = getattr(model, "feature_names", None) or column_names or getattr(truth, "feature_names", None)
    names = scalar_names({name: values.shape for name, values in parameters.items()}, feature_names)
    mean_squared_error = rows.mean_squared_error(parameters["w"], parameters.get("b", 0.0))
    if objective is None or not same_units(objective.units, units_of(model)):
        objective = squared_error_of(model, rows, feature_names)
    true = None if truth is None else flat_reference(truth, parameters)
    if objective is None:
        losses = {"fitted": mean_squared_error}
        if truth is not None:
            losses["truth"] = rows.mean_squared_error(truth.w, truth.b)
        return Comparison(names, flat(parameters), None, None, true, losses, verdict=NO_OPTIMUM)

    losses = {"fitted": objective.loss(mean_squared_error, parameters["w"]), "optimum": objective.optimum.loss}
    if truth is not None:
        losses["truth"] = objective.loss(rows.mean_squared_error(truth.w, truth.b), truth.w)
    return Comparison(
        names=names,
        fitted=flat(parameters),
        optimum=flat_reference(objective.optimum, parameters, "optimum"),
        standard_error=objective.optimum.standard_error(parameters),
        truth=true,
        losses=losses,
        verdict=verdict(model, objective, parameters, losses["fitted"], names, true),
    )
