"""Compiled blocks, Keras's own loop and stock Keras compute the same numbers."""

import functools
import itertools
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from fit_path import Steps

import linfit
from linfit.callbacks import StepCallback
from linfit.data.rows import Rows

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
    """One way to fit. The cases together cover almost all pairs of values of two fields."""

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
    """Set Keras's global float type, in which stock Keras computes losses, metrics and schedules."""
    before = keras.config.floatx()
    keras.config.dtype_policy()  # Keras derives it from the float type on first use, and keeps it
    keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def rows(features, targets, count=ROWS, seed=0, offset=0.0):
    """Return x and y with noise, and sample weights."""
    rng = np.random.default_rng([seed, features, targets])
    x = rng.normal(size=(count, features)) + offset
    y = x @ rng.normal(size=(features, targets)) + 0.5 + 0.3 * rng.normal(size=(count, targets))
    return x, y, rng.uniform(0.2, 3.0, count)


def start(features, targets):
    """Return the initial w and b."""
    rng = np.random.default_rng([9, features, targets])
    return rng.normal(size=(features, targets)) / 4, rng.normal(size=targets) / 4


def linear(features, targets, dtype, **settings):
    """Return a linfit model at the start."""
    model = linfit.LinearRegression(*start(features, targets), targets=targets, dtype=dtype)
    model.compile(**settings)
    return model


def stock(features, targets, dtype, learning_rate, **settings):
    """Return a stock Keras model at the same start; create and use it inside `floatx`."""
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
    """Return the learning rate of a case, and the callbacks that change it."""
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
    every_third = CASES.index(case) % 3 == 0  # also runs linfit's step in Keras's own loop
    for loop in ["compiled", *(["by Keras"] if every_third else []), "stock"]:
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
    assert np.abs(moved).max() > 1e-3
    for model, history in fitted.values():
        assert_same(model, history, *fitted["stock"], case.dtype)


def test_the_cases_put_all_values_of_two_settings_together():
    values = {name: {str(getattr(case, name)) for case in CASES} for name in Case._fields}
    for one, other in itertools.combinations(("loss", "batch_size", "dtype", "weighted", "validation", "rate"), 2):
        pairs = {(str(getattr(case, one)), str(getattr(case, other))) for case in CASES}
        assert pairs == set(itertools.product(values[one], values[other])), (one, other)


def decoded(losses, batch_size, count):
    """Return the rows of each batch of each epoch.

    The model does not move, and row i adds 2 to the power i to the sum of squares, so the losses tell the rows.
    """
    per_epoch = -(-count // batch_size)
    epochs = []
    for epoch in losses.reshape(-1, per_epoch):
        epochs.append([])
        for number, loss in enumerate(epoch):
            size = min(batch_size, count - number * batch_size)
            bits = round(loss * size)
            assert abs(bits - loss * size) < 1e-3  # the last batch's mean is over its own rows only
            epochs[-1].append([row for row in range(count) if bits >> row & 1])
    return epochs


class Losses(StepCallback):
    """Keeps the loss of each step."""

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.losses = []

    def on_steps_end(self, trajectory):
        self.losses += trajectory.loss.tolist()


@functools.cache
def still():
    """Return a model that does not move."""
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=1e-300)
    return model


