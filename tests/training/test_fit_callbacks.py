"""Keras's callbacks see and do the same in a fit in compiled blocks as in a stock Keras fit."""

import functools
import itertools
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

import linfit
from linfit.callbacks import StepCallback

RNG = np.random.default_rng(3)
X = RNG.normal(size=(20, 2)).astype("float32")
Y = (X @ [[1.5], [-2.0]] + 0.5 + 0.3 * RNG.normal(size=(20, 1))).astype("float32")
HELD_OUT = X[:5] + 1, Y[:5]
HOOKS = {
    "batch": ["on_train_batch_begin", "on_train_batch_end"],
    "old batch": ["on_batch_begin", "on_batch_end"],
    "epoch": ["on_epoch_begin", "on_epoch_end"],
    "train": ["on_train_begin", "on_train_end"],
    "test": ["on_test_begin", "on_test_end"],
    "test batch": ["on_test_batch_begin", "on_test_batch_end"],
}
EVERY_HOOK = [hook for kind, hooks in HOOKS.items() if kind != "old batch" for hook in hooks]


def ours(learning_rate=0.05, **settings):
    model = linfit.LinearRegression([[0.5], [0.25]])
    model.compile(learning_rate, **settings)
    model.build((None, 2))
    return model


def stock(learning_rate=0.05, **settings):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.layers[0].set_weights([np.array([[0.5], [0.25]]), np.zeros(1)])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate), loss="mse", **settings)
    return model


@functools.cache
def compiled(make, settings):
    model = make(**{name: [*value] if isinstance(value, tuple) else value for name, value in settings})
    return model, model.get_weights()


def at_start(make, **settings):
    """Return a model at its start; it is compiled once for all tests with the same settings."""
    model, start = compiled(make, tuple(settings.items()))
    model.set_weights(start)
    model.optimizer.iterations.assign(0)
    model.optimizer.learning_rate = 0.05
    return model


def recording(kind, hooks):
    """Return a callback class that behaves like its base and records the calls of some hooks."""

    class Recording(kind):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.calls = []

    def recorded(hook):
        def called(self, *args, **kwargs):
            *index, logs = (
                args if len(args) == (1 if "batch" not in hook and "epoch" not in hook else 2) else (*args, None)
            )
            logs = kwargs.get("logs", logs)
            before = {name: np.asarray(value).item() for name, value in (logs or {}).items()}
            getattr(kind, hook)(self, *args, **kwargs)
            self.calls.append((hook, *index, before))

        return called

    for hook in hooks:
        setattr(Recording, hook, recorded(hook))
    return Recording


def assert_same_calls(calls, others):
    assert [call[:-1] for call in calls] == [call[:-1] for call in others]
    for call, other in zip(calls, others, strict=True):
        assert list(call[-1]) == list(other[-1]), call[:-1]
        np.testing.assert_allclose(list(call[-1].values()), list(other[-1].values()), rtol=1e-5, err_msg=str(call[:-1]))


def both(callback, *, settings=None, shuffle=False, batch_size=3, epochs=3, **options):
    """Fit linfit's model and the stock one, each with its own callback; return both pairs."""
    results = []
    for make in [ours, stock]:
        model, own_callback = at_start(make, **(settings or {})), callback(make.__name__)
        model.fit(X, Y, batch_size, epochs, shuffle=shuffle, verbose=0, callbacks=[own_callback], **options)
        results.append((model, own_callback))
    return results


KINDS = [tuple(HOOKS), ("epoch",), ("train",), ("batch",), ("test batch",), ("old batch",)]


def assert_same_hooks(kinds, steps_per_execution, batch_size):
    hooks = [hook for kind in kinds for hook in HOOKS[kind] if kind != "old batch" or len(kinds) == 1]
    kind = recording(keras.callbacks.Callback, hooks)
    (_, seen), (_, expected) = both(
        lambda _: kind(),
        settings={"steps_per_execution": steps_per_execution, "metrics": ("mae",)},
        batch_size=batch_size,
        validation_data=HELD_OUT,
        validation_batch_size=2,
        validation_freq=2,
    )
    assert len(expected.calls) > 1
    assert_same_calls(seen.calls, expected.calls)


@pytest.mark.parametrize(("steps_per_execution", "batch_size"), [(1, 3), (3, 7)])
@pytest.mark.parametrize("kinds", KINDS, ids="+".join)
def test_hooks_are_called_as_by_keras(kinds, steps_per_execution, batch_size):
    assert_same_hooks(kinds, steps_per_execution, batch_size)


