"""The steps are those of gradient descent: computed by hand, in NumPy and by stock Keras."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import linfit

TRUTH = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
X, Y = TRUTH.sample(120, seed=7)
THREE = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.1)
X3, Y3 = THREE.sample(60, seed=3)


def numpy_descent(x, y, w, b, learning_rate, batches):
    """Descend in NumPy over batches of row numbers; return w, b and the loss of each batch."""
    losses = []
    for batch in batches:
        residual = x[batch] @ w + b - y[batch]
        losses.append(np.mean(residual**2))
        w = w - learning_rate * 2 * x[batch].T @ residual / residual.size
        b = b - learning_rate * 2 * residual.sum(axis=0) / residual.size
    return w, b, losses


def stock_model(w, b, learning_rate, dtype="float32", **options):
    """Return a stock Keras model of one Dense layer with SGD that starts at w and b."""
    model = keras.Sequential([keras.Input((w.shape[0],)), keras.layers.Dense(w.shape[1], dtype=dtype, **options)])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate), loss="mse", metrics=["mae"])
    model.set_weights([w, b] if options.get("use_bias", True) else [w])
    return model


def our_model(w, b, learning_rate, **options):
    model = linfit.LinearRegression(w, b, **options)
    model.compile(learning_rate=learning_rate, metrics=["mae"])
    return model


def test_one_step_by_hand():
    # Residuals 0 - 1 and 0 - 2: loss (1 + 4) / 2; dw = 2/2 (-1·1 - 2·3) = -7; db = 2/2 (-1 - 2) = -3.
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.1)
    history = model.fit([1.0, 3.0], [1.0, 2.0], epochs=1, verbose=0)
    assert history.history["loss"] == [2.5]
    np.testing.assert_allclose(model.w.numpy(), [[0.7]], rtol=1e-6)
    np.testing.assert_allclose(model.b.numpy(), [0.3], rtol=1e-6)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-6), ("float64", 1e-13)])
def test_two_hundred_full_batch_steps_equal_numpy(dtype, tolerance):
    model = linfit.LinearRegression(0.0, -1.0, dtype=dtype)
    model.compile(learning_rate=0.05)
    history = model.fit(X, Y, batch_size=len(X), epochs=200, verbose=0)
    w, b, losses = numpy_descent(X, Y, np.zeros((1, 1)), np.array([-1.0]), 0.05, [slice(None)] * 200)
    np.testing.assert_allclose(model.w.numpy(), w, rtol=0, atol=tolerance)
    np.testing.assert_allclose(model.b.numpy(), b, rtol=0, atol=tolerance)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=tolerance * 10)


def test_two_hundred_full_batch_steps_equal_stock_keras():
    start = np.zeros((1, 1)), np.array([-1.0])
    ours, stock = our_model(*start, 0.05), stock_model(*start, 0.05)
    expected = stock.fit(X, Y, batch_size=len(X), epochs=200, verbose=0)
    history = ours.fit(X, Y, batch_size=len(X), epochs=200, verbose=0)
    np.testing.assert_allclose(ours.w.numpy(), stock.get_weights()[0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.b.numpy(), stock.get_weights()[1], rtol=0, atol=1e-6)
    np.testing.assert_allclose(history.history["loss"], expected.history["loss"], rtol=1e-4)
    np.testing.assert_allclose(history.history["mae"], expected.history["mae"], rtol=1e-4)


@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_mini_batches_equal_stock_keras_and_numpy(batch_size):
    start = np.zeros((3, 1)), np.zeros(1)
    ours, stock = our_model(*start, 0.02), stock_model(*start, 0.02)
    fit = {"batch_size": batch_size, "epochs": 3, "shuffle": False, "verbose": 0}
    expected = stock.fit(X3, Y3, **fit)
    history = ours.fit(X3, Y3, **fit)
    batches = [slice(first, first + batch_size) for first in range(0, len(X3), batch_size)] * 3
    w, b, _ = numpy_descent(X3, Y3, *start, 0.02, batches)
    for values, reference in [(ours.w, w), (ours.b, b), (stock.weights[0], w), (stock.weights[1], b)]:
        np.testing.assert_allclose(values.numpy(), reference, rtol=0, atol=2e-6)
    np.testing.assert_allclose(history.history["loss"], expected.history["loss"], rtol=1e-5)
    assert int(ours.optimizer.iterations) == len(batches)


def test_batches_that_keras_shuffles_equal_stock_keras_with_the_same_seed():
    start = np.zeros((3, 1)), np.zeros(1)
    ends = []
    for make in (our_model, stock_model):
        keras.utils.set_random_seed(5)
        model = make(*start, 0.02)
        if make is our_model:
            model.compile(learning_rate=0.02, jit_compile=False)
        model.fit(X3, Y3, batch_size=16, epochs=3, verbose=0)
        ends.append(model.get_weights())
    np.testing.assert_allclose(ends[0][0], ends[1][0], atol=1e-6)
    np.testing.assert_allclose(ends[0][1], ends[1][1], atol=1e-6)


def test_sample_weights_and_validation_equal_stock_keras():
    start = np.zeros((3, 1)), np.zeros(1)
    weight = np.linspace(0.1, 2.0, len(X3))
    fit = {"sample_weight": weight, "batch_size": 16, "epochs": 4, "shuffle": False, "verbose": 0}
    for validation in [{"validation_split": 0.3}, {"validation_data": (X3[:20], Y3[:20], weight[:20])}]:
        ours, stock = our_model(*start, 0.02), stock_model(*start, 0.02)
        expected = stock.fit(X3, Y3, **fit, **validation).history
        history = ours.fit(X3, Y3, **fit, **validation).history
        assert list(history) == list(expected) == ["loss", "mae", "val_loss", "val_mae"]
        for name, values in expected.items():
            np.testing.assert_allclose(history[name], values, rtol=1e-5, err_msg=name)
        np.testing.assert_allclose(
            ours.evaluate(X3, Y3, sample_weight=weight, verbose=0),
            stock.evaluate(X3, Y3, sample_weight=weight, verbose=0),
            rtol=1e-5,
        )


def test_without_a_bias_b_stays_zero_and_w_equals_stock_keras():
    ours = our_model(np.zeros((3, 1)), 0.0, 0.02, use_bias=False)
    stock = stock_model(np.zeros((3, 1)), None, 0.02, use_bias=False)
    for model in (ours, stock):
        model.fit(X3, Y3, batch_size=len(X3), epochs=20, verbose=0)
    np.testing.assert_allclose(ours.w.numpy(), stock.get_weights()[0], atol=1e-6)
    assert ours.b.numpy() == 0


def test_an_l2_penalty_equals_stock_keras():
    penalty = keras.regularizers.L2(0.1)
    ours = our_model(np.ones((3, 1)), 0.0, 0.02, kernel_regularizer=penalty)
    stock = stock_model(np.ones((3, 1)), np.zeros(1), 0.02, kernel_regularizer=penalty)
    histories = [model.fit(X3, Y3, batch_size=len(X3), epochs=20, verbose=0) for model in (ours, stock)]
    np.testing.assert_allclose(ours.w.numpy(), stock.get_weights()[0], atol=1e-6)
    np.testing.assert_allclose(histories[0].history["loss"], histories[1].history["loss"], rtol=1e-5)


@pytest.mark.parametrize("loss", ["mae", "huber", keras.losses.LogCosh(), keras.losses.mean_squared_error])
def test_other_losses_equal_stock_keras(loss):
    ours, stock = our_model(np.zeros((3, 1)), 0.0, 0.02), stock_model(np.zeros((3, 1)), np.zeros(1), 0.02)
    ours.compile(learning_rate=0.02, loss=loss)
    stock.compile(optimizer=keras.optimizers.SGD(0.02), loss=loss)
    for model in (ours, stock):
        model.fit(X3, Y3, batch_size=len(X3), epochs=20, verbose=0)
    np.testing.assert_allclose(ours.w.numpy(), stock.get_weights()[0], atol=1e-6)


def test_two_targets_share_one_mean_as_in_stock_keras():
    y = np.column_stack([Y3[:, 0], X3[:, 0]])
    ours, stock = our_model(np.zeros((3, 2)), 0.0, 0.02), stock_model(np.zeros((3, 2)), np.zeros(2), 0.02)
    for model in (ours, stock):
        model.fit(X3, y, batch_size=len(X3), epochs=20, verbose=0)
    np.testing.assert_allclose(ours.w.numpy(), stock.get_weights()[0], atol=1e-6)


@pytest.mark.parametrize("as_column", [False, True])
def test_targets_as_a_vector_and_as_a_column_train_alike(as_column):
    y = Y if as_column else Y[:, 0]
    w, b, _ = numpy_descent(X, Y, np.zeros((1, 1)), np.zeros(1), 0.05, [slice(None)] * 10)
    sources = {
        "arrays": {"x": X, "y": y, "batch_size": 120, "epochs": 10},
        "tensors": {"x": tf.constant(X[:, 0]), "y": tf.constant(y), "batch_size": 120, "epochs": 10},
        "lists": {"x": X.tolist(), "y": y.tolist(), "batch_size": 120, "epochs": 10},
        "dataset": {"x": tf.data.Dataset.from_tensors((X, y)).repeat(10)},
        "generator": {"x": ((X, y) for _ in range(10)), "steps_per_epoch": 10},
    }
    for name, source in sources.items():
        model = linfit.LinearRegression()
        model.compile(learning_rate=0.05)
        model.fit(**source, verbose=0)
        np.testing.assert_allclose(model.w.numpy(), w, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(model.b.numpy(), b, atol=1e-6, err_msg=name)


def test_a_schedule_really_changes_the_step():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=schedule)
    model.fit(X, Y, batch_size=120, epochs=5, verbose=0)
    w, b = np.zeros((1, 1)), np.zeros(1)
    for step in range(5):
        w, b, _ = numpy_descent(X, Y, w, b, 0.1 * 0.5**step, [slice(None)])
    np.testing.assert_allclose(model.w.numpy(), w, rtol=1e-6)  # Keras evaluates a schedule in float32
    np.testing.assert_allclose(model.b.numpy(), b, rtol=1e-6)


def test_callbacks_that_set_the_rate_really_change_the_step():
    rates = [0.1, 0.01, 0.05, 0.0001, 0.1]
    model = linfit.LinearRegression(dtype="float64")
    model.compile()
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: rates[epoch])
    history = model.fit(X, Y, batch_size=120, epochs=5, verbose=0, callbacks=[scheduler])
    w, b = np.zeros((1, 1)), np.zeros(1)
    for rate in rates:
        w, b, _ = numpy_descent(X, Y, w, b, rate, [slice(None)])
    np.testing.assert_allclose(model.w.numpy(), w, rtol=1e-12)
    np.testing.assert_allclose(history.history["learning_rate"], rates, rtol=1e-6)


def test_reducing_the_rate_on_a_plateau_really_changes_the_step():
    start = np.zeros((1, 1)), np.array([-1.0])
    ends = []
    for make in (our_model, stock_model):
        model = make(*start, 0.2)
        plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=0.5)
        history = model.fit(X, Y, batch_size=120, epochs=8, verbose=0, callbacks=[plateau])
        ends.append((model.get_weights(), history.history["learning_rate"]))
    assert ends[0][1] == ends[1][1]
    assert ends[0][1][-1] < 0.1
    np.testing.assert_allclose(ends[0][0][0], ends[1][0][0], atol=1e-6)


def test_the_passed_optimizer_holds_rate_and_step_count():
    optimizer = keras.optimizers.SGD(0.05)
    model = linfit.LinearRegression()
    model.compile(optimizer=optimizer)
    model.fit(X, Y, batch_size=60, epochs=3, verbose=0)
    assert model.optimizer is optimizer
    assert int(optimizer.iterations) == 6


@pytest.mark.parametrize("options", [{"run_eagerly": True}, {"jit_compile": True}, {"steps_per_execution": 3}])
def test_every_way_to_run_the_step_gives_the_same_numbers(options):
    model = linfit.LinearRegression(np.zeros(3))
    model.compile(learning_rate=0.02, **options)
    model.fit(X3, Y3, batch_size=20, epochs=4, shuffle=False, verbose=0)
    batches = [slice(0, 20), slice(20, 40), slice(40, 60)] * 4
    w, _, _ = numpy_descent(X3, Y3, np.zeros((3, 1)), np.zeros(1), 0.02, batches)
    np.testing.assert_allclose(model.w.numpy(), w, atol=2e-6)
    assert int(model.optimizer.iterations) == 12


@pytest.mark.parametrize(
    "start", [2.0, [2.0, 2.0, 2.0], np.full((3, 1), 2.0), keras.initializers.Constant(2.0), "ones"]
)
def test_the_start_may_be_a_number_an_array_or_an_initializer(start):
    model = linfit.LinearRegression(w_initializer=start)
    model.build((None, 3))
    np.testing.assert_array_equal(model.w.numpy(), np.full((3, 1), 1.0 if isinstance(start, str) else 2.0))


def test_keras_keeps_its_float_type_outside_a_float64_fit():
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=0.05)
    model.fit(X, Y, epochs=1, verbose=0)
    assert keras.config.floatx() == "float32"
    assert model.w.dtype == model.optimizer.learning_rate.dtype == "float64"
    assert model.predict(X[:2], verbose=0).dtype == np.float64


def test_models_after_a_float64_fit_have_keras_default_again():
    program = (
        "import linfit; model = linfit.LinearRegression(dtype='float64'); model.compile(learning_rate=0.05); "
        "model.fit([[1.0]], [[2.0]], verbose=0); print(linfit.LinearRegression().dtype)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "float32\n"
