"""The HParams page of TensorBoard: the records of a fit, and what TensorBoard shows of them."""

import signal
import time
import warnings

import keras
import numpy as np
import pytest
from hparams_page import columns, sessions
from tensorboard_server import TensorBoard

import linfit
from linfit.callbacks import HyperParameters, TensorBoardLogger

TRUTH = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05)
X, Y = TRUTH.sample(120, seed=7)
LIMIT = 2 / np.linalg.eigvalsh(2 / 120 * np.column_stack([X, np.ones(120)]).T @ np.column_stack([X, np.ones(120)]))[-1]
STEPS, TO_OPTIMUM = "z_table/steps", "z_table/steps_to_optimum"


def new_model(learning_rate=0.05):
    model = linfit.LinearRegression(w_initializer=0.0, b_initializer=-1.0)
    model.compile(learning_rate=learning_rate)
    return model


def fit(log_dir, model, steps, *more, row=None, batch_size=120, **options):
    row = row or HyperParameters(log_dir, truth=TRUTH, settings={"seed": 7})
    watching = [row, TensorBoardLogger(log_dir, truth=TRUTH), *more]
    epochs = steps // -(-120 // batch_size)
    model.fit(X, Y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=watching, **options)
    return model


def only_session(log_dir, *flags):
    with TensorBoard(log_dir, *flags) as board:
        ((name, session),) = sessions(board).items()
        assert name == "fit"
        return session


def steps_of_numpy(rate, fraction):
    """Return the first step at which w and b are within this fraction of their standard errors of the optimum."""
    a, point = np.column_stack([X, np.ones(120)]), np.array([[0.0], [-1.0]])
    optimum, squares, *_ = np.linalg.lstsq(a, Y.reshape(-1, 1))
    tolerance = fraction * np.sqrt(squares / 118 * np.diag(np.linalg.inv(a.T @ a)))[:, np.newaxis]
    step = 0
    while not np.all(np.abs(point - optimum) <= tolerance):
        point = point - rate * 2 / 120 * a.T @ (a @ point - Y.reshape(-1, 1))
        step += 1
    return step


@pytest.mark.parametrize("flags", [[], ["--load_fast=false"]], ids=["fast", "slow"])
def test_a_row_has_the_settings_the_last_values_and_the_status_of_its_fit(tmp_path, flags):
    model = fit(tmp_path, new_model(), 200)
    session = only_session(tmp_path, *flags)
    assert session.hparams == {
        "learning_rate": 0.05,
        "rate / limit": pytest.approx(0.05 / LIMIT, rel=1e-3),
        "batch_size": 120,
        "rows": 120,
        "features": 1,
        "noise": 0.05,
        "seed": 7,
    }
    w, b = model.w.numpy().item(), model.b.numpy().item()
    best = linfit.least_squares(X, Y)
    assert session.metrics == pytest.approx(
        {
            STEPS: 200,
            "loss": model.trajectory.loss[-1],
            "error/optimization": np.hypot(w - best.w.item(), b - best.b.item()),
            "error/truth": np.hypot(w - 0.1, b - 0.5),
            "learning_rate": 0.05,
        },
        rel=1e-5,
    )
    assert session.status == "success"
    assert 0 < session.seconds < 60


@pytest.mark.parametrize("fraction", [0.1, 1.0])
def test_steps_to_optimum_is_the_first_step_within_a_fraction_of_the_standard_errors(tmp_path, fraction):
    fit(tmp_path, new_model(), 600, row=HyperParameters(tmp_path, truth=TRUTH, fraction=fraction))
    metrics = only_session(tmp_path).metrics
    assert metrics[TO_OPTIMUM] == pytest.approx(steps_of_numpy(0.05, fraction), abs=1)
    assert metrics[STEPS] == 600


def test_a_fit_that_goes_on_keeps_one_row_with_the_values_and_settings_of_its_end(tmp_path):
    model = fit(tmp_path, new_model(), 200)
    model.optimizer.learning_rate = 0.1
    fit(tmp_path, model, 200)
    session = only_session(tmp_path)
    assert session.metrics[STEPS] == 400
    assert session.metrics["loss"] == pytest.approx(model.trajectory.loss[-1], rel=1e-5)
    assert 200 < session.metrics[TO_OPTIMUM] < 400
    assert session.hparams["learning_rate"] == 0.1
    reached = session.metrics[TO_OPTIMUM]

    model.save(tmp_path / "model.keras")  # resume it as another process would
    loaded = keras.models.load_model(tmp_path / "model.keras")
    fit(tmp_path, loaded, 100)
    session = only_session(tmp_path)
    assert session.metrics[STEPS] == 500
    assert session.metrics[TO_OPTIMUM] == reached


@pytest.mark.parametrize("flags", [[], ["--load_fast=false"]], ids=["fast", "slow"])
def test_ctrl_c_makes_a_failure_and_going_on_to_the_end_a_success(tmp_path, flags):
    model = new_model()
    press = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path, model, 200, press)
    assert only_session(tmp_path, *flags).status == "failure"
    fit(tmp_path, model, 100)
    session = only_session(tmp_path, *flags)
    assert (session.status, session.metrics[STEPS]) == ("success", model.trajectory.step[-1])


@pytest.mark.parametrize(("rate", "steps"), [(5.0, 200), (0.3, 40)], ids=["overflowed", "overshoots"])
def test_a_fit_that_diverges_has_failed_and_all_its_numbers_are_finite(tmp_path, rate, steps):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The loss left the finite range")
        fit(tmp_path, new_model(rate), steps)
    session = only_session(tmp_path)
    assert session.status == "failure"
    assert TO_OPTIMUM not in session.metrics
    assert session.metrics["loss"] > 1e3
    assert np.isfinite([float(value) for value in session.metrics.values()]).all()