def test_hooks_are_called_as_by_keras_where_the_last_execution_is_not_full():
    assert_same_hooks(("batch",), 3, 3)


class Endpoint(BaseHTTPRequestHandler):
    """Keeps all posted data."""

    def do_POST(self):
        self.server.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def endpoint():
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    server.posted = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


# The arguments of each of Keras's callbacks, which writes into its own folder.
ARGUMENTS = {
    "BackupAndRestore": lambda folder: {"backup_dir": folder / "backup", "save_freq": 2},
    "CSVLogger": lambda folder: {"filename": folder / "log.csv"},
    "Callback": lambda folder: {},
    "EarlyStopping": lambda folder: {"monitor": "loss", "min_delta": 5.0, "restore_best_weights": True},
    "History": lambda folder: {},
    "LambdaCallback": lambda folder: {},
    "LearningRateScheduler": lambda folder: {"schedule": lambda epoch, rate: rate / 2},
    "ModelCheckpoint": lambda folder: {"filepath": folder / "{epoch}.weights.h5", "save_weights_only": True},
    "ProgbarLogger": lambda folder: {},
    "ReduceLROnPlateau": lambda folder: {"monitor": "loss", "min_delta": 5.0, "patience": 1},
    "RemoteMonitor": lambda folder: {},
    "TensorBoard": lambda folder: {"log_dir": folder, "update_freq": 2, "write_graph": False},
    "TerminateOnNaN": lambda folder: {},
}
NOT_FOR_THIS_MODEL = {
    "CallbackList": "a container that fit creates",
    "OrbaxCheckpoint": "needs another package",
    "SwapEMAWeights": "needs an optimizer that averages weights, which the model refuses",
}


def test_each_callback_of_keras_is_known_here():
    kinds = vars(keras.callbacks).values()
    names = {kind.__name__ for kind in kinds if isinstance(kind, type) and issubclass(kind, keras.callbacks.Callback)}
    assert names == ARGUMENTS.keys() | NOT_FOR_THIS_MODEL.keys()


@pytest.mark.parametrize("name", ARGUMENTS)
def test_each_callback_of_keras_sees_and_does_the_same(name, tmp_path, endpoint):
    if name == "RemoteMonitor":
        pytest.importorskip("requests")
    port = endpoint.server_port

    def arguments(which):
        (tmp_path / which).mkdir()
        own = ARGUMENTS[name](tmp_path / which)
        return own | ({"root": f"http://127.0.0.1:{port}"} if name == "RemoteMonitor" else {})

    kind = recording(getattr(keras.callbacks, name), EVERY_HOOK)
    (model, seen), (other, expected) = both(lambda which: kind(**arguments(which)), validation_data=HELD_OUT, epochs=4)
    assert_same_calls(seen.calls, expected.calls)
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-5)
    np.testing.assert_allclose(model.optimizer.learning_rate, other.optimizer.learning_rate)
    assert int(model.optimizer.iterations) == int(other.optimizer.iterations)
    assert model.stop_training == other.stop_training
    files = [
        {path.relative_to(tmp_path / each) for path in (tmp_path / each).rglob("*.weights.h5")}
        for each in ("ours", "stock")
    ]
    assert files[0] == files[1]


# The effects of callbacks in longer blocks: here no callback has a batch hook.


def test_early_stopping_brings_the_best_weights_back():
    rates = itertools.cycle([0.05, 0.05, 0.05, 1.5])  # too high from the fourth epoch on

    def callbacks(_):
        return keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)

    results = []
    for make in [ours, stock]:
        model, stop, steps = at_start(make), callbacks(None), list(itertools.islice(rates, 4)) + [1.5] * 20
        schedule = keras.callbacks.LearningRateScheduler(lambda epoch, steps=steps: steps[epoch])
        history = model.fit(X, Y, 20, 20, shuffle=False, verbose=0, callbacks=[schedule, stop], validation_data=(X, Y))
        results.append((model, history, stop))
    (model, history, stop), (other, other_history, other_stop) = results
    assert history.epoch == other_history.epoch == list(range(len(history.epoch)))
    assert 4 < len(history.epoch) < 20
    assert stop.best_epoch == other_stop.best_epoch
    assert stop.stopped_epoch == other_stop.stopped_epoch
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-5)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(min(history.history["val_loss"]), rel=1e-5)


def test_a_plateau_reduces_the_rate_of_the_steps_that_follow():
    (model, _), (other, _) = both(
        lambda _: keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=2, min_delta=5.0),
        epochs=9,
        batch_size=20,
    )
    assert model.history.history["learning_rate"] == other.history.history["learning_rate"]
    assert 3 <= len(set(model.history.history["learning_rate"])) < 9
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-5)
    rates = model.trajectory.learning_rate
    np.testing.assert_array_equal(rates[:-1], model.history.history["learning_rate"])


