"""Fit linear models by gradient descent in Keras, and see and check what the descent does."""

from linfit.checks import InputError
from linfit.comparison import Comparison, compare
from linfit.ground_truth import GroundTruth
from linfit.least_squares import LeastSquares, least_squares
from linfit.model import LinearRegression
from linfit.tables import Table, read_table
from linfit.trajectory import Trajectory

__all__ = [
    "Comparison",
    "GroundTruth",
    "InputError",
    "LeastSquares",
    "LinearRegression",
    "Table",
    "Trajectory",
    "compare",
    "least_squares",
    "read_table",
]
