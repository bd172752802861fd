"""What watches a fit: printed lines, TensorBoard logs, pictures, and a guard against divergence."""

from linfit.callbacks.figures import coefficients_figure, line_figure
from linfit.callbacks.fit_figure import FitFigure
from linfit.callbacks.learning_rate_figure import learning_rate_figure
from linfit.callbacks.recovery_figure import recovery_figure
from linfit.callbacks.status_printer import StatusPrinter
from linfit.callbacks.stopping import StopAtOptimum, StopAtTruth
from linfit.callbacks.tensorboard_logger import TensorBoardLogger
from linfit.divergence import DivergenceGuard
from linfit.step_callback import StepCallback

__all__ = [
    "DivergenceGuard",
    "FitFigure",
    "StatusPrinter",
    "StepCallback",
    "StopAtOptimum",
    "StopAtTruth",
    "TensorBoardLogger",
    "coefficients_figure",
    "learning_rate_figure",
    "line_figure",
    "recovery_figure",
]
