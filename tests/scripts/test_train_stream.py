"""scripts/train.py --stream: files are condensed by this process or by workers, then fitted."""

import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import keras
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import train

import linfit

TRUTH = linfit.GroundTruth(w=[1.5, -2.0], b=0.5, noise=0.3)
N = 20_000


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two Parquet files with N rows in all."""
    folder = tmp_path_factory.mktemp("files")
    x, y = TRUTH.sample(N, seed=7)
    table = pa.table({"area": 20 + 10 * x[:, 0], "rooms": x[:, 1], "rent": np.ravel(y)})
    pq.write_table(table.slice(0, 12_000), folder / "1.parquet", row_group_size=3000)
    pq.write_table(table.slice(12_000), folder / "2.parquet", row_group_size=3000)
    return str(folder / "*.parquet")


@pytest.fixture(autouse=True)
def formatwarning(monkeypatch):
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)  # main changes it


@pytest.fixture
def run(files, tmp_path, capsys):
    """Runs the program; returns its exit code, its output, and the saved model."""

    def run(*options, name="lesson"):
        words = ["--csv", files, "--target", "rent", "--stream", "--learning-rate", "auto", "--steps", "40"]
        code = train.main([*words, "--logs", str(tmp_path), "--name", name, *options])
        return code, capsys.readouterr(), keras.models.load_model(tmp_path / name / "model.keras") if not code else None

    return run


def test_a_stream_is_condensed_and_the_fit_goes_on_from_there(run, files, tmp_path):
    code, printed, model = run()
    assert code == 0
    first, second, *_ = printed.out.splitlines()
    assert first == "20,000 rows of *.parquet: rent from area, rooms."
    assert re.fullmatch(r"Condensed in [\d.]+ s: [\d,]+ rows/s\.", second)
    table = linfit.read_table(files, "rent")
    optimum = linfit.least_squares(table)
    w, _ = model.coefficients()
    np.testing.assert_allclose(np.ravel(w), optimum.w[:, 0], rtol=1e-3)
    assert "Converged: " in printed.out
    code, _, model = run("--continue")
    assert code == 0
    assert int(model.optimizer.iterations.numpy()) == 80
    assert (tmp_path / "lesson" / "fit" / "fit.png").is_file()


def test_processes_find_what_one_finds(run, tmp_path):
    x, y = TRUTH.sample(400, seed=8)
    x[:15, 0] = np.nan  # and in 12 other rows, each in another row group
    x[15:411:33, 1] = np.nan
    gaps = tmp_path / "gaps.parquet"
    pq.write_table(
        pa.table({"area": 20 + 10 * x[:, 0], "rooms": x[:, 1], "rent": np.ravel(y)}), gaps, row_group_size=15
    )
    drop = ["--csv", str(gaps), "--missing", "drop"]
    _, printed, one = run(*drop, name="one")
    said = "373 rows of gaps.parquet: rent from area, rooms. Rows dropped because of missing cells: 27."
    assert said in printed.out
    code, printed, four = run(*drop, "--workers", "4", name="four")
    assert code == 0
    assert said in printed.out
    assert re.search(r"Condensed in [\d.]+ s by 4 workers, ready after [\d.]+ s: [\d,]+ rows/s\.", printed.out)
    for mine, theirs in zip(one.coefficients(), four.coefficients(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10)


def children(process):
    """Returns the command lines of a process's children, by their ids."""
    found = {}
    for file in Path(f"/proc/{process.pid}/task").glob("*/children"):
        for child in file.read_text().split():
            try:
                found[int(child)] = Path(f"/proc/{child}/cmdline").read_text()
            except FileNotFoundError:  # it has ended
                continue
    return found


def test_ctrl_c_while_workers_are_busy_ends_all_at_once_and_in_a_line(files, tmp_path):
    """A terminal sends Ctrl-C to the program and its workers; here it comes during the seconds in which they start."""
    words = ["--csv", files, "--target", "rent", "--stream", "--workers", "2", "--logs", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, train.__file__, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while sum("spawn_main" in command for command in children(process).values()) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    workers = children(process)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err == "train.py: stopped while reading the files. Nothing was fitted or saved.\n"
    assert not any(Path(f"/proc/{child}").exists() for child, command in workers.items() if "spawn_main" in command)
    assert not (tmp_path / "lesson").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--stream"], "--stream reads files. Add --csv 'data/*.parquet' --target COLUMN."),
        (["--workers", "2"], "--workers reads the files of --stream. Add --stream, or leave --workers out."),
        (
            ["--scheduler", "tcp://127.0.0.1:1"],
            "--scheduler reads the files of --stream. Add --stream, or leave --scheduler out.",
        ),
        (
            ["--csv", "a.csv", "--target", "y", "--stream", "--batch-size", "32"],
            "so each step uses all rows. Leave --batch-size out.",
        ),
        (["--csv", "a.csv", "--target", "y", "--stream", "--workers", "0"], "--workers must be a whole number of at"),
        (
            ["--csv", "a.csv", "--target", "y", "--stream", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"],
            "--workers starts processes on this machine, --scheduler has workers of its own. Leave one of them out.",
        ),
        (["--csv", "no.csv", "--target", "y", "--stream"], "no.csv does not exist. Check the path"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_a_line(options, said, tmp_path, capsys):
    assert train.main([*options, "--logs", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("train.py: error: ")
    assert said in line


@pytest.mark.parametrize(
    ("address", "said"), [("tcp://127.0.0.1:1", "does not answer"), ("nowhere", "does not answer")]
)
def test_a_scheduler_that_is_not_there_is_named(address, said, files, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("train_stream.PATIENCE", 1)
    words = ["--csv", files, "--target", "rent", "--stream", "--logs", str(tmp_path), "--scheduler", address]
    assert train.main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"train.py: error: --scheduler {address} {said}: ")