def order(seed, batch_size=7, count=18, shuffle=True, epochs=3):
    """Return the rows of each batch of a fit, for each epoch."""
    keras.utils.set_random_seed(seed)
    model, seen = still(), Losses()
    model.optimizer.iterations.assign(0)
    y = np.sqrt(2.0 ** np.arange(count))
    model.fit(np.ones(count), y, batch_size, epochs, verbose=0, shuffle=shuffle, callbacks=[seen])
    return decoded(np.array(seen.losses[:-1]), batch_size, count)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_a_shuffled_epoch_takes_each_row_once_and_no_two_epochs_are_alike(batch_size):
    epochs = order(3, batch_size)
    sizes = [min(batch_size, 18 - first) for first in range(0, 18, batch_size)]
    assert [[len(batch) for batch in epoch] for epoch in epochs] == [sizes] * 3
    assert all(sorted(itertools.chain(*epoch)) == list(range(18)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_the_seed_of_keras_decides_the_order():
    assert order(3) == order(3)
    assert order(3) != order(4)


def test_unshuffled_batches_keep_the_order_of_the_rows():
    assert order(3, shuffle=False) == [[list(range(7)), list(range(7, 14)), list(range(14, 18))]] * 3


@pytest.mark.parametrize("chunk_values", [60, 2**19])
def test_shuffled_fits_agree_with_stock_keras_on_the_same_batches(chunk_values, monkeypatch):
    monkeypatch.setattr("linfit.training.block_runner.CHUNK_VALUES", chunk_values)
    x, y, weight = rows(3, 2)
    keras.utils.set_random_seed(3)
    model = linear(3, 2, "float64", learning_rate=0.05, metrics=["mae"])
    history = model.fit(x, y, 7, EPOCHS, sample_weight=weight, verbose=0)

    batches = list(itertools.chain(*order(3, 7, ROWS, epochs=EPOCHS)))
    spec = tuple(tf.TensorSpec(shape, tf.float64) for shape in [(None, 3), (None, 2), (None,)])
    data = tf.data.Dataset.from_generator(
        lambda: ((x[some], y[some], weight[some]) for some in batches), output_signature=spec
    )
    with floatx("float64"):
        other = stock(3, 2, "float64", learning_rate=0.05, loss="mse", metrics=["mae"])
        other_history = other.fit(data, epochs=EPOCHS, steps_per_epoch=6, shuffle=False, verbose=0)
    assert_same(model, history, other, other_history, "float64")


@pytest.mark.parametrize("every", [1, 2, 3, 5])
def test_mini_batch_steps_recorded_every_so_often_are_those_of_a_full_recording(every, monkeypatch):
    """A call's buffer is full at its last recorded step: no later step may overwrite it."""
    monkeypatch.setattr("linfit.training.block_runner.MAX_VALUES", 60)
    x, y, _ = rows(2, 1)

    def recorded(every):
        model = linear(2, 1, "float64", learning_rate=0.01)
        recorder = Steps(every=every)
        model.fit(x, y, batch_size=1, epochs=5, verbose=0, shuffle=False, callbacks=[recorder])
        return linfit.Trajectory.joined(recorder.parts)

    some, all_steps = recorded(every), recorded(1)
    expected = all_steps[np.isin(all_steps.step, some.step)]
    np.testing.assert_array_equal(some.step, [*range(0, 5 * len(x), every), 5 * len(x)])
    np.testing.assert_array_equal(some.values, expected.values)
    np.testing.assert_array_equal(some.loss, expected.loss)


class Fourth(linfit.LinearRegression):
    """A model with its own loss."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean((y - y_pred) ** 4)


class Bounded(linfit.LinearRegression):
    """A model whose predictions are not linear."""

    def call(self, x):
        return keras.ops.tanh(super().call(x))


class Reporting(linfit.LinearRegression):
    """A model that reports how many rows its batch has."""

    def train_step(self, data):
        return super().train_step(data) | {"rows": keras.ops.cast(keras.ops.shape(data[0])[0], self.dtype)}


def full_batch(condense, *, epochs=30, offset=0.0, weighted=False, targets=1, kind=linfit.LinearRegression, **options):
    """Fit a float64 model to 60 rows at once; return it and the history."""
    settings = {name: options.pop(name) for name in ("loss", "metrics") if name in options}
    x, y, weight = rows(3, targets, 60, 2, offset)
    rate = 0.05 if not offset else 0.2 / offset**2
    model = kind(*start(3, targets), targets=targets, dtype="float64", **options)
    model.compile(learning_rate=rate, condense_rows=condense, **settings)
    history = model.fit(x, y, 60, epochs, sample_weight=weight if weighted else None, verbose=0)
    return model, history


@pytest.mark.parametrize(
    "options",
    [
        {"weighted": True},
        {"targets": 3, "kernel_regularizer": keras.regularizers.L2(0.1)},
        {"use_bias": False, "weighted": True},
        {"offset": 1e3, "weighted": True, "targets": 2, "kernel_regularizer": keras.regularizers.L2(0.1)},
    ],
    ids="-".join,
)
def test_condensed_rows_give_the_losses_and_points_of_all_rows(options):
    (model, history), (other, other_history) = full_batch(True, **options), full_batch(False, **options)
    assert len(model.condensed(Rows(*rows(3, options.get("targets", 1), 60, 2)))) < 20
    assert_same(model, history, other, other_history, "float64")
    assert len(model.trajectory) == 31
    np.testing.assert_allclose(model.trajectory.loss, other.trajectory.loss, rtol=1e-10)
    np.testing.assert_allclose(model.trajectory.values, other.trajectory.values, rtol=1e-9, atol=1e-12)


def test_metrics_are_those_of_all_rows():
    model, history = full_batch(True, metrics=["mae"])
    x, y, _ = rows(3, 1, 60, 2)
    errors = np.abs(y - x @ model.trajectory.w - model.trajectory.b[:, None])
    np.testing.assert_allclose(history.history["mae"], errors.mean(axis=(1, 2))[:-1], rtol=1e-10)


@pytest.mark.parametrize(
    ("options", "loss"),
    [
        ({"loss": "mae"}, lambda x, error: np.mean(np.abs(error))),
        ({"kind": Fourth}, lambda x, error: np.mean(error**4)),
    ],
)
def test_another_loss_is_that_of_all_rows(options, loss):
    model, history = full_batch(True, **options)
    x, y, _ = rows(3, 1, 60, 2)
    errors = y - x @ model.trajectory.w - model.trajectory.b[:, None]
    np.testing.assert_allclose(history.history["loss"], [loss(x, error) for error in errors][:-1], rtol=1e-10)


def test_another_call_and_another_train_step_see_all_rows():
    model, _ = full_batch(True, kind=Bounded)
    x, y, _ = rows(3, 1, 60, 2)
    errors = y - np.tanh(x @ model.trajectory.w + model.trajectory.b[:, None])
    np.testing.assert_allclose(model.trajectory.loss, np.mean(errors**2, axis=(1, 2)), rtol=1e-10)
    assert full_batch(True, kind=Reporting)[1].history["rows"] == [60.0] * 30


class Measuring(linfit.LinearRegression):
    """A model with its own metric."""

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        largest = keras.ops.max(keras.ops.abs(y - y_pred))
        return super().compute_metrics(x, y, y_pred, sample_weight) | {"largest": largest}


def test_metrics_of_a_model_s_own_are_those_of_all_rows():
    model, history = full_batch(True, kind=Measuring)
    x, y, _ = rows(3, 1, 60, 2)
    errors = np.abs(y - x @ model.trajectory.w - model.trajectory.b[:, None])
    np.testing.assert_allclose(history.history["largest"], errors.max(axis=(1, 2))[:-1], rtol=1e-10)


class Counting(linfit.LinearRegression):
    """Counts how often its step is traced."""

    traces = 0

    def train_step(self, data):
        type(self).traces += 1
        return super().train_step(data)


class CountingReports(linfit.LinearRegression):
    """Counts how often its report is traced; rows stay condensed, unlike with its own `train_step`."""

    traces = 0

    def _report(self, *args):
        type(self).traces += 1
        return super()._report(*args)


@pytest.mark.parametrize("batch_size", [1000, 7])
def test_other_steps_rates_and_rows_are_not_traced_again(batch_size):
    Counting.traces = 0
    x, y, _ = rows(2, 1, 31)
    model = Counting(dtype="float64")
    model.compile(learning_rate=0.01)
    model.fit(x, y, batch_size, 2, verbose=0)
    traced = Counting.traces
    assert traced > 0
    model.fit(x, y, batch_size, 5, verbose=0)
    model.fit(x, y, batch_size, 37, verbose=0, initial_epoch=30)
    model.optimizer.learning_rate = 0.02
    model.fit(2 * x, y - 1, batch_size, 3, verbose=0, shuffle=False)
    assert Counting.traces == traced
    assert int(model.optimizer.iterations) == (2 + 5 + 7 + 3) * (1 if batch_size == 1000 else 5)


def test_more_rows_condensed_are_not_traced_again():
    CountingReports.traces = 0
    model = CountingReports(dtype="float64")
    model.compile(learning_rate=0.01)
    model.fit(*rows(2, 1, 31)[:2], 1000, 3, verbose=0)
    traced = CountingReports.traces
    assert traced > 0
    model.fit(*rows(2, 1, 500)[:2], 1000, 3, verbose=0)
    assert CountingReports.traces == traced


class Median(keras.metrics.Mean):
    """A metric that XLA cannot compile."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        error = tf.py_function(lambda y, p: np.median(np.abs(y - p)), [y_true, y_pred], y_true.dtype)
        super().update_state(tf.ensure_shape(error, ()))


def test_a_metric_that_cannot_be_compiled_is_measured_in_keras_own_loop():
    x, y, _ = rows(3, 1)
    results = []
    for metrics in [[Median(name="median", dtype="float64")], None]:
        model = linear(3, 1, "float64", learning_rate=0.05, metrics=metrics)
        results.append((model, model.fit(x, y, ROWS, 3, verbose=0, validation_data=(x[:5], y[:5]))))
    (model, history), (plain, plain_history) = results
    errors = np.abs(y - x @ model.trajectory.w - model.trajectory.b[:, None])
    np.testing.assert_allclose(history.history["median"], np.median(errors, axis=(1, 2))[:-1], rtol=1e-10)
    np.testing.assert_allclose(model.w, plain.w, rtol=1e-10)
    np.testing.assert_allclose(history.history["val_loss"], plain_history.history["val_loss"], rtol=1e-10)
    assert int(model.optimizer.iterations) == 3
