"""A fit in compiled blocks can be stopped anywhere and resumed: same bits, and one trajectory of all steps."""

import functools
import os
import signal
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest

import linfit
from linfit.callbacks import DivergenceGuard, StepCallback

RNG = np.random.default_rng(11)
X = RNG.normal(size=(30, 2))
Y = X @ [[1.5], [-2.0]] + 0.5 + 0.3 * RNG.normal(size=(30, 1))
START = np.array([0.5, 0.25, -1.0])
FULL, SMALL = 30, 7  # one step in an epoch, and five


class Seen(StepCallback):
    """Keeps the steps it receives."""

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.steps, self.losses, self.values = [], [], []

    def on_steps_end(self, trajectory):
        self.steps += trajectory.step.tolist()
        self.losses += trajectory.loss.tolist()
        self.values += trajectory.values.tolist()


class StopAt(StepCallback):
    """Ends a fit at a step."""

    def __init__(self, step, every=1):
        super().__init__(every)
        self.last = step

    def stop_at(self, trajectory):
        found = np.flatnonzero(trajectory.step == self.last)
        return int(found[0]) if len(found) else None


class CtrlC(StepCallback):
    """Presses Ctrl-C once it has received a step."""

    def __init__(self, step):
        super().__init__()
        self.at = step

    def on_steps_end(self, trajectory):
        if self.at is not None and trajectory.step[-1] >= self.at:
            self.at = None
            os.kill(os.getpid(), signal.SIGINT)


@functools.cache
def compiled(which, dtype, settings):
    model = linfit.LinearRegression(START[:2], START[2], dtype=dtype)
    model.compile(**({"learning_rate": 0.05} | dict(settings)))
    model.build((None, 2))
    return model


def linear(dtype="float64", which="", **settings):
    """Return a model at the start, compiled once for all tests; `which` distinguishes models with the same settings."""
    model = compiled(which, dtype, tuple(settings.items()))
    model.w.assign(START[:2, None])
    model.b.assign(START[2:])
    model.optimizer.iterations.assign(0)
    return model


def fit(model, batch_size, epochs, **options):
    """Fit a model. Fits from step 0 share a seed; a later fit gets another seed, which must not matter."""
    keras.utils.set_random_seed(4 if int(model.optimizer.iterations) == 0 else 5)
    return model.fit(X, Y, **({"batch_size": batch_size, "epochs": epochs, "verbose": 0} | options))


def bits(model):
    return [values.tobytes() for values in model.get_weights()]


def rows_of(trajectory):
    return np.column_stack([trajectory.step, trajectory.loss, trajectory.learning_rate, trajectory.values])


def saved_and_loaded(model, folder):
    model.save(folder / "model.keras")
    return keras.saving.load_model(folder / "model.keras")


def descent(steps, rate=0.05):
    """Return the losses and points of full-batch gradient descent, in NumPy."""
    a, point = np.column_stack([X, np.ones(len(X))]), START
    losses, points = [], []
    for _ in range(steps + 1):
        residual = a @ point - Y[:, 0]
        losses.append(np.mean(residual**2))
        points.append(point)
        point = point - rate * 2 / len(a) * a.T @ residual
    return np.array(losses), np.array(points)


BLOCKS = [
    {},
    {
        "linfit.training.block_loop.BlockLoop._first_block_steps": lambda fit: 1,
        "linfit.training.block_loop.BLOCK_SECONDS": 1e-9,
    },
    {
        "linfit.training.block_loop.BlockLoop._first_block_steps": lambda fit: 3,
        "linfit.training.block_loop.BLOCK_SECONDS": 1e-9,
    },
    {"linfit.training.block_runner.CHUNK_VALUES": 1},
]