@pytest.mark.parametrize("save_freq", ["epoch", 5])
def test_checkpoints_hold_the_weights_of_their_step(save_freq, tmp_path):
    def checkpoint(which):
        return keras.callbacks.ModelCheckpoint(
            tmp_path / which / "{epoch:02d}.weights.h5", save_weights_only=True, save_freq=save_freq
        )

    both(checkpoint, epochs=4)
    names = sorted(path.name for path in (tmp_path / "stock").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "ours").iterdir())
    assert len(names) > 1
    model, other = at_start(ours), at_start(stock)
    for name in names:
        model.load_weights(tmp_path / "ours" / name)
        other.load_weights(tmp_path / "stock" / name)
        for values, others in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(values, others, rtol=1e-5, atol=1e-6)
        assert int(model.optimizer.iterations) == int(other.optimizer.iterations) > 0


class Crash(keras.callbacks.Callback):
    """Raises an error in the middle of an epoch, as a crash would."""

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == 17:
            raise RuntimeError("the power has failed")


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_backup_is_gone_on_with_after_a_crash(shuffle, tmp_path):
    def fit(model, *callbacks):
        keras.utils.set_random_seed(1)
        return model.fit(X, Y, 3, 5, shuffle=shuffle, verbose=0, callbacks=[*callbacks])

    uninterrupted, crashed, resumed = ours(), ours(), ours()
    fit(uninterrupted)
    with pytest.raises(RuntimeError, match="power"):
        fit(crashed, keras.callbacks.BackupAndRestore(tmp_path), Crash())
    history = fit(resumed, keras.callbacks.BackupAndRestore(tmp_path))
    assert history.epoch == [2, 3, 4]
    assert int(resumed.optimizer.iterations) == int(uninterrupted.optimizer.iterations) == 35
    np.testing.assert_allclose(resumed.get_weights()[0], uninterrupted.get_weights()[0], rtol=1e-6)
    assert not list(tmp_path.rglob("*.h5"))  # a complete fit deletes its backup


def test_a_csv_log_has_the_same_lines(tmp_path):
    both(
        lambda which: keras.callbacks.CSVLogger(tmp_path / which),
        settings={"metrics": ("mae",)},
        validation_data=HELD_OUT,
    )
    ours_lines, stock_lines = ((tmp_path / which).read_text().splitlines() for which in ("ours", "stock"))
    assert ours_lines[0] == stock_lines[0] == "epoch,loss,mae,val_loss,val_mae"
    values, others = (np.array([line.split(",") for line in lines[1:]], float) for lines in (ours_lines, stock_lines))
    assert values.shape == (3, 5)
    np.testing.assert_allclose(values, others, rtol=1e-5)


def test_termination_on_nan_ends_the_fit_at_the_same_batch():
    results = []
    for make in [ours, stock]:
        model, options = make(learning_rate=1e15), {"divergence_guard": False} if make is ours else {}
        stop = recording(keras.callbacks.TerminateOnNaN, ["on_train_batch_end"])()
        history = model.fit(X, Y, 3, 5, shuffle=False, verbose=0, callbacks=[stop], **options)
        results.append((int(model.optimizer.iterations), history.epoch, [call[:2] for call in stop.calls]))
    assert results[0] == results[1]
    assert 0 < results[0][0] < 7


def scalars(folder):
    """Return the scalars that TensorBoard shows, by run, tag and step."""
    found = {}
    for run in ("train", "validation"):
        events = EventAccumulator(str(folder / run), size_guidance={"tensors": 0})
        events.Reload()
        for tag in events.Tags()["tensors"]:
            for event in events.Tensors(tag):
                value = tensor_util.make_ndarray(event.tensor_proto)
                if value.shape == ():
                    found[run, tag, event.step] = value.item()
    return found


@pytest.mark.parametrize("update_freq", ["epoch", 2])
def test_stock_tensorboard_logs_the_same_scalars(update_freq, tmp_path):
    both(
        lambda which: keras.callbacks.TensorBoard(tmp_path / which, update_freq=update_freq, write_graph=False),
        validation_data=HELD_OUT,
    )
    seen, expected = scalars(tmp_path / "ours"), scalars(tmp_path / "stock")
    assert seen.keys() == expected.keys()
    names = {name for _, name, _ in seen}
    assert {"epoch_loss", "epoch_learning_rate", "evaluation_loss_vs_iterations"} <= names
    assert ("batch_loss" in names) == (update_freq == 2)
    np.testing.assert_allclose(list(seen.values()), [expected[key] for key in seen], rtol=1e-5)


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_batch_end"])
def test_functions_in_a_lambda_callback_are_called(hook):
    calls = {"ours": [], "stock": []}

    def callback(which):
        def called(*args, **_):
            calls[which].append([number for number in args if isinstance(number, int)])

        return keras.callbacks.LambdaCallback(**{hook: called})

    both(callback)
    assert calls["ours"] == calls["stock"]
    assert len(calls["ours"]) == (21 if hook == "on_train_batch_end" else 3)


