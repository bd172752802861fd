"""A callback of your own, for linfit's models and for any other Keras model: at which step has the loss halved?"""

from typing import Any

import keras
import numpy as np

import linfit
from linfit.callbacks import StepCallback


class LossHalved(StepCallback):
    """Finds the first step at which the loss is at most half of its initial value."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        super().on_train_begin(logs)
        self.initial: float | None = None
        self.halved_at: int | None = None

    def on_steps_end(self, trajectory: linfit.Trajectory) -> None:
        if self.initial is None:
            self.initial = trajectory.loss[0]
        if self.halved_at is None and np.any(halved := trajectory.loss <= self.initial / 2):
            self.halved_at = int(trajectory.step[halved][0])


x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)

regression = linfit.LinearRegression(b_initializer=-1.0)
regression.compile(learning_rate=0.01)
dense = keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(-1.0))
stock = keras.Sequential([keras.Input((1,)), dense])
stock.compile(keras.optimizers.SGD(0.01), loss="mse")

for name, model in {"LinearRegression": regression, "Dense(1)": stock}.items():
    callback = LossHalved()
    model.fit(x, y, batch_size=len(x), epochs=40, verbose=0, callbacks=[callback])
    print(f"{name}: the loss has halved at step {callback.halved_at}.")
