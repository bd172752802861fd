"""Fit linear models by gradient descent in Keras, and see and check what the descent does."""

from linfit.checks import InputError
from linfit.closed_form import least_squares
from linfit.comparison import Comparison, compare
from linfit.curvature import Curvature
from linfit.ground_truth import GroundTruth
from linfit.least_squares import LeastSquares
from linfit.model import LinearRegression
from linfit.standardization import Standardization
from linfit.sufficient_statistics import SufficientStatistics
from linfit.table import Table
from linfit.table_batches import TableBatches, read_batches
from linfit.tables import read_table
from linfit.trajectory import Trajectory

__all__ = [
    "Comparison",
    "Curvature",
    "GroundTruth",
    "InputError",
    "LeastSquares",
    "LinearRegression",
    "Standardization",
    "SufficientStatistics",
    "Table",
    "TableBatches",
    "Trajectory",
    "compare",
    "least_squares",
    "read_batches",
    "read_table",
]