def printed(capsys, make, **options):
    at_start(make, metrics=("mae",)).fit(X, Y, 3, 3, shuffle=False, **options)
    return capsys.readouterr().out


def test_verbose_2_prints_the_lines_of_keras(capsys):
    def words(text):
        lines = [line.split(" - ") for line in text.splitlines()]
        return [[parts[0], *(part for part in parts if ": " in part)] for parts in lines]  # drops the times

    ours_lines = words(printed(capsys, ours, verbose=2, validation_data=HELD_OUT))
    stock_lines = words(printed(capsys, stock, verbose=2, validation_data=HELD_OUT))
    assert len(ours_lines) == len(stock_lines) == 6
    for line, other in zip(ours_lines, stock_lines, strict=True):
        names, others = ([part.split(": ")[0] for part in parts] for parts in (line, other))
        assert names == others
        numbers, expected = ([float(part.split(": ")[1]) for part in parts if ": " in part] for parts in (line, other))
        assert numbers == pytest.approx(expected, rel=2e-4)


@pytest.mark.parametrize("verbose", [0, "auto"])
def test_nothing_is_printed_where_nobody_asked_for_it_or_looks_at_it(verbose, capsys):
    assert printed(capsys, ours, verbose=verbose, validation_data=HELD_OUT) == ""


def test_a_callback_that_stops_after_a_batch_ends_the_fit_there():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = int(self.model.optimizer.iterations) == 10

    kind = recording(Stop, EVERY_HOOK)
    (model, seen), (other, expected) = both(lambda _: kind(), validation_data=HELD_OUT)
    assert_same_calls(seen.calls, expected.calls)
    assert int(model.optimizer.iterations) == int(other.optimizer.iterations) == 10
    assert model.history.epoch == other.history.epoch == [0, 1]
    np.testing.assert_allclose(model.history.history["loss"], other.history.history["loss"], rtol=1e-5)


class StopAt10(StepCallback):
    def stop_at(self, trajectory):
        return trajectory.step.tolist().index(10) if 10 in trajectory.step else None


@pytest.mark.parametrize("kinds", [("epoch", "train", "test"), tuple(HOOKS)], ids="+".join)
def test_a_stop_within_an_epoch_calls_the_hooks_that_keras_own_loop_calls(kinds):
    kind = recording(keras.callbacks.Callback, [hook for kind in kinds for hook in HOOKS[kind] if kind != "old batch"])
    results = []
    for settings in [{}, {"jit_compile": False}]:
        model, seen = at_start(ours, **settings), kind()
        model.fit(X, Y, 3, 5, shuffle=False, verbose=0, callbacks=[StopAt10(), seen], validation_data=HELD_OUT)
        assert int(model.optimizer.iterations) == 10
        results.append((model, seen))
    (model, seen), (other, expected) = results
    assert_same_calls(seen.calls, expected.calls)
    assert model.history.epoch == other.history.epoch == [0, 1]
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], rtol=1e-5)


def test_a_callback_that_stops_after_an_epoch_ends_the_fit_there():
    def stop(which):
        return keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: setattr(models[which], "stop_training", epoch == 1)
        )

    models = {"ours": at_start(ours), "stock": at_start(stock)}
    for which, model in models.items():
        model.fit(X, Y, 20, 5, verbose=0, callbacks=[stop(which)])
        assert model.history.epoch == [0, 1]
        assert int(model.optimizer.iterations) == 2


@pytest.mark.parametrize("frequency", [2, [1, 4]])
def test_held_out_rows_are_measured_as_often_as_asked(frequency):
    (model, _), (other, _) = both(
        lambda _: keras.callbacks.Callback(), epochs=5, validation_data=HELD_OUT, validation_freq=frequency
    )
    assert list(model.history.history) == list(other.history.history) == ["loss", "val_loss"]
    assert len(other.history.history["val_loss"]) == 2
    np.testing.assert_allclose(model.history.history["val_loss"], other.history.history["val_loss"], rtol=1e-5)
