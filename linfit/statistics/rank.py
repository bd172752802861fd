"""Which columns depend on each other, of all that a triangle stands for."""

import numpy as np


def independent_columns(x: np.ndarray, raw: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Which columns are independent of those before them, and the combinations of columns that are constant.

    A column counts as dependent when what is left of it beside those before is no more than the rounding of its
    values: of their size from 0, not from their mean.

    Args:
        x: triangle of the deviations, shape (features, features).
        raw: the length of each column counted from 0, where x counts from its mean, shape (features,).
        eps: the spacing of the floats that the rows came in, at 1.

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
        left = column - basis @ (basis.T @ column)
        left -= basis @ (basis.T @ left)  # twice is enough (Parlett, "The Symmetric Eigenvalue Problem", 1998)
        length = np.linalg.norm(left)
        if length > noise[j] + noise[independent].max(initial=0.0):
            independent.append(j)
            basis = np.column_stack([basis, left / length])
            continue
        combination = np.zeros(features)
        combination[j] = 1 / scale[j]
        if independent:
            combination[independent] = -np.linalg.lstsq(scaled[:, independent], column)[0] / scale[independent]
        combination[np.abs(combination * scale) < 1e-6] = 0.0  # of rounding, not of the data
        combinations.append(combination / np.linalg.norm(combination))
    return np.array(independent, int), np.array(combinations).reshape(-1, features).T


def groups(nullspace: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """The features that appear together in combinations, as sorted tuples."""
    groups: list[set[int]] = []
    for column in nullspace.T:
        members = set(np.flatnonzero(column).tolist())
        joined = [group for group in groups if group & members]
        groups = [group for group in groups if not group & members] + [members.union(*joined)]
    return tuple(sorted(tuple(sorted(group)) for group in groups))
