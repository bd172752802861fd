"""The text of a run on TensorBoard's Text page: how its fit was started, as Markdown."""

import builtins
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from typing import Any

import keras

from linfit.data.rows import Rows
from linfit.keras_utils.variables import named_parameters, units_of
from linfit.statistics.condensed_rows import CondensedRows
from linfit.text.text_table import number
from linfit.training.fit import current_rows
from linfit.training.trajectory import Trajectory

_MOST_NAMES = 10  # features that are named, and parameters whose start and truth are shown
_PACKAGES = ("linfit", "keras", "tensorflow", "numpy", "tensorboard")


def run_text(
    model: keras.Model, start: Trajectory, settings: Mapping[str, Any] | None = None, truth: Any = None
) -> str:
    """Return a fit's settings as a Markdown table, with the versions and the command that started the program.

    Settings that are not known have no row.

    Args:
        model: the model that is fitted, any Keras model.
        start: the starting point of the fit, a trajectory of one row.
        settings: the `params` that Keras gives a callback: the number of epochs, and of steps per epoch.
        truth: the `GroundTruth` of the data, or anything with its w and b.

    Example:
        >>> import linfit
        >>> from linfit.callbacks import StepCallback
        >>> class Show(StepCallback):
        ...     def on_train_begin(self, logs=None):
        ...         super().on_train_begin(logs)
        ...         print(run_text(self.model, self.here(), self.params).splitlines()[2])
        >>> model = linfit.LinearRegression()
        >>> model.compile(learning_rate=0.05)
        >>> _ = model.fit([0.0, 1.0], [1.0, 3.0], verbose=0, callbacks=Show())
        | model | LinearRegression, float32 |
    """
    rows = {**_settings(model, start, settings or {}), **_data(model, start, truth), "versions": _versions()}
    table = ["| setting | value |", "| :--- | :--- |"]
    table += [f"| {name} | {_cell(value)} |" for name, value in rows.items() if value]
    command = _command()
    if command is not None:
        table += ["", "The command that started it:", "", *(f"    {line}" for line in command.splitlines())]
    return "\n".join(table) + "\n"


def _settings(model: keras.Model, start: Trajectory, settings: Mapping[str, Any]) -> dict[str, str]:
    penalties = {name: getattr(value, "regularizer", None) for name, value in named_parameters(model).items()}
    first, epochs, steps = int(start.step[0]), settings.get("epochs"), settings.get("steps")
    return {
        "model": f"{type(model).__name__}, {model.dtype}{'' if units_of(model) is None else ', standardized features'}",
        "loss": _in_code(model.loss),
        "penalty": ", ".join(f"{_in_code(one)} on {name}" for name, one in penalties.items() if one is not None),
        "learning rate": _learning_rate(model.optimizer),
        "batch size": _count(getattr(model, "batch_size", None)),
        "epochs": _count(epochs),
        "steps": f"{first:,} to {first + epochs * steps:,} at most" if epochs and steps else f"from {first:,}",
    }


def _data(model: keras.Model, start: Trajectory, truth: Any) -> dict[str, str]:
    rows = current_rows(model)
    shape: tuple[int, ...] = named_parameters(model)["w"].shape if "w" in start.parameters else ()
    features = getattr(model, "feature_names", None) or getattr(truth, "feature_names", None) or ()
    table = {"rows": "" if rows is None else _rows_in_words(rows)}
    if len(shape) == 2:
        table["features"] = f"{shape[0]:,}" + (f": {_shortened(features)}" if features else "")
        table["targets"] = _count(shape[1])
    if len(start.names) <= _MOST_NAMES:
        table["start"] = _values(start.names, start.values[0])
        if truth is not None:
            true = [value for name in start.parameters for value in getattr(truth, name).ravel().tolist()]
            table["truth"] = _values(start.names, true)
    noise = getattr(truth, "noise", None)
    table["noise"] = "" if noise is None else f"standard deviation {noise:.6g}"
    return table


def _rows_in_words(rows: Rows) -> str:
    return _count(rows.count) + (
        f", condensed to {len(rows)} rows with the same loss" if isinstance(rows, CondensedRows) else ""
    )


def _learning_rate(optimizer: keras.optimizers.Optimizer) -> str:
    rate = optimizer.get_config()["learning_rate"]
    if isinstance(rate, Mapping):  # a schedule
        return f"{rate['class_name']}({_arguments(rate['config'])})"
    return f"{float(rate):.6g}"


def _in_code(part: Any) -> str:
    """Return a loss or a regularizer as it is written in code."""
    if part is None or isinstance(part, str):
        return part or ""
    if isinstance(part, keras.regularizers.Regularizer):
        return f"{type(part).__name__}({_arguments(part.get_config())})"
    return str(getattr(part, "__name__", type(part).__name__))


def _arguments(config: Mapping[str, Any]) -> str:
    given = {name: value for name, value in config.items() if name != "name" and value is not None}
    return ", ".join(f"{name}={f'{value:.6g}' if isinstance(value, float) else value}" for name, value in given.items())


def _values(names: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(f"{name} = {number(value)}" for name, value in zip(names, values, strict=True))


def _shortened(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join([*names[:_MOST_NAMES], *([f"and {more:,} more"] if more > 0 else [])])


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


@cache
def _versions() -> str:
    return ", ".join([f"Python {platform.python_version()}", *(f"{one} {metadata.version(one)}" for one in _PACKAGES)])


def _command() -> str | None:
    """Return the command that started this program, or None if there is none, as in a notebook."""
    arguments = sys.orig_argv[1:]
    if hasattr(builtins, "__IPYTHON__") or hasattr(sys, "ps1") or arguments in ([], ["-"]):
        return None
    return shlex.join(sys.orig_argv)
