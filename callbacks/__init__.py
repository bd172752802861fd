"""Keras callbacks and figures: printed lines, TensorBoard logs, pictures of a fit, stops, and a divergence guard."""

from linfit.callbacks.figures.bowl_figure import bowl_figure
from linfit.callbacks.figures.coefficients_figure import coefficients_figure
from linfit.callbacks.figures.learning_rate_figure import learning_rate_figure
from linfit.callbacks.figures.line_figure import line_figure
from linfit.callbacks.figures.prediction_figure import prediction_figure
from linfit.callbacks.figures.recovery_figure import recovery_figure
from linfit.callbacks.fit_animation import FitAnimation
from linfit.callbacks.fit_figure import FitFigure
from linfit.callbacks.hyperparameters import HyperParameters
from linfit.callbacks.status_printer import StatusPrinter
from linfit.callbacks.stopping import StopAtOptimum, StopAtTruth
from linfit.callbacks.tensorboard_logger import TensorBoardLogger
from linfit.training.divergence_guard import DivergenceGuard
from linfit.training.step_callback import StepCallback

__all__ = [
    "DivergenceGuard",
    "FitAnimation",
    "FitFigure",
    "HyperParameters",
    "StatusPrinter",
    "StepCallback",
    "StopAtOptimum",
    "StopAtTruth",
    "TensorBoardLogger",
    "bowl_figure",
    "coefficients_figure",
    "learning_rate_figure",
    "line_figure",
    "prediction_figure",
    "recovery_figure",
]
