"""The replicas of a strategy make the same steps as one process, however a batch splits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from descent_by_hand import CASES, descend, table

import linfit
from linfit.callbacks import StopAtOptimum

X, Y, WEIGHT = table(67)
HELD_OUT = table(5, seed=1)[:2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("two_replicas")


@pytest.fixture(scope="module")
def results(folder):
    """Return the results of a process with two devices."""
    program = Path(__file__).parents[1] / "helpers" / "two_replicas.py"
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1"}
    process = subprocess.run(
        [sys.executable, program, folder], env=environment, capture_output=True, text=True, timeout=400
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return json.loads((folder / "results.json").read_text())


def check(found, by_hand):
    """Check the path against NumPy, and that all replicas are at the same point."""
    w, b, losses, _ = by_hand
    np.testing.assert_allclose(found["w"], w, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["b"], b, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["loss"][: len(losses)], losses, rtol=0, atol=1e-12)
    for copy in found["copies"]:
        np.testing.assert_array_equal(copy, found["w"])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fifty_steps_are_those_of_numpy_however_a_batch_splits(results, case):
    found = results[str(case)]
    check(found, case.by_hand())
    assert found["steps"] == 50
    assert found["step"] == list(range(51))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_reported_loss_is_the_mean_over_all_rows_of_the_epoch(results, case):
    _, _, losses, counts = case.by_hand()
    running = np.cumsum(losses * counts) / np.cumsum(counts)
    np.testing.assert_allclose(results[str(case)]["history"]["loss"], running[-1:], rtol=1e-12)
    np.testing.assert_allclose(results[str(case)]["batch_losses"], running, rtol=1e-12)


def test_three_replicas_make_the_same_steps(results):
    by_hand = descend(X, Y, 16, 5, 0.05, l2=0.125)
    check(results["three"], by_hand)
    assert len(results["three"]["copies"]) == 2 + 1
    _, _, losses, counts = by_hand
    np.testing.assert_allclose(results["three"]["history"]["loss"], np.average(losses, weights=counts), rtol=1e-12)
    assert 0 < results["three"]["history"]["mine"][0] < results["three"]["mae"]


def test_rows_in_memory_with_weights_a_penalty_and_two_targets(results):
    check(results["memory"], descend(X, Y, 16, 20, 0.05, WEIGHT, l2=0.125))


@pytest.fixture(scope="module")
def in_one_process():
    """Return a model fitted to rows in memory by Keras's own loop, in this process."""
    model = linfit.LinearRegression(dtype="float64", kernel_regularizer=keras.regularizers.L2(0.125))
    model.compile(0.05, metrics=["mae"], jit_compile=False)
    options = {"validation_data": HELD_OUT, "validation_batch_size": 3, "shuffle": False, "verbose": 0}
    model.fit(X, Y, 16, 4, sample_weight=WEIGHT, **options)
    return model


def test_history_validation_evaluation_and_predictions_are_those_of_one_process(results, in_one_process):
    found, history = results["memory"], in_one_process.history.history
    assert found["history"].keys() == history.keys() == {"loss", "mae", "val_loss", "val_mae"}
    for name, values in history.items():
        np.testing.assert_allclose(found["history"][name], values, rtol=1e-12)
    evaluated = in_one_process.evaluate(X, Y, sample_weight=WEIGHT, batch_size=16, verbose=0)
    np.testing.assert_allclose(found["evaluated"], evaluated, rtol=1e-12)
    np.testing.assert_allclose(found["predicted"], in_one_process.predict(X, verbose=0), rtol=0, atol=1e-12)


def test_a_saved_model_goes_on_with_and_without_a_strategy(results):
    assert results["loaded"] == {"w": results["memory"]["w"], "steps": 20}
    w, _, losses, _ = descend(X, Y, 16, 25, 0.05, WEIGHT, l2=0.125)
    np.testing.assert_allclose(results["resumed"]["w"], w, rtol=0, atol=1e-12)
    np.testing.assert_allclose(results["resumed"]["loss"][:5], losses[20:], rtol=0, atol=1e-12)


def test_what_watches_a_fit_works(results, folder):
    assert {path.name for path in (folder / "logs").iterdir()} == {"truth", "optimum", "fit"}
    lines = (folder / "printed.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["step", "0", "10", "20"]
    _, _, losses, _ = descend(X, Y, 16, 20, 0.05, WEIGHT, l2=0.125)
    assert float(lines[2].split()[1]) == pytest.approx(losses[10], rel=1e-6)


def test_the_rate_auto_and_a_stop_at_the_optimum_are_those_of_one_process(results):
    x, y = linfit.GroundTruth(w=[2.0], b=0.5, noise=1.0).sample(40, seed=1)
    model = linfit.LinearRegression(dtype="float64")
    model.compile("auto")
    stop = StopAtOptimum(fraction=5)
    model.fit(x, y, batch_size=40, epochs=50, verbose=0, callbacks=[stop])
    found = results["stopped"]
    assert found["stopped_at"] == stop.stopped_at == found["steps"] == found["step"][-1]
    assert found["rate"] == pytest.approx(float(model.optimizer.learning_rate.numpy()), rel=1e-12)
    np.testing.assert_allclose(found["w"], model.w.numpy(), rtol=0, atol=1e-12)
    assert len(set(map(str, found["copies"]))) == 1  # every replica was restored


def test_a_fit_that_diverges_is_brought_back_and_explained(results):
    found = results["diverged"]
    assert found["stopped"]
    assert np.isfinite(found["w"]).all()
    assert len(found["warnings"]) == 1
    assert "learning rate 1e+200 is above this data's stability limit" in found["warnings"][0]
    assert len(set(map(str, found["copies"]))) == 1


def test_the_closing_loss_is_whole_where_the_fit_was_started_in_the_scope(results):
    assert results["closing"]["loss"] == pytest.approx(results["closing"]["true"], rel=1e-12)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("compiled inside", "LinearRegression was created outside this strategy's scope"),
        ("fitted inside", "Create it inside: with strategy.scope(): model = ..."),
        ("steps_per_execution", "steps_per_execution must be 1 over 2 replicas, got 2"),
        ("jit_compile", "jit_compile=True cannot compile sums over 2 replicas. Leave it out"),
        ("run_eagerly", "run_eagerly=True fails over 2 replicas if one of them gets no rows of a batch."),
        ("sum", "the loss must be a mean over rows to be averaged over 2 replicas, got reduction='sum'"),
        (
            "another strategy",
            "trains under MirroredStrategy and MultiWorkerMirroredStrategy, got Central",
        ),
    ],
)
def test_what_cannot_be_right_is_refused(results, what, said):
    assert results[what].startswith("InputError: ")
    assert said in results[what]


def test_an_optimizer_and_metrics_from_outside_of_the_scope_are_refused_by_name(results):
    said = results["created outside"]
    assert "iteration" in said
    assert "mine" in said
    assert said.endswith("with strategy.scope(): ...")


def test_keras_still_needs_the_repair_of_its_symbolic_build(results):
    """keras#19246: if this fails, remove `one_row` from replicas.py."""
    assert results["19246"] != "not refused"
    assert results["19246 repaired"] == 1


def test_the_oracle_is_right_for_a_step_by_hand():
    w, b, losses, counts = descend(np.array([[1.0], [3.0]]), np.array([[2.0], [4.0]]), 2, 1, 0.1)
    assert (losses, counts) == (10.0, 2)  # (2² + 4²) / 2
    np.testing.assert_allclose([w.item(), b.item()], [0.1 * (2 * 1 + 4 * 3), 0.1 * (2 + 4)])
