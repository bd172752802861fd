"""Rank: which columns are independent, and which depend on each other."""

import numpy as np


def independent_columns(x: np.ndarray, raw: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the columns that are independent of those before them, and the combinations of columns that are constant.

    A column counts as dependent if its component orthogonal to the columns before it is no larger than the rounding
    errors of its values. These errors are proportional to the values themselves, not to their deviations from the mean.

    Args:
        x: triangle of the deviations from the means, shape (features, features).
        raw: the length of each column before its mean was subtracted, shape (features,).
        eps: the machine epsilon of the rows' float type.

    Returns:
        The indices of the independent columns, and a basis of the null space, shape (features, dependent).
    """
    features, size = x.shape[1], np.linalg.norm(x, axis=0)
    rounding = 8 * np.sqrt(features) * eps
    varies = size > rounding * raw
    scale = np.where(varies, size, 1.0)
    scaled = np.where(varies, x / scale, 0.0)
    noise = rounding * raw / scale
    independent: list[int] = []
    combinations = []
    basis = np.empty((features, 0))
    for j, column in enumerate(scaled.T):
        orthogonal = column - basis @ (basis.T @ column)
        # Twice is enough (Parlett, "The Symmetric Eigenvalue Problem", 1998).
        orthogonal -= basis @ (basis.T @ orthogonal)
        length = np.linalg.norm(orthogonal)
        if length > noise[j] + noise[independent].max(initial=0.0):
            independent.append(j)
            basis = np.column_stack([basis, orthogonal / length])
            continue
        combination = np.zeros(features)
        combination[j] = 1 / scale[j]
        if independent:
            combination[independent] = -np.linalg.lstsq(scaled[:, independent], column)[0] / scale[independent]
        combination[np.abs(combination * scale) < 1e-6] = 0.0  # these are rounding errors
        combinations.append(combination / np.linalg.norm(combination))
    return np.array(independent, int), np.array(combinations).reshape(-1, features).T


def dependent_groups(nullspace: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """Return the groups of features that appear together in combinations, as sorted tuples of indices."""
    groups: list[set[int]] = []
    for column in nullspace.T:
        members = set(np.flatnonzero(column).tolist())
        joined = [group for group in groups if group & members]
        groups = [group for group in groups if not group & members] + [members.union(*joined)]
    return tuple(sorted(tuple(sorted(group)) for group in groups))
