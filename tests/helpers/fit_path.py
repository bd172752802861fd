"""The path of a fit: all its steps, recorded by a callback."""

import numpy as np

import linfit
from linfit.callbacks import StepCallback


class Steps(StepCallback):
    """Records every step."""

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.parts = []

    def on_steps_end(self, trajectory):
        self.parts.append(trajectory)

    @property
    def values(self):
        return np.vstack([part.values for part in self.parts])


def new_model(learning_rate="auto", dtype="float64", loss="mse", metrics=None, **options):
    """Return a compiled model in float64."""
    model = linfit.LinearRegression(dtype=dtype, **options)
    model.compile(learning_rate, loss=loss, metrics=metrics)
    return model


def path_of(*data, epochs=200, **options):
    """Return all steps of a fit, shape (steps, parameters)."""
    steps = Steps()
    new_model().fit(*data, epochs=epochs, verbose=0, callbacks=[steps], **options)
    return steps.values
