"""descent_notice: the sentence with which the Descent tab explains why it cannot show all of a fit."""

from linfit.analysis.l2_penalty import l2_penalty
from linfit.analysis.verdict import NO_OPTIMUM
from linfit.callbacks.descent.descent_arrays import MAX_DIRECTIONS, curved_objective
from linfit.callbacks.descent.loss_name import UNNAMED, loss_name
from linfit.callbacks.descent.path_pieces import max_parameters, rows_per_octave
from linfit.callbacks.fit_context import FitContext


def descent_notice(context: FitContext) -> str | None:
    """Return what the tab cannot show of a fit, and why; None if it can show everything."""
    parameters = len(context.start.names)
    if not rows_per_octave(parameters):
        return f"This page shows fits of up to {max_parameters():,} parameters; this fit has {parameters:,}."
    if not context.is_linear:
        return "This model is not of the form y = x w + b, so there is no optimum in closed form to compare with."
    if context.rows is None:
        return (
            "The rows of this fit are not available. To compute their optimum, pass data=(x, y) to TensorBoardLogger."
        )
    if context.solved_objective is not None and curved_objective(context) is None:
        return (
            f"The curvature of the loss is not computed for more than {MAX_DIRECTIONS} parameters per target, so there "
            "is no bowl and no forecast."
        )
    if context.solved_objective is not None:
        return None
    if l2_penalty(context.model) is None:
        return f"{NO_OPTIMUM} {_unsuitable_loss(loss_name(context.model.loss))}"
    if context.optimum is None:
        return 'TensorBoardLogger got optimum=None. To compare with the optimum, pass optimum="auto".'
    return "The optimum was passed to TensorBoardLogger, so the curvature of the loss around it is not known."


def _unsuitable_loss(name: str) -> str:
    if name == UNNAMED:
        return "This fit was not compiled with a single loss."
    if name == "mean squared error":
        return "This fit has another penalty, or its loss is not the mean over all rows."
    return f"This fit's loss is the {name}."
