"""Pictures of a fit, one function each."""

from linfit.callbacks.bowl_figure import bowl_figure
from linfit.callbacks.coefficients_figure import coefficients_figure
from linfit.callbacks.learning_rate_figure import learning_rate_figure
from linfit.callbacks.line_figure import line_figure
from linfit.callbacks.prediction_figure import prediction_figure
from linfit.callbacks.recovery_figure import recovery_figure

__all__ = [
    "bowl_figure",
    "coefficients_figure",
    "learning_rate_figure",
    "line_figure",
    "prediction_figure",
    "recovery_figure",
]
