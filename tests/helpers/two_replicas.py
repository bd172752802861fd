"""The program behind test_replicas.py: fits over two logical devices of one process, with results as JSON.

It needs its own process, because TensorFlow accepts devices only before its first operation.
"""

import contextlib
import json
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from descent_by_hand import CASES, table

import linfit
from linfit.callbacks import DivergenceGuard, StatusPrinter, StepCallback, StopAtOptimum, TensorBoardLogger
from linfit.models.tabular_model import TabularModel

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 3
)
STRATEGY = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
# TensorFlow confuses the collective operations of two strategies, so this one uses none.
BY_ONE_DEVICE = tf.distribute.ReductionToOneDevice()
THREE_DEVICES = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1", "CPU:2"], cross_device_ops=BY_ONE_DEVICE)
RESULTS: dict = {}


def create(strategy=STRATEGY, **options):
    with strategy.scope():
        return linfit.LinearRegression(dtype="float64", **options)


def keep(name, model, **more):
    trajectory = model.trajectory
    RESULTS[name] = {
        "w": model.w.numpy(),
        "b": model.b.numpy(),
        "copies": [np.asarray(each) for each in model.w.value.values],
        "step": trajectory.step,
        "loss": trajectory.loss,
        "steps": model.optimizer.iterations.numpy(),
        **more,
    }


def refusal(name, action):
    try:
        action()
        RESULTS[name] = "not refused"
    except (ValueError, tf.errors.OpError) as error:
        RESULTS[name] = f"{type(error).__name__}: {error}"


class BatchLogs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs = []

    def on_train_batch_end(self, batch, logs=None):
        self.logs.append(logs)


def streams():
    """Make 50 steps of each case, from a stream, in one epoch."""
    for case in CASES:
        model = create(use_bias=case.use_bias, kernel_regularizer=keras.regularizers.L2(case.l2) if case.l2 else None)
        model.compile(0.05, loss=case.loss, metrics=["mae"])
        stream = tf.data.Dataset.from_tensor_slices(case.data()).batch(case.batch_size).repeat()
        logs = BatchLogs()
        history = model.fit(stream, steps_per_epoch=50, verbose=0, callbacks=[logs]).history
        keep(str(case), model, history=history, batch_losses=[each["loss"] for each in logs.logs])


def three_replicas():
    """Fit over three replicas, because Keras rounds 1/3 to float32. One metric has another float type."""
    model = create(THREE_DEVICES, kernel_regularizer=keras.regularizers.L2(0.125))
    with THREE_DEVICES.scope():
        model.compile(0.05, metrics=[keras.metrics.MeanAbsoluteError(name="mine", dtype="float32")])
    x, y, _ = table(67)
    history = model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(16), epochs=1, verbose=0).history
    keep("three", model, history=history, mae=np.mean(np.abs(y)))


def rows_in_memory(folder):
    """Fit with sample weights, a penalty, a metric, validation rows, logs and a checkpoint."""
    x, y, weight = table(67)
    held_out = table(5, seed=1)[:2]
    model = create(kernel_regularizer=keras.regularizers.L2(0.125))
    model.compile(0.05, metrics=["mae"])
    truth = linfit.GroundTruth(w=[[1.0, -1.0], [2.0, 0.5], [-1.0, 3.0]], b=[0.5, -2.0])
    callbacks = [
        StatusPrinter(every=10, truth=truth),
        TensorBoardLogger(folder / "logs", truth=truth),
        keras.callbacks.ModelCheckpoint(str(folder / "checkpoint.keras")),
    ]
    options = {"validation_data": held_out, "validation_batch_size": 3, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, 16, 4, sample_weight=weight, callbacks=callbacks, **options).history
    evaluated = model.evaluate(x, y, sample_weight=weight, batch_size=16, verbose=0)
    predicted = model.predict(x, batch_size=16, verbose=0)
    keep("memory", model, history=history, evaluated=evaluated, predicted=predicted)

    model.save(folder / "model.keras")
    loaded = keras.models.load_model(folder / "checkpoint.keras")
    RESULTS["loaded"] = {"w": loaded.w.numpy(), "steps": loaded.optimizer.iterations.numpy()}
    with STRATEGY.scope():
        loaded = keras.models.load_model(folder / "model.keras")
    loaded.fit(x, y, 16, 1, sample_weight=weight, shuffle=False, verbose=0)
    keep("resumed", loaded)


