"""Random rows, and checks that two statistics of rows are the same."""

import numpy as np
import pytest

from linfit import InputError
from linfit.statistics.r_factor import RFactor


def draw(rows, features=3, targets=1, seed=1):
    """Return correlated features, and targets of a random truth with noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features)) @ (np.eye(features) + 0.5 * random.normal(size=(features, features)))
    return x, x @ random.normal(size=(features, targets)) + 0.3 * random.normal(size=(rows, targets)) + 1.5


def data(case, rows):
    """Return (x, y, sample_weight or None, use_bias) of this case."""
    x, y = draw(rows, targets=3 if "targets" in case else 1)
    if "scaled" in case:
        x = x * [1e-6, 1.0, 1e9] + [1e-4, -300.0, 1e11]  # means of 100 to 300 standard deviations
    if "far" in case:
        x = x * [1e-6, 1.0, 1e9] + [1.0, -1e5, 1e15]
    weight = np.random.default_rng(2).uniform(0.1, 3.0, rows) * (np.arange(rows) % 10 > 0)  # 0 in every tenth row
    return x, y, weight if "weights" in case else None, "no bias" not in case


def with_positive_diagonal(r):
    return r * np.where(np.diag(r) < 0, -1, 1)[:, np.newaxis]


def assert_same_triangle(r, expected, rtol):
    """Compare triangles up to the signs of their rows, each column relative to its length."""
    difference = with_positive_diagonal(r) - with_positive_diagonal(expected)
    assert np.all(np.linalg.norm(difference, axis=0) <= rtol * np.linalg.norm(expected, axis=0))


def assert_same(statistics, expected, rtol=1e-12):
    """Compare the row counts, weights, means, deviations and optimum of two statistics."""
    for what in ("rows", "weighted_rows", "features", "targets", "use_bias", "feature_names", "longest_row"):
        assert getattr(statistics, what) == getattr(expected, what), what
    assert statistics.weight == pytest.approx(expected.weight, rel=rtol)
    np.testing.assert_allclose(statistics.mean, expected.mean, rtol=rtol)
    assert_same_triangle(statistics.deviations, expected.deviations, rtol)
    optimum, other = statistics.least_squares(), expected.least_squares()
    np.testing.assert_allclose(optimum.w, other.w, rtol=100 * rtol)
    np.testing.assert_allclose(optimum.unit_error_w, other.unit_error_w, rtol=100 * rtol)


def refusal(call):
    with pytest.raises(InputError) as error:
        call()
    return str(error.value)


def count_reductions(monkeypatch):
    """Return a list that gets the number of rows of each reduction from now on."""
    counts = []
    original = RFactor.of.__func__

    def spy(cls, rows, *arguments):
        counts.append(len(rows))
        return original(cls, rows, *arguments)

    monkeypatch.setattr(RFactor, "of", classmethod(spy))
    return counts