@pytest.mark.parametrize("batch_size", [FULL, SMALL])
@pytest.mark.parametrize("callbacks", [list, lambda: [Seen(every=3)]], ids=["none", "every 3"])
def test_the_length_of_the_blocks_changes_no_bit(batch_size, callbacks):
    results = []
    for settings in BLOCKS:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setattr(name, value)
            model = linear("float32")
            history = fit(model, batch_size, 13, callbacks=callbacks())
        results.append((bits(model), rows_of(model.trajectory).tobytes(), history.history, history.epoch))
    assert np.abs(model.w - START[:2, None]).max() > 0.1
    assert len(results[0][2]["loss"]) == 13
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("batch_size", [FULL, SMALL])
def test_who_watches_changes_no_more_than_rounding(batch_size):
    class Minibatches(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    class Epochs(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            pass

    results = []
    for which, callbacks in enumerate([[], [Minibatches()], [Seen(every=5), Epochs()]]):
        model = linear(which=which)
        results.append((model, fit(model, batch_size, 12, callbacks=callbacks)))
    for model, history in results[1:]:
        np.testing.assert_allclose(model.w, results[0][0].w, rtol=1e-12)
        np.testing.assert_allclose(history.history["loss"], results[0][1].history["loss"], rtol=1e-12)


@pytest.mark.parametrize("load", [False, True], ids=["kept", "loaded"])
@pytest.mark.parametrize("batch_size", [FULL, SMALL])
def test_two_fits_are_one_longer_fit(batch_size, load, tmp_path):
    uninterrupted, parts = linear(), linear(which="in parts")
    whole = fit(uninterrupted, batch_size, 12)
    first = fit(parts, batch_size, 5).history["loss"]
    if load:
        parts = saved_and_loaded(parts, tmp_path)
    second = fit(parts, batch_size, 7).history["loss"]
    assert bits(parts) == bits(uninterrupted)
    assert first + second == whole.history["loss"]
    if not load:
        assert parts.trajectory.step.tolist() == list(range(len(uninterrupted.trajectory)))
        np.testing.assert_array_equal(parts.trajectory.values, uninterrupted.trajectory.values)


@pytest.mark.parametrize("load", [False, True], ids=["kept", "loaded"])
@pytest.mark.parametrize("step", [12, 15])
def test_a_fit_that_stopped_within_an_epoch_goes_on_to_the_same_bits(step, load, tmp_path):
    uninterrupted, stopped = linear(), linear(which="in parts")
    whole = fit(uninterrupted, SMALL, 6, callbacks=[Seen()])
    first = fit(stopped, SMALL, 6, callbacks=[StopAt(step)])
    assert int(stopped.optimizer.iterations) == step
    if load:
        stopped = saved_and_loaded(stopped, tmp_path)
    seen = Seen()
    history = fit(stopped, SMALL, 6, initial_epoch=step // 5, callbacks=[seen])
    assert bits(stopped) == bits(uninterrupted)
    assert int(stopped.optimizer.iterations) == 30
    assert seen.steps == list(range(step, 31))
    assert history.epoch == list(range(step // 5, 6))
    assert history.history["loss"][1:] == whole.history["loss"][step // 5 + 1 :]
    assert first.history["loss"][: step // 5] == whole.history["loss"][: step // 5]
    if not load:
        np.testing.assert_array_equal(rows_of(stopped.trajectory), rows_of(uninterrupted.trajectory))


def test_the_epoch_that_was_cut_reports_the_mean_of_all_its_steps():
    uninterrupted, stopped = linear(), linear(which="in parts")
    whole = fit(uninterrupted, SMALL, 3)
    fit(stopped, SMALL, 3, callbacks=[StopAt(12)])
    history = fit(stopped, SMALL, 3, initial_epoch=2)
    assert history.history["loss"] == [pytest.approx(whole.history["loss"][2], rel=1e-12)]


@pytest.mark.parametrize("batch_size", [FULL, SMALL])
def test_ctrl_c_keeps_all_steps_so_far_and_the_fit_goes_on_to_the_same_bits(batch_size):
    epochs, per_epoch = (60, 1) if batch_size == FULL else (12, 5)
    uninterrupted, interrupted = linear(), linear(which="in parts")
    fit(uninterrupted, batch_size, epochs, callbacks=[Seen()])
    seen = Seen()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("linfit.training.block_loop.BlockLoop._first_block_steps", lambda fit: 4)
        patch.setattr("linfit.training.block_loop.BLOCK_SECONDS", 1e-9)
        with pytest.raises(KeyboardInterrupt):
            fit(interrupted, batch_size, epochs, callbacks=[CtrlC(23), seen])
    step = int(interrupted.optimizer.iterations)
    assert 23 < step < 60
    assert interrupted.trajectory.step.tolist() == seen.steps == list(range(step + 1))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert len(interrupted.history.history["loss"]) == step // per_epoch
    fit(interrupted, batch_size, epochs, initial_epoch=step // per_epoch, callbacks=[Seen()])
    assert bits(interrupted) == bits(uninterrupted)
    np.testing.assert_array_equal(rows_of(interrupted.trajectory), rows_of(uninterrupted.trajectory))


def test_ctrl_c_from_outside_ends_a_long_fit():
    model = linear(learning_rate=1e-9)
    fit(model, FULL, 1)  # compiles the steps
    begun = threading.Event()

    class Begun(StepCallback):
        def on_steps_end(self, trajectory):
            begun.set()

    def press():
        begun.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        fit(model, FULL, 10**9, callbacks=[Begun(every=1000)])
    thread.join()
    assert model.trajectory.step[-1] == int(model.optimizer.iterations) < 10**9


PROGRAM = """
import numpy as np, linfit
from linfit.callbacks import StepCallback

class Say(StepCallback):
    said = False
    def on_steps_end(self, trajectory):
        if not self.said:
            self.said = True
            print("running", flush=True)

model = linfit.LinearRegression()
model.compile(learning_rate=1e-9)
try:
    model.fit([0.0, 1.0], [1.0, 2.0], batch_size=2, epochs=10**9, verbose=0, callbacks=[Say(every=1000)])
except KeyboardInterrupt:
    print(model.trajectory.step[-1] == int(model.optimizer.iterations), len(model.history.history["loss"]) > 0)
"""


def test_ctrl_c_in_a_program_of_its_own():
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline() == "running\n"
        program.send_signal(signal.SIGINT)
        assert program.stdout.read() == "True True\n"
    assert program.returncode == 0


def test_the_trajectory_is_that_of_numpy():
    model = linear()
    history = fit(model, FULL, 25)
    losses, points = descent(25)
    trajectory = model.trajectory
    assert trajectory.step.tolist() == list(range(26))
    np.testing.assert_allclose(trajectory.loss, losses, rtol=1e-11)
    np.testing.assert_allclose(trajectory.values, points, rtol=1e-11)
    np.testing.assert_array_equal(trajectory.learning_rate, 0.05)
    np.testing.assert_array_equal(trajectory.values[-1], [*model.w.numpy()[:, 0], *model.b.numpy()])
    assert history.history["loss"] == trajectory.loss[:-1].tolist()
    frame = trajectory.to_frame()
    assert list(frame) == ["step", "loss", "learning_rate", "w/x0", "w/x1", "b"]
    np.testing.assert_array_equal(frame.to_numpy(), rows_of(trajectory))


def test_a_counter_that_is_set_to_0_starts_the_trajectory_over():
    model = linear()
    fit(model, FULL, 9)
    model.optimizer.iterations.assign(0)
    model.w.assign(np.zeros((2, 1)))
    fit(model, FULL, 4)
    assert model.trajectory.step.tolist() == list(range(5))
    np.testing.assert_array_equal(model.trajectory.w[0], 0.0)


@pytest.mark.parametrize("parts", [1, 3])
def test_a_long_trajectory_is_thinned_evenly_and_keeps_both_ends(parts, monkeypatch):
    monkeypatch.setattr("linfit.training.recorder.ENOUGH_ROWS", 20)
    monkeypatch.setattr("linfit.training.recorder.MAX_VALUES", 500)  # 100 rows
    monkeypatch.setattr("linfit.training.block_runner.MAX_VALUES", 300)
    model, seen = linear(), Seen()
    steps = 3001
    for _ in range(parts):
        fit(model, FULL, steps, callbacks=[seen])
    step = model.trajectory.step
    assert seen.steps == list(range((parts - 1) * steps, parts * steps + 1))
    assert 25 <= len(step) <= 100
    assert (step[0], step[-1]) == (0, parts * steps)
    assert np.diff(step).min() > 0
    assert np.diff(step).max() <= 2 * parts * steps / 25
    if parts == 1:
        assert len(set(np.diff(step)[:-1].tolist())) == 1
    losses, points = descent(parts * steps)
    np.testing.assert_allclose(model.trajectory.values, points[step], rtol=1e-9)
    np.testing.assert_allclose(model.trajectory.loss, losses[step], rtol=1e-9)


def test_each_callback_sees_its_own_multiples_and_the_end():
    model, four, six = linear(), Seen(every=4), Seen(every=6)
    fit(model, FULL, 21, callbacks=[four, six])
    assert four.steps == [0, 4, 8, 12, 16, 20, 21]
    assert six.steps == [0, 6, 12, 18, 21]
    assert model.trajectory.step.tolist() == [*range(0, 21, 2), 21]
    losses, points = descent(21)
    np.testing.assert_allclose(six.values, points[six.steps], rtol=1e-11)
    np.testing.assert_allclose(four.losses, losses[four.steps], rtol=1e-11)


@pytest.mark.parametrize("batch_size", [FULL, SMALL])
@pytest.mark.parametrize(("step", "every"), [(0, 1), (1, 1), (13, 1), (30, 1), (12, 4), (20, 5)])
def test_a_stop_inside_a_block_leaves_the_model_as_if_no_later_step_had_been_made(step, every, batch_size):
    results = []
    for settings in [{}, {"jit_compile": False}]:
        model, seen = linear(**settings), Seen()
        history = fit(model, batch_size, 60, callbacks=[seen, StopAt(step, every), Seen()], shuffle=False)
        results.append((model, seen, history))
    (model, seen, history), (other, other_seen, other_history) = results
    assert int(model.optimizer.iterations) == int(other.optimizer.iterations) == step
    assert seen.steps == other_seen.steps == list(range(step + 1))
    np.testing.assert_allclose(seen.values, other_seen.values, rtol=1e-11)
    np.testing.assert_allclose(seen.losses, other_seen.losses, rtol=1e-11)
    np.testing.assert_array_equal([*model.w.numpy()[:, 0], *model.b.numpy()], seen.values[-1])
    assert model.trajectory.step[-1] == step
    assert history.epoch == other_history.epoch
    np.testing.assert_allclose(history.history["loss"], other_history.history["loss"], rtol=1e-11)
    if batch_size == FULL:
        np.testing.assert_allclose(seen.values, descent(step)[1], rtol=1e-11)


def overflow(rate):
    """Return the first step of full-batch descent whose float64 loss is infinite, and all points."""
    with np.errstate(over="ignore", invalid="ignore"):
        losses, points = descent(3000, rate)
    return int(np.argmin(np.isfinite(losses))), points


@pytest.mark.parametrize("every", [None, 1, 10])
@pytest.mark.parametrize("shift", [0, 1, 5])
def test_a_diverging_fit_is_brought_back_to_its_last_finite_point(every, shift, monkeypatch):
    bad, points = overflow(20.0)
    assert 50 < bad < 2000
    monkeypatch.setattr(
        "linfit.training.block_loop.BlockLoop._first_block_steps", lambda fit: bad + 1 - shift
    )  # the bad step is the last of a block, the first, or inside
    monkeypatch.setattr("linfit.training.block_loop.BLOCK_SECONDS", 1e9)
    guard, callbacks = DivergenceGuard(), [] if every is None else [Seen(every)]
    model = linear(learning_rate=20.0, condense_rows=False)
    with pytest.warns(UserWarning, match=f"left the finite range at step {bad}\\..*back at step {bad - 1}, the last"):
        history = fit(model, FULL, 5000, callbacks=[guard, *callbacks])
    assert guard.stopped
    assert int(model.optimizer.iterations) == bad - 1
    np.testing.assert_allclose([*model.w.numpy()[:, 0], *model.b.numpy()], points[bad - 1], rtol=1e-9)
    assert model.trajectory.step[-1] == bad - 1
    assert np.isfinite(model.trajectory.loss).all()
    assert len(history.history["loss"]) == bad + 1
    if callbacks:
        assert callbacks[0].steps == [step for step in range(bad) if step % every == 0 or step == bad - 1]


def test_a_fit_whose_first_loss_is_infinite_stays_at_its_start():
    model = linfit.LinearRegression([1e200, 1e200], 0.0, dtype="float64")
    model.compile(learning_rate=0.1)
    with pytest.warns(UserWarning, match="left the finite range at step 0"):
        fit(model, FULL, 50)
    assert int(model.optimizer.iterations) == 0
    np.testing.assert_array_equal(model.w, [[1e200], [1e200]])


@pytest.mark.parametrize(("every", "first_steps"), [(1, 10**6), (10, 10**6), (1, 1), (1, 6), (10, 3)])
def test_a_fit_in_mini_batches_is_brought_back_as_in_keras_own_loop(every, first_steps, monkeypatch):
    monkeypatch.setattr("linfit.training.block_loop.BlockLoop._first_block_steps", lambda fit: first_steps)
    monkeypatch.setattr("linfit.training.block_loop.BLOCK_SECONDS", 1e-9)  # after the first block, blocks of one step
    results = []
    for settings in [{}, {"jit_compile": False}]:
        model = linear("float32", learning_rate=20.0, **settings)
        with pytest.warns(UserWarning, match="left the finite range at step") as caught:
            history = fit(model, SMALL, 200, callbacks=[Seen(every)], shuffle=False)
        results.append((model, history, str(caught[0].message)))
    (model, history, text), (other, other_history, other_text) = results
    assert text == other_text
    assert int(model.optimizer.iterations) == int(other.optimizer.iterations) > 10
    np.testing.assert_allclose(model.w, other.w, rtol=1e-4)
    assert model.trajectory.step[-1] == int(model.optimizer.iterations)
    assert history.epoch == other_history.epoch


@pytest.mark.parametrize("batch_size", [FULL, SMALL])
def test_without_the_guard_a_fit_runs_into_nan(batch_size):
    model = linear("float32", learning_rate=20.0)
    history = fit(model, batch_size, 200, divergence_guard=False)
    assert len(history.history["loss"]) == 200
    assert np.isnan(history.history["loss"][-1])
    assert np.isnan(model.w.numpy()).all()
    assert int(model.optimizer.iterations) == (200 if batch_size == FULL else 1000)
