"""Two workers train like one process; after one is killed, both resume from the chief's backup."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from descent_by_hand import CASES, descend, table
from two_workers import EPOCHS, KILLED_AT

import linfit
from linfit.callbacks import StopAtTruth

X, Y, WEIGHT = table(67)


@pytest.fixture(scope="module")
def own_network():
    """Return the command that runs a program in its own network: TensorFlow's servers listen on all addresses."""
    if shutil.which("unshare"):
        for command in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
            if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
                return command
    give_up = pytest.fail if os.environ.get("CI") else pytest.skip
    return give_up(
        "These tests need a network namespace, which is not permitted here. Run them as root, or allow user namespaces."
    )


@pytest.fixture(scope="module")
def folder(own_network, tmp_path_factory):
    """The folder with the results of two starts of two workers."""
    folder = tmp_path_factory.mktemp("two_workers")
    program = Path(__file__).parents[1] / "helpers" / "two_workers.py"
    environment = os.environ | {
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": os.pathsep.join([str(program.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    with (folder / "output.txt").open("w+") as output:
        process = subprocess.Popen(
            [*own_network, sys.executable, program, "all", folder],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(timeout=550)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    said = "\n".join(path.read_text()[-3000:] for path in sorted(folder.glob("*.txt")))
    assert process.returncode == 0, said
    (folder / "exits.json").write_text((folder / "output.txt").read_text().splitlines()[-1])
    return folder


@pytest.fixture(scope="module", params=[0, 1], ids=["chief", "other"])
def results(folder, request):
    """The results of one worker before the kill; both workers must have the same."""
    return json.loads((folder / f"results{request.param}a.json").read_text())


def check(found, by_hand):
    w, b, losses, _ = by_hand
    np.testing.assert_allclose(found["w"], w, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["b"], b, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["loss"][: len(losses)], losses, rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fifty_steps_are_those_of_numpy_however_a_batch_splits(results, case):
    found, by_hand = results[str(case)], case.by_hand()
    check(found, by_hand)
    _, _, losses, counts = by_hand
    np.testing.assert_allclose(found["history"]["loss"], np.average(losses, weights=counts), rtol=1e-12)


def test_rows_in_memory_are_split_over_the_workers_and_reported_whole(results):
    found, by_hand = results["memory"], descend(X, Y, 16, 10, 0.05, WEIGHT, l2=0.125)
    check(found, by_hand)
    w, b, losses, counts = by_hand
    epochs = [np.average(losses[i : i + 5], weights=counts[i : i + 5]) for i in (0, 5)]
    np.testing.assert_allclose(found["history"]["loss"], epochs, rtol=1e-12)
    x, y, _ = table(5, seed=1)
    assert found["history"]["val_mae"][-1] == pytest.approx(np.mean(np.abs(x @ w + b - y)), rel=1e-12)
    residuals = X @ w + b - Y
    loss, mae = found["evaluated"]
    assert mae == pytest.approx(np.mean(np.abs(residuals)), rel=1e-12)
    assert loss == pytest.approx(np.mean(residuals**2 * WEIGHT[:, np.newaxis]) + 0.125 * np.sum(w**2), rel=1e-12)
    np.testing.assert_allclose(found["predicted"], X @ w + b, rtol=0, atol=1e-12)


def test_shuffled_rows_come_once_in_an_epoch_to_one_of_the_workers(results):
    downhill = X[:64].T @ Y[:64] / 16  # at zero, the sum over batches of 16, each the mean over rows and two targets
    np.testing.assert_allclose(np.array(results["shuffled"]["w"]) / 1e-12, downhill, rtol=1e-8)
    assert results["shuffled"]["loss"][0] != pytest.approx(np.mean(Y[:16] ** 2), rel=1e-3)  # not in the original order


def test_the_rate_auto_and_a_stop_are_those_of_one_process(results):
    truth = linfit.GroundTruth(w=[[1.0, -1.0], [2.0, 0.5], [-1.0, 3.0]], b=[0.5, -2.0])
    model, stop = linfit.LinearRegression(dtype="float64"), StopAtTruth(0.9, truth)
    model.compile("auto")
    model.fit(X, Y, 67, 20, verbose=0, callbacks=[stop])
    assert results["stopped"]["rate"] == pytest.approx(float(model.optimizer.learning_rate.numpy()), rel=1e-12)
    assert results["stopped"]["stopped_at"] == stop.stopped_at
    assert stop.stopped_at is not None
    np.testing.assert_allclose(results["stopped"]["w"], model.w.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("off", "AutoShardPolicy.OFF gives each worker all rows of each batch"),
        ("other rows", "the workers have different rows. Pass all rows of the fit to every worker, in the same order"),
        (
            "other start",
            "the workers start with different weights or learning rates, at the steps [0, 0]. "
            "Load the same checkpoint on every worker",
        ),
        (
            "20585",
            "Invalid reduction dimension 0 for input with 0 dimensions",
        ),  # keras#20585: if Keras no longer fails, remove `_as_vectors` from replicas.py
    ],
)
def test_what_the_workers_would_get_wrong_is_refused(results, what, said):
    assert said in results[what]


def test_a_killed_worker_ends_the_fit_and_both_go_on_from_the_backup_as_if_nothing_had_been(folder):
    killed, restarted = json.loads((folder / "exits.json").read_text())
    assert killed[1] == -signal.SIGKILL
    assert killed[0] not in (0, -signal.SIGKILL)
    assert "UnavailableError" in (folder / "worker0.txt").read_text()
    assert restarted == [0, 0]
    for index in range(2):
        found = json.loads((folder / f"results{index}b.json").read_text())["restarted"]
        assert found["epochs"] == list(range(KILLED_AT, EPOCHS))
        assert found["steps"] == 5 * EPOCHS
        w, b, losses, _ = descend(X, Y, 16, 5 * EPOCHS, 0.05)
        np.testing.assert_allclose(found["w"], w, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found["b"], b, rtol=0, atol=1e-12)
        np.testing.assert_allclose(found["loss"][:-1], losses[5 * KILLED_AT :], rtol=0, atol=1e-12)


def test_only_the_chief_writes_and_prints(folder):
    written = {path.name for path in (folder / "worker0").iterdir()}
    assert written == {"logs", "checkpoint.keras", "history.csv"}
    assert list((folder / "worker0" / "logs" / "fit").glob("events.out.tfevents.*"))
    assert list((folder / "worker1").iterdir()) == []
    assert not (folder / "backup").exists()  # Keras deletes it at the end of the fit
    chief, other = ((folder / f"worker{index}.txt").read_text() for index in range(2))
    assert "step        loss" in chief
    assert "Epoch 1/" in chief
    assert "step        loss" not in other
    assert "Epoch 1/" not in other
