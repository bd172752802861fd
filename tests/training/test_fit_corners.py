"""Special cases of compiled fits: steps that XLA cannot compile, callbacks that move the model, steps with state."""

import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

import linfit
from linfit.callbacks import StepCallback

X, Y = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, noise=0.3).sample(60, seed=2)


def ours(kind=linfit.LinearRegression, **settings):
    model = kind()
    model.compile(**{"learning_rate": 0.05, **settings})
    return model


class StopAt(StepCallback):
    """Ends a fit at a step, and keeps the points it receives."""

    def __init__(self, step):
        super().__init__()
        self.last, self.seen = step, []

    def stop_at(self, trajectory):
        rows = np.flatnonzero(trajectory.step == self.last)
        return int(rows[0]) if len(rows) else None

    def on_steps_end(self, trajectory):
        self.seen += trajectory.values.tolist()


def in_python(y, predictions):
    return tf.ensure_shape(tf.numpy_function(lambda p: p.mean(1), [predictions], tf.float32), (None,))


def test_each_fit_with_a_metric_that_xla_does_not_know_is_run_by_keras():
    model = ours(metrics=[in_python])
    for _ in range(2):
        history = model.fit(X, Y, batch_size=60, epochs=2, verbose=0)
        assert history.history["in_python"][0] != history.history["in_python"][1]
    assert int(model.optimizer.iterations) == 4


class PrintingTest(linfit.LinearRegression):
    def test_step(self, data):
        tf.py_function(lambda: None, [], [])
        return super().test_step(data)


def test_held_out_rows_that_xla_cannot_measure_are_measured_by_keras():
    histories = []
    for kind in (PrintingTest, linfit.LinearRegression):
        history = ours(kind).fit(X, Y, batch_size=60, epochs=3, validation_data=(X[:9], Y[:9]), verbose=0)
        histories.append(history.history["val_loss"])
    np.testing.assert_allclose(*histories, rtol=1e-5)
    assert len(histories[0]) == 3


def test_the_end_has_the_loss_of_where_a_callback_left_the_model():
    model = ours(learning_rate=1.02)
    best = keras.callbacks.EarlyStopping("loss", patience=3, restore_best_weights=True)
    model.fit(X, Y, batch_size=60, epochs=50, verbose=0, callbacks=[best], divergence_guard=False)
    end = model.trajectory[-1:]
    np.testing.assert_array_equal(end.w[0], model.w)
    assert end.loss[0] == pytest.approx(np.mean((X @ end.w[0] + end.b[0] - Y) ** 2), rel=1e-5)


class ChangeRate(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 8.0 * (1 + epoch % 2)


def test_a_fit_goes_back_at_the_rate_at_which_it_went_forwards():
    ends = []
    for settings in ({}, {"jit_compile": False}):
        model = ours(**settings)
        with pytest.warns(UserWarning, match="left the finite range"):
            model.fit(X, Y, 30, 100, shuffle=False, verbose=0, callbacks=[ChangeRate()])
        ends.append((int(model.optimizer.iterations), model.w.numpy()))
        recorded = model.trajectory.step.tolist().index(ends[-1][0])
        np.testing.assert_allclose(model.trajectory.w[recorded], model.w, rtol=1e-6)
    assert ends[0][0] == ends[1][0]
    np.testing.assert_allclose(ends[0][1], ends[1][1], rtol=1e-4)


class Momentum(linfit.LinearRegression):
    """A model whose step has state of its own."""

    def build(self, input_shape):
        super().build(input_shape)
        self.speed = tf.Variable(tf.zeros(self.w.shape), trainable=False)

    def train_step(self, data):
        x, y, sample_weight = self._unpack(data)
        with tf.GradientTape() as tape:
            predictions = self(x)
            loss = self.compute_loss(x, y, predictions, sample_weight)
        self.speed.assign(0.9 * self.speed + tape.gradient(loss, self.w.value))
        self.w.assign_sub(0.01 * self.speed)
        self.optimizer.iterations.assign_add(1)
        return self._report(x, y, predictions, loss, sample_weight)


@pytest.mark.parametrize("batch_size", [60, 20])
def test_a_step_with_a_memory_is_taken_back_with_it(batch_size):
    stop, model = StopAt(17), ours(Momentum)
    model.fit(X, Y, batch_size, 100, shuffle=False, verbose=0, callbacks=[stop])
    assert len(stop.seen) == 18
    np.testing.assert_array_equal(np.append(model.w, model.b), np.float32(stop.seen[-1]))
    other = ours(Momentum)
    every = StepCallback()
    other.fit(X, Y, batch_size, 100, shuffle=False, verbose=0, callbacks=[every])
    np.testing.assert_array_equal(other.trajectory.w[17], model.w)


def test_an_epoch_that_was_broken_off_is_gone_on_with_on_its_own_rows_only():
    model = ours()
    model.fit(X, Y, 20, 5, verbose=0, callbacks=[StopAt(4)])
    model.evaluate(100 * X, 100 * Y, verbose=0)
    loss = model.fit(X, Y, 20, 1, verbose=0).history["loss"][0]
    assert int(model.optimizer.iterations) == 6  # two of three steps were left
    assert 0 < loss < 10
    model.fit(X, Y, 20, 5, verbose=0, callbacks=[StopAt(10)])
    model.fit(X + 1, Y, 20, 1, verbose=0)
    assert int(model.optimizer.iterations) == 13


def test_an_unknown_argument_is_refused():
    with pytest.raises(TypeError, match="foo"):
        ours().fit(X, Y, foo=0, verbose=0)


def test_fits_that_overlap_in_threads_leave_keras_float_type_as_it_was():
    first, second = threading.Event(), threading.Event()

    class Wait(keras.callbacks.Callback):
        def __init__(self, ready, go):
            super().__init__()
            self.ready, self.go = ready, go

        def on_train_begin(self, logs=None):
            self.ready.set()
            assert self.go.wait(30)

    def fit(ready, go):
        model = linfit.LinearRegression(dtype="float64")
        model.compile(learning_rate=0.05)
        model.fit(X, Y, verbose=0, callbacks=[Wait(ready, go)])

    one = threading.Thread(target=fit, args=(first, second))
    one.start()
    assert first.wait(30)
    ended = threading.Event()
    two = threading.Thread(target=fit, args=(second, ended))
    two.start()
    one.join(60)
    ended.set()
    two.join(60)
    assert keras.config.floatx() == "float32"
