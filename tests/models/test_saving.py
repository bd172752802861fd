"""A model that is saved and loaded resumes as if it had not been interrupted."""

import keras
import numpy as np
import pytest

import linfit

X, Y = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.1).sample(60, seed=3)
FIT = {"batch_size": 20, "shuffle": False, "verbose": 0}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_continues_after_loading_to_the_same_bits(tmp_path, dtype):
    model = linfit.LinearRegression(feature_names=["a", "b", "c"], dtype=dtype)
    model.compile(learning_rate=0.02, loss=keras.losses.Huber(), metrics=["mae"])
    model.fit(X, Y, epochs=3, **FIT)
    model.optimizer.learning_rate = 0.03
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.feature_names == ("a", "b", "c")
    assert loaded.dtype == dtype
    assert int(loaded.optimizer.iterations) == 9
    assert float(loaded.optimizer.learning_rate) == float(model.optimizer.learning_rate)
    histories = [each.fit(X, Y, epochs=3, **FIT).history for each in (model, loaded)]
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(loaded.w.numpy(), model.w.numpy())
    np.testing.assert_array_equal(loaded.b.numpy(), model.b.numpy())


def test_a_schedule_goes_on_after_loading(tmp_path):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=3, decay_rate=0.5)
    model = linfit.LinearRegression()
    model.compile(learning_rate=schedule)
    model.fit(X, Y, epochs=2, **FIT)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(X, Y, epochs=2, **FIT)
    np.testing.assert_array_equal(loaded.w.numpy(), model.w.numpy())
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.05 * 0.5**4)


def test_weights_alone_round_trip(tmp_path):
    model = linfit.LinearRegression(use_bias=False)
    model.compile(learning_rate=0.02)
    model.fit(X, Y, epochs=3, **FIT)
    model.save_weights(tmp_path / "model.weights.h5")
    other = linfit.LinearRegression(use_bias=False)
    other.build((None, 3))
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.w.numpy(), model.w.numpy())


@pytest.mark.parametrize(
    "options",
    [
        {"w_initializer": [1.0, 2.0, 3.0], "b_initializer": -1.0},
        {"w_initializer": keras.initializers.RandomNormal(seed=4), "b_initializer": "ones"},
        {"use_bias": False, "kernel_regularizer": keras.regularizers.L2(0.1), "name": "ridge"},
    ],
)
def test_the_configuration_makes_the_same_untrained_model(options):
    model = linfit.LinearRegression(**options)
    copy = linfit.LinearRegression.from_config(model.get_config())
    for each in (model, copy):
        each.build((None, 3))
    assert copy.get_config() == model.get_config()
    np.testing.assert_array_equal(copy.w.numpy(), model.w.numpy())
    np.testing.assert_array_equal(copy.b.numpy(), model.b.numpy())
    assert sum(copy.losses) == sum(model.losses)


def test_cloning_and_checkpoints_of_keras_work(tmp_path):
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.02)
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    model.fit(X, Y, epochs=2, callbacks=[checkpoint, backup], **FIT)
    loaded = keras.models.load_model(tmp_path / "2.keras")
    np.testing.assert_array_equal(loaded.w.numpy(), model.w.numpy())
    np.testing.assert_allclose(loaded.predict(X, verbose=0), X @ model.w.numpy() + model.b.numpy(), rtol=1e-5)