def test_while_a_fit_runs_or_when_it_was_killed_its_status_is_unknown(tmp_path):
    shown = []

    def look(epoch, logs):
        if epoch == 5:
            shown.append(only_session(tmp_path))

    fit(tmp_path, new_model(), 10, keras.callbacks.LambdaCallback(on_epoch_end=look))
    (session,) = shown
    assert session.status == "unknown"
    assert session.hparams["learning_rate"] == 0.05
    assert session.metrics["loss"] > 0


def test_the_rate_is_a_number_where_it_was_chosen_or_follows_a_schedule(tmp_path):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.2, decay_steps=10, decay_rate=0.5)
    for name, rate in {"auto": "auto", "schedule": schedule}.items():
        fit(tmp_path / name, new_model(rate), 20)
    with TensorBoard(tmp_path) as board:
        shown = sessions(board)
    fastest = linfit.SufficientStatistics.from_rows(X, Y).curvature().usable_learning_rate
    assert shown["auto/fit"].hparams["learning_rate"] == pytest.approx(fastest, rel=1e-4)
    assert shown["schedule/fit"].hparams["learning_rate"] == pytest.approx(0.2)
    assert shown["schedule/fit"].metrics["learning_rate"] == pytest.approx(0.05)


def test_mini_batches_and_their_size_are_recorded(tmp_path):
    session = only_session(fit(tmp_path, new_model(), 12, batch_size=32) and tmp_path)
    assert (session.hparams["batch_size"], session.hparams["rows"], session.metrics[STEPS]) == (32, 120, 12)


def test_a_stream_has_a_row_of_what_is_known(tmp_path):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    row = HyperParameters(tmp_path, truth=TRUTH, settings={"shape": "line", "penalty": None})
    batches = ((X[:60, np.newaxis], Y[:60]) for _ in range(4))
    watching = [TensorBoardLogger(tmp_path, truth=TRUTH), row]
    model.fit(batches, steps_per_epoch=4, shuffle=False, verbose=0, callbacks=watching)
    session = only_session(tmp_path)
    assert session.hparams == {"learning_rate": 0.05, "features": 1, "noise": 0.05, "shape": "line"}
    assert session.metrics.keys() == {STEPS, "loss", "error/truth", "learning_rate"}
    assert session.status == "success"


SETTINGS = {"learning_rate", "rate / limit", "batch_size", "rows", "features", "noise", "seed"}
SHOWN = {STEPS: "steps", TO_OPTIMUM: "steps to optimum", "loss": "", "error/optimization": ""}


@pytest.mark.parametrize("truth", [TRUTH, None], ids=["truth", "no truth"])
def test_every_run_declares_the_same_columns_and_shows_first_what_it_has(tmp_path, truth):
    """The page shows the first five settings and metrics, and draws no line for a run that lacks one of them."""
    fit(tmp_path, new_model(), 3, row=HyperParameters(tmp_path, truth=truth, settings={"seed": 7}))
    with TensorBoard(tmp_path) as board:
        settings, metrics = columns(board)
    assert settings == dict.fromkeys(SETTINGS, "DATA_TYPE_FLOAT64")
    assert ("noise" in list(settings)[:5]) == (truth is not None)
    assert {"learning_rate", "rate / limit", "seed"} < set(list(settings)[:5])
    last = {"error/truth": "", "learning_rate": "last learning_rate"}
    assert metrics == SHOWN | last
    assert list(metrics)[:4] == list(SHOWN)
    assert ("error/truth" in list(metrics)[:5]) == (truth is not None)


def test_truth_and_optimum_keep_the_first_colours_whatever_the_order_of_the_callbacks(tmp_path):
    for place in (0, 1):
        model, row = new_model(), HyperParameters(tmp_path / str(place), truth=TRUTH)
        watching = [TensorBoardLogger(tmp_path / str(place), truth=TRUTH)]
        watching.insert(place, row)
        for _ in range(2):
            model.fit(X, Y, batch_size=120, verbose=0, callbacks=watching)
        for flags in ([], ["--load_fast=false"]):
            with TensorBoard(tmp_path / str(place), *flags) as board:
                assert board.runs() == ["truth", "optimum", "fit"]


@pytest.mark.parametrize("fraction", [0, -1, float("nan")])
def test_a_fraction_that_is_not_above_0_is_refused(tmp_path, fraction):
    with pytest.raises(linfit.InputError, match="fraction must be a finite number above 0"):
        HyperParameters(tmp_path, fraction=fraction)


def test_a_tensorboard_that_is_open_sees_how_a_fit_ends(tmp_path):
    opened = []

    def look(epoch, logs):
        if epoch == 5:
            opened.append(TensorBoard(tmp_path, "--reload_interval=1", "--reload_task=auto"))
            assert sessions(opened[0])["fit"].status == "unknown"

    fit(tmp_path, new_model(), 10, keras.callbacks.LambdaCallback(on_epoch_end=look))
    with opened[0] as board:
        deadline = time.monotonic() + 20
        while (session := sessions(board)["fit"]).status == "unknown":
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert (session.status, session.metrics[STEPS]) == ("success", 10)


def test_a_setting_may_be_a_number_of_numpy_and_nothing_stranger(tmp_path):
    assert HyperParameters(tmp_path, settings={"seed": np.int64(7)}).settings["seed"] == 7
    assert type(HyperParameters(tmp_path, settings={"seed": np.float32(0.5)}).settings["seed"]) is float
    with pytest.raises(linfit.InputError, match=r"must be a number or a string, got seed=\[7\]"):
        HyperParameters(tmp_path, settings={"seed": [7]})
