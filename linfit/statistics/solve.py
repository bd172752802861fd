"""Least squares in closed form: the optimum and its standard errors from an R factor."""

import numpy as np

from linfit import checks
from linfit.statistics.qr import from_blocks
from linfit.statistics.r_factor import RFactor
from linfit.statistics.rank import groups
from linfit.statistics.solution import LeastSquares


def solve(statistics: RFactor, l2: float = 0.0, scale: np.ndarray | float = 1.0) -> LeastSquares:
    """Solves min over w, b of mean (x w + b - y)² + l2 Σ (scale w)² by back substitution in R.

    The first row of R takes b out of the problem: w solves that of the deviations from the means, then
    b = mean(y) - mean(x) w. The penalty, which leaves b alone as Keras's does, is √(l2 n targets) times
    the diagonal of the scales below the deviations (Golub & Van Loan, 2013, section 6.1.4).

    Args:
        statistics: those of the rows.
        l2: the factor of Keras's `regularizers.L2`; 0 for none.
        scale: of each feature, shape (features,), where the penalty is on standardized features; else 1.

    Raises:
        InputError: an l2 that is no finite number of 0 or more.

    Warns:
        UserWarning: columns that depend on each other, by name, or fewer rows than parameters. The w of
            smallest norm is returned.
    """
    p, targets = statistics.features, statistics.targets
    l2 = checks.not_negative(l2, "l2")
    deviations, mean = statistics.deviations, statistics.mean
    x, y = deviations[:, :p], deviations[:, p:]
    nullspace = np.empty((p, 0))
    dependent: tuple[tuple[int, ...], ...] = ()
    if l2 > 0:
        ridge = np.sqrt(l2 * statistics.rows * targets)
        penalty = ridge * np.diag(np.broadcast_to(scale, p)) @ np.eye(p, p + targets)
        penalized = from_blocks([deviations, penalty], p + targets)
        w, inverse = _back_substitute(penalized[:p, :p], penalized[:p, p:])
        inverse = inverse @ (inverse.T @ x[:p].T)  # (AᵀA + Λ)⁻¹ Aᵀ
        influence = x[:p] @ inverse
        used = 2 * np.trace(influence) - np.sum(influence**2)
    else:
        independent, nullspace = statistics.independent_columns()
        dependent = groups(nullspace)
        w, inverse = _smallest_solution(x[:p], y[:p], independent, nullspace)
        used = len(independent)
    residual = np.sum((y - x @ w) ** 2, axis=0)
    freedom = max(0.0, statistics.weighted_rows - used - statistics.use_bias)
    with np.errstate(divide="ignore", invalid="ignore"):
        residual_std = np.sqrt(np.where(freedom > 0, residual / freedom, np.nan))
        r_squared = 1 - residual / np.sum(y**2, axis=0)
    unit_w = np.linalg.norm(inverse, axis=1)
    unit_b = 0.0
    if statistics.use_bias:
        unit_b = float(np.hypot(1 / np.sqrt(statistics.weight), np.linalg.norm(mean[:p] @ inverse)))
    if dependent:
        _warn_of_dependence(statistics, dependent)
        unit_w[[i for group in dependent for i in group]] = np.inf
        shift = np.abs(mean[:p] @ nullspace)
        if np.any(shift > 1e-8 * (np.abs(mean[:p]) @ np.abs(nullspace))):
            unit_b = np.inf if statistics.use_bias else 0.0
    singular = np.linalg.svd(statistics.design(), compute_uv=False)
    return LeastSquares(
        w=w,
        b=_intercept(statistics, w),
        loss=float(np.sum(residual) / statistics.rows / targets + l2 * np.sum((scale * w.T) ** 2)),
        residual_std=residual_std,
        unit_error_w=unit_w,
        unit_error_b=unit_b,
        r_squared=r_squared,
        rank=p - nullspace.shape[1],
        condition_number=float("inf") if dependent or singular[-1] == 0 else float(singular[0] / singular[-1]),
        degrees_of_freedom=float(freedom),
        dependent=dependent,
        feature_names=statistics.feature_names,
    )


def _back_substitute(r: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The solution and the inverse of a triangle; LU with pivots leaves a triangle as it is."""
    scale = np.exp2(np.round(np.log2(np.linalg.norm(r, axis=0))))[:, np.newaxis]  # exact; no over- or underflow
    return np.linalg.solve(r / scale.T, right) / scale, np.linalg.inv(r / scale.T) / scale


def _smallest_solution(
    x: np.ndarray, y: np.ndarray, independent: np.ndarray, nullspace: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The w of smallest norm, and the inverse that gives the standard errors."""
    w, inverse = np.zeros((x.shape[1], y.shape[1])), np.zeros((x.shape[1], len(x)))
    if len(independent) < x.shape[1]:  # the others add nothing: leave them out, then go to the nearest w to 0
        q, r = np.linalg.qr(x[:, independent])
        if len(independent):
            w[independent], inverse_r = _back_substitute(r, q.T @ y)
            inverse[independent] = inverse_r @ q.T
        q, _ = np.linalg.qr(nullspace)
        return w - q @ (q.T @ w), inverse - q @ (q.T @ inverse)
    return _back_substitute(x, y)


def _warn_of_dependence(statistics: RFactor, dependent: tuple[tuple[int, ...], ...]) -> None:
    """Says which columns depend on each other, and what to do."""
    if statistics.weighted_rows < statistics.features + statistics.use_bias:
        text = (
            f"{statistics.weighted_rows} rows are fewer than the {statistics.features + statistics.use_bias} "
            "parameters: many w fit equally well, and their standard errors are unknown. Add rows, or leave out "
            "features."
        )
    else:
        names = statistics.labels
        alone = [names[group[0]] for group in dependent if len(group) == 1]
        together = [
            f"{', '.join(names[i] for i in group[:-1])} and {names[group[-1]]}" for group in dependent if len(group) > 1
        ]
        said = [f"{', '.join(alone)} never changes"] if alone else []
        said += [f"{group} depend linearly on each other" for group in together]
        text = (
            f"{'; '.join(said)}: many w fit equally well. The smallest is taken, and the standard errors of these "
            "features are infinite. Leave out one of each."
        )
    checks.warn(text)


def _intercept(statistics: RFactor, w: np.ndarray) -> np.ndarray:
    """The b that goes with w, mean(y) - mean(x) w, first from the origin on, where the numbers are small."""
    p = statistics.features
    if not statistics.use_bias:
        return np.zeros(statistics.targets)
    offset = statistics.triangle[0, 1:] / statistics.triangle[0, 0]
    near = offset[p:] - offset[:p] @ w
    return near + (statistics.origin[p:] - statistics.origin[:p] @ w)
