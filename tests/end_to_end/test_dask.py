"""Dask workers condense the parts of a table; after one is killed, no row is lost or counted twice."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fit_path import path_of

import linfit

SESSION = Path(__file__).parents[1] / "helpers" / "dask_session.py"
SCRIPTS = Path(__file__).parents[2] / "scripts"
TRUTH = linfit.GroundTruth(w=[1.5, -2.0, 0.3], b=0.5, noise=0.3)
N = 80_000


def own_network():
    """Return the command that runs a program in its own network namespace, unreachable from outside."""
    for command in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        try:
            if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
                return command
        except FileNotFoundError:
            break
    if os.environ.get("CI"):
        pytest.fail("This test needs a network namespace, but `unshare --net` is not permitted. Run it as root.")
    pytest.skip("This test starts Dask's servers in their own network namespace, but `unshare --net` is not permitted.")


@pytest.fixture(scope="module")
def rows():
    x, y = TRUTH.sample(N, seed=7)
    return x, np.ravel(y)


@pytest.fixture(scope="module")
def session(rows, tmp_path_factory):
    """The folder with the results of a session on a cluster, its findings as JSON, and its printed output."""
    folder = tmp_path_factory.mktemp("dask")
    table = pa.table(dict(zip(("area", "rooms", "age", "rent"), [*rows[0].T, rows[1]], strict=True)))
    pq.write_table(table, folder / "rows.parquet", row_group_size=N // 8)
    (folder / "bad.csv").write_text("area,rooms,age,rent\n1,2,3,4\n1,2,three,4\n")
    environment = os.environ | {"PYTHONPATH": str(SCRIPTS), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [*own_network(), sys.executable, SESSION, folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, json.loads((folder / "found.json").read_text()), done.stdout


def test_the_statistics_are_those_of_all_rows_though_a_worker_was_killed(session, rows):
    folder, found, _ = session
    assert found["killed"] is True
    statistics = pickle.loads((folder / "statistics.pickle").read_bytes())
    assert statistics.rows == N
    np.testing.assert_allclose(path_of(statistics), path_of(*rows, batch_size=N), rtol=1e-10, atol=1e-14)


def test_they_do_not_depend_on_who_was_first(session):
    folder, _, _ = session
    statistics = pickle.loads((folder / "statistics.pickle").read_bytes())
    parts = linfit.read_batches(folder / "*.parquet", "rent", batch_rows=2000).parts(8)
    here = linfit.SufficientStatistics.from_parts(parts)
    np.testing.assert_array_equal(statistics.triangle, here.triangle)


def test_what_a_worker_finds_wrong_arrives_with_file_column_and_line(session):
    folder, found, _ = session
    assert found["error"].startswith(f"{folder / 'bad.csv'}")
    assert "of column 'age', got 'three' in line 3" in found["error"]


def test_the_program_trains_on_what_a_scheduler_has_condensed(session):
    folder, found, out = session
    assert found["train"] == 0
    assert "80,000 rows of *.parquet: rent from area, rooms, age." in out
    assert " by 2 workers, ready after " in out
    assert int(keras.models.load_model(folder / "logs" / "lesson" / "model.keras").optimizer.iterations.numpy()) == 20


def test_its_servers_listen_on_this_machine_only(session):
    assert session[1]["addresses"] == ["0100007F"]  # 127.0.0.1
