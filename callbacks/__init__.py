"""What watches a fit: printed lines, TensorBoard logs, pictures, and a guard against divergence."""

from linfit.callbacks.figures import coefficients_figure, line_figure
from linfit.callbacks.fit_figure import FitFigure
from linfit.callbacks.status_printer import StatusPrinter
from linfit.callbacks.step_callback import StepCallback
from linfit.callbacks.stopping import DivergenceGuard
from linfit.callbacks.tensorboard_logger import TensorBoardLogger

__all__ = [
    "DivergenceGuard",
    "FitFigure",
    "StatusPrinter",
    "StepCallback",
    "TensorBoardLogger",
    "coefficients_figure",
    "line_figure",
]
