"""Other implementations of gradient descent on the mean squared error, timed from the same start."""

import importlib
from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from sklearn.linear_model import SGDRegressor

from benchmarks.timing import timed

RATE, START_W, START_B = 0.05, 0.0, -1.0


class Peer(Protocol):
    """A program that takes gradient descent steps from a fixed start."""

    def start(self) -> None: ...

    def run(self, steps: int) -> None: ...

    def point(self) -> tuple[Any, Any]:
        """Return the current w and b."""
        ...


def seconds(peer: Peer, steps: int) -> float:
    """Return the seconds that a number of steps from the start takes."""
    peer.start()
    return timed(lambda: peer.run(steps))


def stock_keras(features: int = 1, rate: float = RATE) -> keras.Model:
    model = keras.Sequential([keras.Input((features,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), loss="mse")
    return model


class ModelFit:
    """`fit` of a Keras model with one w and one b, linfit's or a stock model. Each epoch is one step."""

    def __init__(
        self,
        model: keras.Model,
        x: np.ndarray,
        y: np.ndarray,
        callbacks: Callable[[], list[keras.callbacks.Callback]] = list,
        **options: Any,
    ):
        self.model = model
        self._rows, self._make_callbacks = (x, y), callbacks
        self._options = {"batch_size": len(x), "verbose": 0, **options}
        self._callbacks: list[keras.callbacks.Callback] = []
        self.run(2)  # compiles the steps

    def start(self) -> None:
        w, b = self.model.trainable_variables
        w.assign(np.full(w.shape, START_W))
        b.assign(np.full(b.shape, START_B))
        self.model.optimizer.iterations.assign(0)
        self.model.history = None  # freeing the history of two million epochs takes time
        self._callbacks = self._make_callbacks()

    def run(self, steps: int) -> None:
        self.model.fit(*self._rows, epochs=steps, callbacks=self._callbacks, **self._options)

    def point(self) -> tuple[Any, Any]:
        w, b = self.model.trainable_variables
        return w.numpy(), b.numpy()


class SummaryWriter(keras.callbacks.Callback):
    """Writes w, b and the loss of each epoch into a TensorBoard event file."""

    def __init__(self, folder: str):
        super().__init__()
        self._writer = tf.summary.create_file_writer(folder)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        w, b = self.model.layers[-1].get_weights()
        with self._writer.as_default(step=epoch):
            tf.summary.scalar("w", w.item())
            tf.summary.scalar("b", b.item())
            tf.summary.scalar("loss", (logs or {})["loss"])

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._writer.close()


class EagerLoop:
    """An eager TensorFlow loop with a tape for each step."""

    def __init__(self, x: np.ndarray, y: np.ndarray):
        self._x, self._y = tf.constant(x, tf.float32), tf.constant(y, tf.float32)
        self._w, self._b = tf.Variable(tf.zeros((x.shape[1], 1))), tf.Variable([0.0])
        self.run(2)

    def start(self) -> None:
        self._w.assign(tf.fill(self._w.shape, START_W))
        self._b.assign([START_B])

    def run(self, steps: int) -> None:
        for _ in range(steps):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self._x @ self._w + self._b - self._y))
            dw, db = tape.gradient(loss, [self._w, self._b])
            self._w.assign_sub(RATE * dw)
            self._b.assign_sub(RATE * db)

    def point(self) -> tuple[Any, Any]:
        return self._w.numpy(), self._b.numpy()


class XlaLoop:
    """All steps in one XLA-compiled loop that records nothing."""

    def __init__(self, x: np.ndarray, y: np.ndarray):
        self._rows = tf.constant(x, tf.float32), tf.constant(y, tf.float32)
        self._w, self._b = tf.zeros((x.shape[1], 1)), tf.zeros(1)
        self.run(2)

    def start(self) -> None:
        self._w, self._b = tf.fill(self._w.shape, START_W), tf.constant([START_B])

    def run(self, steps: int) -> None:
        self._w, self._b = _xla_loop(tf.constant(steps), *self._rows, self._w, self._b)
        self._w.numpy()  # waits for the result

    def point(self) -> tuple[Any, Any]:
        return self._w.numpy(), self._b.numpy()


@tf.function(jit_compile=True, autograph=False)
def _xla_loop(steps: Any, x: Any, y: Any, w: Any, b: Any) -> tuple[Any, Any]:
    scale = RATE * 2 / x.shape[0]

    def step(made: Any, w: Any, b: Any) -> tuple[Any, Any, Any]:
        residual = x @ w + b - y
        return made + 1, w - scale * tf.matmul(x, residual, transpose_a=True), b - scale * tf.reduce_sum(residual)

    return tf.while_loop(lambda made, *_: made < steps, step, (0, w, b))[1:]


class NumpyLoop:
    """A NumPy loop in the float type of the rows."""

    def __init__(self, x: np.ndarray, y: np.ndarray, rate: float = RATE):
        self._x, self._y = x, y
        self._scale = x.dtype.type(rate * 2 / len(x))
        self._w, self._b = np.zeros((x.shape[1], 1), x.dtype), x.dtype.type(0)
        self.run(2)

    def start(self) -> None:
        self._w, self._b = np.full_like(self._w, START_W), self._x.dtype.type(START_B)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            residual = self._x @ self._w + self._b - self._y
            self._w -= self._scale * (self._x.T @ residual)
            self._b -= self._scale * residual.sum()

    def point(self) -> tuple[Any, Any]:
        return self._w, self._b


class TorchLoop:
    """A PyTorch loop with autograd and torch.optim.SGD."""

    def __init__(self, x: np.ndarray, y: np.ndarray):
        self._torch = torch = importlib.import_module("torch")
        self._x, self._y = (torch.tensor(array, dtype=torch.float32) for array in (x, y))
        self._w = torch.zeros(x.shape[1], 1, requires_grad=True)
        self._b = torch.zeros(1, requires_grad=True)
        self._optimizer = torch.optim.SGD([self._w, self._b], lr=RATE)
        self.run(2)

    def start(self) -> None:
        with self._torch.no_grad():
            self._w.fill_(START_W)
            self._b.fill_(START_B)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self._optimizer.zero_grad()
            loss = ((self._x @ self._w + self._b - self._y) ** 2).mean()
            loss.backward()
            self._optimizer.step()

    def point(self) -> tuple[Any, Any]:
        return self._w.detach().numpy(), self._b.detach().numpy()


class SgdFit:
    """scikit-learn's compiled SGDRegressor: one update for each row in an epoch, starting at w = b = 0."""

    def __init__(self, x: np.ndarray, y: np.ndarray, **options: Any):
        self._rows, self.options = (x, y[:, 0]), options
        self._fitted: SGDRegressor | None = None

    def start(self) -> None:
        self._fitted = None

    def run(self, steps: int) -> None:
        self._fitted = SGDRegressor(max_iter=steps, tol=None, penalty=None, random_state=0, **self.options)
        self._fitted.fit(*self._rows)

    def point(self) -> tuple[Any, Any]:
        assert self._fitted is not None
        return self._fitted.coef_[:, np.newaxis], self._fitted.intercept_
