"""Steps in compiled blocks, steps in Keras's own loop and stock Keras's steps are the same numbers."""

import itertools
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import linfit
from linfit.batches import Batches
from linfit.callbacks import StepCallback
from linfit.rows import Rows

RNG = np.random.default_rng(5)
ROWS = 40
TIGHT = {"float64": {"rtol": 1e-10, "atol": 1e-13}, "float32": {"rtol": 1e-5, "atol": 2e-6}}
LOSSES = {
    "mse": lambda: "mse",
    "mae": lambda: "mae",
    "Huber": lambda: keras.losses.Huber(0.7),
    "LogCosh": lambda: keras.losses.LogCosh(),
}


class Case(NamedTuple):
    """One way to fit; every two values of two fields occur together in some case, or almost."""

    loss: str
    batch_size: int
    dtype: str
    weighted: bool
    validation: str
    rate: str
    features: int
    targets: int
    metrics: list | None

    def __str__(self):
        return "-".join(str(value) for value in self)


CASES = [
    Case("mse", 1, "float64", False, "none", "constant", 1, 1, None),
    Case("mse", 7, "float32", True, "split", "decay", 3, 2, ["mae"]),
    Case("mse", 32, "float64", True, "data", "scheduler", 20, 3, ["mae"]),
    Case("mse", ROWS, "float32", False, "none", "decay", 20, 3, None),
    Case("mse", ROWS, "float64", True, "data", "constant", 3, 2, None),
    Case("mae", 1, "float32", True, "data", "decay", 20, 2, None),
    Case("mae", 7, "float64", False, "none", "scheduler", 3, 3, None),
    Case("mae", 32, "float32", False, "split", "constant", 1, 1, ["mae"]),
    Case("mae", ROWS, "float64", True, "split", "decay", 1, 1, ["mae"]),
    Case("Huber", 1, "float64", False, "split", "scheduler", 3, 3, ["mae"]),
    Case("Huber", 7, "float32", False, "data", "constant", 20, 1, ["mae"]),
    Case("Huber", 32, "float64", True, "none", "decay", 1, 2, None),
    Case("Huber", ROWS, "float32", True, "none", "scheduler", 1, 2, ["mae"]),
    Case("LogCosh", 1, "float32", True, "none", "constant", 20, 3, ["mae"]),
    Case("LogCosh", 7, "float64", True, "data", "decay", 1, 1, None),
    Case("LogCosh", 32, "float32", False, "data", "scheduler", 3, 2, None),
    Case("LogCosh", ROWS, "float64", False, "split", "constant", 20, 3, ["mae"]),
]
EPOCHS = 4


@contextmanager
def floatx(dtype):
    """Stock Keras computes losses, metrics and schedules in its global float type."""
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def rows(features, targets, count=ROWS, seed=0, offset=0.0):
    """Rows with noise, their weights, and a point to start from."""
    rng = np.random.default_rng([seed, features, targets])
    x = rng.normal(size=(count, features)) + offset
    y = x @ rng.normal(size=(features, targets)) + 0.5 + 0.3 * rng.normal(size=(count, targets))
    return x, y, rng.uniform(0.2, 3.0, count)


def start(features, targets):
    rng = np.random.default_rng([9, features, targets])
    return rng.normal(size=(features, targets)) / 4, rng.normal(size=targets) / 4


def linear(features, targets, dtype, **settings):
    """Our model at the start."""
    model = linfit.LinearRegression(*start(features, targets), targets=targets, dtype=dtype)
    model.compile(**settings)
    return model


def stock(features, targets, dtype, learning_rate, **settings):
    """Stock Keras's model at the same point; to be made and used within `floatx`."""
    layer = keras.layers.Dense(targets, dtype=dtype)
    model = keras.Sequential([keras.Input((features,), dtype=dtype), layer])
    layer.set_weights(start(features, targets))
    model.compile(optimizer=keras.optimizers.SGD(learning_rate), **settings)
    return model


def parameters(model):
    return [np.asarray(values) for values in model.get_weights()]


def assert_same_history(history, other, dtype):
    assert list(history.history) == list(other.history)
    assert history.epoch == other.epoch
    for name, values in other.history.items():
        np.testing.assert_allclose(history.history[name], values, **TIGHT[dtype], err_msg=name)


def assert_same(model, history, other, other_history, dtype):
    for values, others in zip(parameters(model), parameters(other), strict=True):
        assert values.dtype == dtype
        np.testing.assert_allclose(values, others, **TIGHT[dtype])
    assert_same_history(history, other_history, dtype)
    assert int(model.optimizer.iterations) == int(other.optimizer.iterations)


def rate_of(case):
    """The learning rate of a case, and the callbacks that change it."""
    base = 0.3 / (2 + case.features)
    if case.rate == "decay":
        return keras.optimizers.schedules.ExponentialDecay(base, decay_steps=5, decay_rate=0.8), []
    if case.rate == "scheduler":
        return base, [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.7)]
    return base, []


def fit_arguments(case):
    x, y, weight = (values.astype(case.dtype) for values in rows(case.features, case.targets))
    arguments = {"x": x, "y": y, "batch_size": case.batch_size, "epochs": EPOCHS, "shuffle": False, "verbose": 0}
    if case.weighted:
        arguments["sample_weight"] = weight
    if case.validation == "split":
        arguments["validation_split"] = 0.3
    elif case.validation == "data":
        arguments["validation_data"] = tuple(v.astype(case.dtype) for v in rows(case.features, case.targets, 19, 1))
    return arguments


@pytest.mark.parametrize("case", CASES, ids=str)
def test_compiled_blocks_keras_own_loop_and_stock_keras_agree(case):
    fitted = {}
    for loop in ["compiled", "by Keras", "stock"]:
        rate, callbacks = rate_of(case)
        with floatx(case.dtype if loop == "stock" else "float32"):
            settings = {"learning_rate": rate, "loss": LOSSES[case.loss](), "metrics": case.metrics}
            if loop == "stock":
                model = stock(case.features, case.targets, case.dtype, **settings)
            else:
                jit = "auto" if loop == "compiled" else False
                model = linear(case.features, case.targets, case.dtype, **settings, jit_compile=jit)
            fitted[loop] = model, model.fit(**fit_arguments(case), callbacks=callbacks)
    moved = parameters(fitted["stock"][0])[0] - start(case.features, case.targets)[0]
    assert np.abs(moved).min() > 1e-4
    assert_same(*fitted["compiled"], *fitted["stock"], case.dtype)
    assert_same(*fitted["by Keras"], *fitted["stock"], case.dtype)


def test_the_cases_put_all_values_of_two_settings_together():
    values = {name: {str(getattr(case, name)) for case in CASES} for name in Case._fields}
    for one, other in itertools.combinations(("loss", "batch_size", "dtype", "weighted", "validation", "rate"), 2):
        pairs = {(str(getattr(case, one)), str(getattr(case, other))) for case in CASES}
        assert pairs == set(itertools.product(values[one], values[other])), (one, other)