def stops():
    x, y = linfit.GroundTruth(w=[2.0], b=0.5, noise=1.0).sample(40, seed=1)
    model = create()
    stop = StopAtOptimum(fraction=5)
    with STRATEGY.scope():
        model.compile("auto")
        model.fit(x, y, batch_size=40, epochs=50, verbose=0, callbacks=[stop])
    keep("stopped", model, stopped_at=stop.stopped_at, rate=model.optimizer.learning_rate.numpy())

    model = create()
    model.compile(1e200)
    guard = DivergenceGuard()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, batch_size=40, epochs=5, verbose=0, callbacks=[guard])
    messages = [str(each.message) for each in caught if "finite" in str(each.message)]
    keep("diverged", model, stopped=guard.stopped, warnings=messages)

    class Closing(StepCallback):
        def on_steps_end(self, trajectory):
            self.loss = trajectory.loss[-1]

    model, closing = create(kernel_regularizer=keras.regularizers.L2(0.125)), Closing()
    model.compile(0.05)
    with STRATEGY.scope():
        model.fit(x, y, batch_size=40, epochs=1, verbose=0, callbacks=[closing])
    w, b = model.w.numpy(), model.b.numpy()
    true = np.mean((x @ w + b - y.reshape(40, 1)) ** 2) + 0.125 * np.sum(w**2)
    RESULTS["closing"] = {"loss": closing.loss, "true": true}


def refusals():
    x, y, _ = table(8)
    outside = linfit.LinearRegression()
    with STRATEGY.scope():
        refusal("compiled inside", lambda: outside.compile(0.05))
    outside.compile(0.05)
    with STRATEGY.scope():
        refusal("fitted inside", lambda: outside.fit(x, y))
    refusal("steps_per_execution", lambda: create().compile(0.05, steps_per_execution=2))
    refusal("jit_compile", lambda: create().compile(0.05, jit_compile=True))
    refusal("run_eagerly", lambda: create().compile(0.05, run_eagerly=True))
    refusal("sum", lambda: create().compile(0.05, loss=keras.losses.MeanSquaredError(reduction="sum")))
    model = create()
    model.compile(optimizer=keras.optimizers.SGD(0.05), metrics=[keras.metrics.MeanAbsoluteError(name="mine")])
    refusal("created outside", lambda: model.fit(x, y, verbose=0))
    other = tf.distribute.experimental.CentralStorageStrategy(["CPU:0", "CPU:1"])
    with other.scope():
        refusal("another strategy", lambda: linfit.LinearRegression().compile(0.05))

    # Without the work-around, Keras fails.
    work_around = TabularModel._maybe_symbolic_build
    del TabularModel._maybe_symbolic_build
    model = create()
    model.compile(0.05)
    refusal("19246", lambda: model.fit(x[:3], y[:3], batch_size=3, verbose=0))
    TabularModel._maybe_symbolic_build = work_around
    model.fit(x[:3], y[:3], batch_size=3, verbose=0)
    RESULTS["19246 repaired"] = int(model.optimizer.iterations.numpy())


def as_json(value):
    return value.tolist() if hasattr(value, "tolist") else str(value)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with (folder / "printed.txt").open("w") as printed, contextlib.redirect_stdout(printed):
        streams()
        three_replicas()
        rows_in_memory(folder)
        stops()
        refusals()
    (folder / "results.json").write_text(json.dumps(RESULTS, default=as_json))
