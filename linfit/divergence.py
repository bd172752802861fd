"""Divergence: a fit whose loss overflows is stopped, brought back, and explained."""

import math
from typing import Any

import keras
import numpy as np

from linfit import checks
from linfit.closed_form import Problem, running_problem
from linfit.optimizer import is_plain_sgd
from linfit.parameters import named_parameters


class DivergenceGuard(keras.callbacks.Callback):
    """Stops a fit whose loss is no longer a finite number, and brings back the last point where it was.

    One warning says at which step, and for the squared loss of rows in memory also why: a learning rate above
    their stability limit. The step counter goes back with the parameters; what has been logged stays.
    `LinearRegression.fit` has one by default; for other Keras models pass it as a callback.

    Attributes:
        stopped: whether it has stopped the latest fit.

    Example:
        >>> import keras, warnings
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
        >>> model.compile(keras.optimizers.SGD(10.0), "mse")
        >>> x, y = keras.ops.ones((1, 1)), keras.ops.ones((1, 1)) * 4
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     _ = model.fit(x, y, epochs=100, verbose=0, callbacks=[DivergenceGuard()])
        >>> print(str(caught[-1].message).split(".")[0])
        The loss left the finite range at step 12
        >>> int(model.optimizer.iterations)
        11
    """

    stopped = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the start as the last finite point so far."""
        self.stopped = False
        if not self._in_blocks:
            self._before = self._last_finite = self._here()

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Takes down where the parameters stand: there the coming loss is measured."""
        if not (self.stopped or self._in_blocks):
            self._before = self._here()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps a point with a finite loss; goes back to the last of them once the numbers overflow."""
        if self.stopped or self._in_blocks:
            return
        if math.isfinite((logs or {}).get("loss", math.nan)):
            self._last_finite = self._before
        else:
            self._go_back(int(self._before[0]))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Looks at the end point too, which no batch has seen."""
        if self.stopped or self._in_blocks:
            return
        finite = all(np.isfinite(values).all() for values in self._here())
        closing = self.model.closing_loss() if finite and hasattr(self.model, "closing_loss") else 0.0
        if not finite or math.isinf(closing):
            self._go_back(int(self.model.optimizer.iterations.numpy()))

    def stop(self, step: int, last_finite: int) -> None:
        """Ends a fit whose loss left the finite range at a step, and which is back at an earlier one."""
        self.stopped = self.model.stop_training = True
        checks.warn(
            f"The loss left the finite range at step {step}. "
            f"{explain_divergence(self.model, running_problem(self.model))} "
            f"The model is back at step {last_finite}, the last with a finite loss."
        )

    def _go_back(self, step: int) -> None:
        for variable, values in zip(_variables(self.model), self._last_finite, strict=True):
            variable.assign(values)
        self.stop(step, int(self._last_finite[0]))

    @property
    def _in_blocks(self) -> bool:
        """Whether the fit looks at the losses of its blocks itself."""
        return getattr(self.model, "in_blocks", False)

    def _here(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in _variables(self.model)]


def _variables(model: keras.Model) -> list[Any]:
    """What a step changes: the counter of steps first, the parameters, and what the optimizer keeps of the past."""
    counter = model.optimizer.iterations
    past = [v for v in model.optimizer.variables if v is not counter and v.name != "learning_rate"]
    return [counter, *named_parameters(model).values(), *past]


def explain_divergence(model: keras.Model, problem: Problem | None) -> str:
    """Why a loss overflows, as far as the rows are known, and what to do."""
    if problem is None or not is_plain_sgd(model.optimizer):
        return "The usual reason is a learning rate that is too large: try a tenth of it."
    curvature, rate = problem.curvature, float(model.optimizer.learning_rate.numpy())
    limit = curvature.stability_limit
    if rate <= limit:
        batch_size = batch_size_of(model, problem)
        if batch_size is not None:
            critical = curvature.critical_learning_rate(batch_size)
            if rate > critical:
                return (
                    f"The learning rate {rate:g} is above {critical:.3g}, up to which batches of {batch_size} rows of "
                    f"these data are sure to converge. Try {critical / 2:.1g}, or larger batches."
                )
        return "The usual reason is a learning rate that is too large: try a tenth of it."
    text = (
        f"The learning rate {rate:g} is above these data's stability limit {limit:.3g} (2/λmax), so every step "
        f"overshoots; the fastest stable rate is {curvature.fastest_learning_rate:.3g}."
    )
    remedy = scale_remedy(problem)
    return text if remedy is None else f"{text} {remedy}"


def scale_remedy(problem: Problem) -> str | None:
    """What makes the stability limit low, and what to do; None where no column's scale is to blame."""
    curvature = problem.curvature
    statistics = problem.statistics
    if problem.units is not None:
        return adapting(problem)
    if 10 * curvature.stability_limit >= statistics.targets * statistics.rows / statistics.weight:
        return None  # columns of size 1 have no higher limit than this: the trace of their Hessian is at least so large
    standardized = statistics.standardized().curvature(problem.l2).stability_limit
    if standardized <= 10 * curvature.stability_limit:
        return None
    feature = curvature.dominating_feature
    label = problem.statistics.labels[feature]
    scales = np.delete(curvature.scales, feature)
    times = curvature.scales[feature] / scales.max() if len(scales) and scales.max() > 0 else 0
    larger = f", {times:.2g} times those of the next feature" if times > 1.5 else ""
    return (
        f"The limit is so low because of {label}, with values around {curvature.scales[feature]:.3g}{larger}. "
        f"With LinearRegression(normalize=True) the limit rises to {standardized:.2g}."
    )


def adapting(problem: Problem) -> str | None:
    """What to do where the features are standardized by other rows than these; None where that does no harm."""
    own = problem.statistics.standardized().curvature(problem.l2)
    if problem.units is None or own.condition_number > problem.curvature.condition_number / 100:
        return None
    return (
        "The features are standardized by the rows of an earlier fit. Try "
        "model.adapt(linfit.SufficientStatistics.from_rows(x, y)) before the next one."
    )


def batch_size_of(model: keras.Model, problem: Problem) -> int | None:
    """The rows in each step of the model's latest fit, where that is known and not all rows."""
    batch_size = getattr(model, "batch_size", None)
    return batch_size if batch_size is not None and batch_size < problem.statistics.rows else None
