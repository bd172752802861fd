"""solve_r_factor: the optimum and its standard errors in closed form, from an R factor."""

from typing import Any

import numpy as np

from linfit import checks
from linfit.statistics.qr import triangle_of_blocks
from linfit.statistics.r_factor import RFactor
from linfit.statistics.rank import dependent_groups


def solve_r_factor(statistics: RFactor, l2: float = 0.0, scale: np.ndarray | float = 1.0) -> dict[str, Any]:
    """Solve min over w, b of mean (x w + b - y)² + l2 Σ (scale w)² by back substitution in R.

    The first row of R eliminates b: w solves the problem of the deviations from the means, and then
    b = mean(y) - mean(x) w. The penalty, which excludes b as in Keras, adds rows below the deviations: √(l2 n targets)
    times the diagonal matrix of the scales (Golub & Van Loan, "Matrix Computations", 2013, section 6.1.4).

    Args:
        statistics: of the rows.
        l2: the factor of Keras's `regularizers.L2`; 0 for no penalty.
        scale: the scale of each feature, shape (features,), if the penalty applies to standardized features; else 1.

    Returns:
        The attributes of `LeastSquares` by name; the w of smallest norm if the data do not determine w.

    Raises:
        InputError: l2 is not a finite number of 0 or more.

    Warns:
        UserWarning: columns depend on each other (the warning names them), or there are fewer rows than parameters.
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
        penalized = triangle_of_blocks([deviations, penalty], p + targets)
        w, inverse = _back_substitute(penalized[:p, :p], penalized[:p, p:])
        inverse = inverse @ (inverse.T @ x[:p].T)  # (AᵀA + Λ)⁻¹ Aᵀ
        influence = x[:p] @ inverse
        parameters = 2 * np.trace(influence) - np.sum(influence**2)
    else:
        independent, nullspace = statistics.independent_columns()
        dependent = dependent_groups(nullspace)
        w, inverse = _smallest_norm_solution(x[:p], y[:p], independent, nullspace)
        parameters = len(independent)
    residual = np.sum((y - x @ w) ** 2, axis=0)
    freedom = max(0.0, statistics.weighted_rows - parameters - statistics.use_bias)
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
    return dict(
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
    """Return the solution and the inverse of a triangle; LU with pivoting leaves a triangle unchanged."""
    # Scaling by powers of two is exact, and prevents over- and underflow.
    scale = np.exp2(np.round(np.log2(np.linalg.norm(r, axis=0))))[:, np.newaxis]
    return np.linalg.solve(r / scale.T, right) / scale, np.linalg.inv(r / scale.T) / scale


def _smallest_norm_solution(
    x: np.ndarray, y: np.ndarray, independent: np.ndarray, nullspace: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the w of smallest norm, and the pseudo-inverse that gives the standard errors."""
    w, inverse = np.zeros((x.shape[1], y.shape[1])), np.zeros((x.shape[1], len(x)))
    if len(independent) < x.shape[1]:  # solve without the dependent columns, then move to the w of smallest norm
        q, r = np.linalg.qr(x[:, independent])
        if len(independent):
            w[independent], inverse_r = _back_substitute(r, q.T @ y)
            inverse[independent] = inverse_r @ q.T
        q, _ = np.linalg.qr(nullspace)
        return w - q @ (q.T @ w), inverse - q @ (q.T @ inverse)
    return _back_substitute(x, y)


def _warn_of_dependence(statistics: RFactor, dependent: tuple[tuple[int, ...], ...]) -> None:
    """Warn of columns that depend on each other, by name, or of fewer rows than parameters."""
    if statistics.weighted_rows < statistics.features + statistics.use_bias:
        text = (
            f"there are fewer rows ({statistics.weighted_rows}) than parameters "
            f"({statistics.features + statistics.use_bias}): many w fit equally well, and their standard errors are "
            "unknown. Add rows, or leave out features."
        )
    else:
        names = statistics.labels
        constant = [names[group[0]] for group in dependent if len(group) == 1]
        groups = [[names[i] for i in group] for group in dependent if len(group) > 1]
        findings = [f"{_listed(constant)} never change{'s' * (len(constant) == 1)}"] if constant else []
        findings += [f"{_listed(group)} depend linearly on each other" for group in groups]
        text = (
            f"{'; '.join(findings)}: many w fit equally well. The w of smallest norm is used, and the standard errors "
            "of these features are infinite. Leave out the redundant features."
        )
    checks.warn(text)


def _listed(names: list[str]) -> str:
    """Join names as in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _intercept(statistics: RFactor, w: np.ndarray) -> np.ndarray:
    """Return b = mean(y) - mean(x) w, computed first relative to the origin, where the numbers are small."""
    p = statistics.features
    if not statistics.use_bias:
        return np.zeros(statistics.targets)
    offset = statistics.triangle[0, 1:] / statistics.triangle[0, 0]
    near = offset[p:] - offset[:p] @ w
    return near + (statistics.origin[p:] - statistics.origin[:p] @ w)
