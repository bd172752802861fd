"""Fit linear models by gradient descent in Keras, and watch and check each step."""

from linfit.checks import InputError
from linfit.comparison import Comparison, compare
from linfit.data.ground_truth import GroundTruth
from linfit.data.read_batches import read_batches
from linfit.data.read_table import read_table
from linfit.data.table import Table
from linfit.data.table_batches import TableBatches
from linfit.models.linear_regression import LinearRegression
from linfit.statistics.curvature import Curvature
from linfit.statistics.least_squares import least_squares
from linfit.statistics.solution import LeastSquares
from linfit.statistics.standardization import Standardization
from linfit.statistics.sufficient_statistics import SufficientStatistics
from linfit.training.trajectory import Trajectory

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
