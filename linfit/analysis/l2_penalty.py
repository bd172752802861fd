"""The L2 penalty of a model that trains on the squared error."""

import keras

from linfit.keras_utils.variables import named_parameters
from linfit.parameter_names import is_linear


def l2_penalty(model: keras.Model) -> float | None:
    """Return the factor of the L2 penalty on w in a model that trains on the mean squared error.

    Returns:
        The factor of Keras's `regularizers.L2`, 0 without a penalty; None for another loss, another penalty or another
        model than y = x w + b, whose optimum is not that of least squares.
    """
    parameters = named_parameters(model)
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    if any(getattr(layer, "activation", None) is not keras.activations.linear for layer in layers) or len(layers) > 1:
        return None  # a stock model must be a single Dense layer without an activation
    if not is_linear(parameters) or isinstance(model.loss, list | tuple | dict):
        return None
    loss = keras.losses.get(model.loss)
    if type(loss) is keras.losses.MeanSquaredError:
        squared = loss.reduction in ("sum_over_batch_size", "mean")
    else:
        squared = loss is keras.losses.mean_squared_error
    if not squared:
        return None
    penalties = {name: variable.regularizer for name, variable in parameters.items() if variable.regularizer}
    if len(model.losses) > len(penalties) or set(penalties) - {"w"}:
        return None
    penalty = penalties.get("w")
    if penalty is None:
        return 0.0
    if not isinstance(penalty, keras.regularizers.L2 | keras.regularizers.L1L2):
        return None
    factors = penalty.get_config()
    return None if factors.get("l1") else float(factors["l2"])
