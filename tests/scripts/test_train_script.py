"""scripts/train.py as a user runs it: the lesson, --continue, the user's own files, Ctrl-C and mistakes."""

import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorboard_page
import train
import train_options
from hparams_page import sessions
from sklearn.datasets import load_diabetes
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard_server import TensorBoard

import linfit

SCRIPT = Path(__file__).parents[2] / "scripts" / "train.py"
NUMBER = r"[-+]?[\d.]+(?:e[-+]\d+)?"
TOLERANCE = 2e-6  # rounding of float32 over some hundred steps, and of six printed digits


@dataclass
class Run:
    """A finished run, with the parameters that it saved."""

    code: int
    out: str
    err: str
    folder: Path
    w: np.ndarray
    b: np.ndarray
    step: int

    @property
    def status(self):
        """The status lines as numbers, one row for each line."""
        line = re.compile(rf"\s*\d+(\s+{NUMBER})+")
        return np.array([text.split() for text in self.out.splitlines() if line.fullmatch(text)], dtype=float)


def start(logs, *options):
    """Starts the script as a process, without settings that would silence TensorFlow."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    command = [sys.executable, SCRIPT, "--logs", logs, *map(str, options)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def finished(process, folder, out=""):
    with process:
        out += process.stdout.read()
        err = process.stderr.read()
    return saved(process.returncode, out, err, folder)


def here(logs, name, *options):
    """Runs the script in this process, which has imported TensorFlow; every warning is an error."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr(warnings, "formatwarning", warnings.formatwarning)  # main changes it
        code = train.main(["--logs", str(logs), *map(str, options)])
    return saved(code, out.getvalue(), err.getvalue(), logs / name)


def saved(code, out, err, folder):
    model = keras.models.load_model(folder / "model.keras")
    return Run(code, out, err, folder, model.w.numpy(), model.b.numpy(), int(model.optimizer.iterations.numpy()))


def read_until(process, beginning):
    """Returns the output of a process up to the line that begins like this."""
    out = ""
    for line in process.stdout:
        out += line
        if line.startswith(beginning):
            return out
    raise AssertionError(out + process.stderr.read())


def numpy_steps(count):
    """w and b at each step of the lesson, shape (count + 1,)."""
    x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
    w, b = [0.0], [-1.0]
    for _ in range(count):
        residual = x * w[-1] + b[-1] - y
        w.append(w[-1] - 0.05 * 2 * np.mean(residual * x))
        b.append(b[-1] - 0.05 * 2 * np.mean(residual))
    return np.array(w), np.array(b)


def scalars(folder):
    """The logged points of a TensorBoard run by tag: {step: value}."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    tags = events.Tags()["scalars"]
    return {tag: {point.step: point.value for point in events.Scalars(tag)} for tag in tags}


def words(text):
    """Returns a text with its line breaks replaced by spaces."""
    return " ".join(text.split())


def table(out):
    """The rows of the printed comparison by name, as numbers."""
    rows = [line.split() for line in out.split("-----\n", 1)[1].split("\n\n")[0].splitlines()]
    rows = [row for row in rows if len(row) > 2 and re.fullmatch(NUMBER, row[1])]
    return {row[0]: [float(cell) for cell in row[1:]] for row in rows}


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def lesson(logs):
    return finished(start(logs), logs / "lesson")


@pytest.fixture(scope="module")
def continued(lesson, logs):
    """The lesson, continued by another process."""
    return here(logs, "lesson", "--continue")


@pytest.fixture(scope="module")
def second(lesson, logs):
    options = ["--w", 1.5, -2, 0.3, "--batch-size", 32, "--steps", 5]
    return here(logs, "lesson-2", *options)


@pytest.fixture(scope="module")
def diabetes(tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "diabetes.csv"
    load_diabetes(as_frame=True, scaled=False).frame.to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def diverged(diabetes, tmp_path_factory):
    logs = tmp_path_factory.mktemp("logs")
    raw = ["--no-normalize", "--learning-rate", "0.05"]
    return finished(start(logs, "--csv", diabetes, "--target", "target", *raw), logs / "lesson")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A run that gets Ctrl-C when it prints step 10; a full pipe keeps it from running to its end."""
    logs = tmp_path_factory.mktemp("logs")
    process = start(logs, "--every", 1, "--steps", 3000)
    out = read_until(process, "    10 ")
    process.send_signal(signal.SIGINT)
    return finished(process, logs / "lesson", out)


@pytest.fixture
def main(monkeypatch):
    """The script's main, called in this process."""
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)  # main changes it
    return train.main


def test_the_lesson_takes_200_steps_to_where_numpy_goes(lesson):
    w, b = numpy_steps(200)
    assert (lesson.code, lesson.err, lesson.step) == (0, "", 200)
    np.testing.assert_allclose([lesson.w.item(), lesson.b.item()], [w[-1], b[-1]], atol=TOLERANCE)


def test_every_20_steps_an_aligned_line_says_where_w_and_b_are(lesson):
    lines = lesson.out.split("\n\n")[1].splitlines()
    assert lines[0].split() == ["step", "loss", "w", "b", "w", "-", "truth", "b", "-", "truth"]
    assert {len(line) for line in lines} == {len(lines[0])}
    w, b = numpy_steps(200)
    step, _, *values = lesson.status.T
    np.testing.assert_array_equal(step, range(0, 201, 20))
    np.testing.assert_allclose(values, [w[::20], b[::20], w[::20] - 0.1, b[::20] - 0.5], atol=TOLERANCE)


def test_the_lesson_ends_with_fit_optimum_truth_and_the_two_errors_between_them(lesson):
    x, y = linfit.GroundTruth(w=0.1, b=0.5, noise=0.05).sample(120, seed=7)
    best = linfit.least_squares(x, y)
    rows = table(lesson.out)
    errors = {"w": best.standard_error_w, "b": best.standard_error_b}
    for name, fitted, optimum, truth in [("w", lesson.w, best.w, 0.1), ("b", lesson.b, best.b, 0.5)]:
        points = [
            fitted.item(),
            optimum.item(),
            errors[name].item(),
            truth,
            fitted.item() - optimum.item(),
            optimum.item() - truth,
        ]
        np.testing.assert_allclose(rows[name], points, atol=TOLERANCE)
    assert "Not converged" in lesson.out


def test_a_run_leaves_a_model_its_options_a_picture_and_three_tensorboard_runs(lesson):
    for file in ("model.keras", "run.json", "fit/fit.png"):
        assert (lesson.folder / file).stat().st_size > 0, file
    assert (lesson.folder / "fit/fit.png").read_bytes().startswith(b"\x89PNG")
    for run in ("truth", "optimum", "fit"):
        assert {"w", "b", "loss"} <= scalars(lesson.folder / run).keys()


def test_continue_goes_on_at_step_200_in_the_same_run(continued):
    w, b = numpy_steps(400)
    assert (continued.code, continued.err, continued.step) == (0, "", 400)
    assert continued.status[:, 0].tolist() == list(range(200, 401, 20))
    np.testing.assert_allclose([continued.w.item(), continued.b.item()], [w[-1], b[-1]], atol=TOLERANCE)
    logged = scalars(continued.folder / "fit")
    for tag, values in {"w": w, "b": b}.items():
        assert sorted(logged[tag]) == list(range(401))
        np.testing.assert_allclose([logged[tag][step] for step in range(401)], values, atol=TOLERANCE)


def test_a_run_that_went_on_is_one_row_of_the_hparams_page_with_its_end(continued):
    with TensorBoard(continued.folder) as board:
        ((name, row),) = sessions(board).items()
    assert (name, row.status, row.metrics["z_table/steps"]) == ("fit", "success", 400)
    assert row.hparams["learning_rate"] == 0.05
    assert (row.hparams["noise"], row.hparams["seed"]) == (0.05, 7)
    truth = np.hypot(continued.w.item() - 0.1, continued.b.item() - 0.5)
    assert row.metrics["error/truth"] == pytest.approx(truth, rel=1e-4)


def test_the_printed_hint_to_go_on_is_a_command_that_does(lesson):
    _, _, hint = lesson.out.partition("make train ")
    (arguments,) = shlex.split(hint)
    options = train_options.parse(shlex.split(arguments.removeprefix("ARGS=")), "")
    assert (options.folder, options.resume) == (lesson.folder, True)


def test_a_second_run_of_the_same_name_gets_a_number_and_says_so(second, logs):
    assert (second.code, second.err) == (0, "")
    assert f"{logs / 'lesson'} already holds a run, so this one is lesson-2 (--continue" in second.out


def test_three_features_in_mini_batches_take_exactly_as_many_steps_as_asked_for(second):
    assert (second.step, second.w.shape) == (5, (3, 1))
    rows = table(second.out)
    assert [rows[name][3] for name in ("w/x0", "w/x1", "w/x2", "b")] == [1.5, -2, 0.3, 0.5]
    assert sorted(scalars(second.folder / "fit")["w/x2"]) == list(range(6))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (["--rows", "50"], "has rows=120, got 50. Leave --rows out, or start a new run with --name."),
        (["--w", "0.2"], "has w=[0.1], got [0.2]. Leave --w out"),
        (["--noise", "0"], "has noise=0.05, got 0.0. Leave --noise out"),
        (["--seed", "8"], "has seed=7, got 8. Leave --seed out"),
        (["--csv", "flats.csv", "--target", "rent"], "flats.csv']. Leave --csv out"),
    ],
)
def test_continue_with_other_data_is_refused(lesson, logs, main, capsys, other, message):
    assert main(["--logs", str(logs), "--continue", *other]) == 2
    assert message in capsys.readouterr().err


def test_continue_of_a_run_that_does_not_exist_names_those_that_do(lesson, logs, main, capsys):
    assert main(["--logs", str(logs), "--name", "leson", "--continue"]) == 2
    error = capsys.readouterr().err
    assert f"--continue found no finished run in {logs / 'leson'}. Runs that can be continued: lesson" in error


def test_columns_name_the_parameters_in_the_table_and_in_tensorboard(diverged, diabetes):
    columns = diabetes.read_text().splitlines()[0].split(",")[:-1]
    assert len(columns) == 10
    names = [*(f"w/{column}" for column in columns), "b"]
    assert [name for name in table(diverged.out) if name != "loss"] == names
    assert set(names) <= scalars(diverged.folder / "fit").keys()


def test_raw_data_that_diverge_end_with_an_explanation_instead_of_nan(diverged):
    assert diverged.code == 0
    assert not re.search(r"\b(nan|inf)\b", diverged.out + diverged.err, re.IGNORECASE)
    assert re.fullmatch(
        r"train\.py: warning: The loss left the finite range at step \d+\. "
        r"The learning rate 0\.05 is above this data's stability limit .*, so every step overshoots; .* "
        r"With --normalize the limit rises to 0\.\d+\. .*\n",
        diverged.err,
    )
    assert "Diverging. The learning rate 0.05 is above this data's stability limit" in words(diverged.out)
    assert np.isfinite(diverged.w).all()


def test_a_rate_that_only_creeps_ends_with_the_remedy(diabetes, tmp_path, main, capsys):
    options = ["--csv", str(diabetes), "--target", "target", "--learning-rate", "1e-5", "--steps", "1"]
    assert main(["--logs", str(tmp_path), *options, "--no-normalize"]) == 0
    printed = capsys.readouterr()
    assert re.search(
        r"The fit needs about \d+,000,000 more full-batch steps at learning rate 1e-05", words(printed.out)
    )
    assert "Try --normalize." in words(printed.out)
    assert printed.err == ""


def test_columns_of_any_scale_converge_by_themselves(diabetes, tmp_path, main, capsys):
    options = ["--csv", str(diabetes), "--target", "target", "--features", "bmi", "bp", "s5", "--steps", "60"]
    assert main(["--logs", str(tmp_path), *options]) == 0
    printed = capsys.readouterr()
    assert (
        "The descent runs on standardized columns; all values are in the data's units. Use --no-normalize to"
        in printed.out
    )
    assert "Converged: " in printed.out
    rows = np.loadtxt(diabetes, delimiter=",", skiprows=1)
    x, y = rows[:, [2, 3, 8]], rows[:, 10]
    expected, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y)
    model = keras.models.load_model(tmp_path / "lesson" / "model.keras")
    np.testing.assert_allclose(np.concatenate([np.ravel(part) for part in model.coefficients()]), expected, rtol=1e-9)


def test_continue_takes_files_by_the_same_words_as_the_first_run(tmp_path, main, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("flats1.csv").write_text("area,city,rent\n5,Rome,6\n8,Oslo,9\n")
    Path("flats2.csv").write_text("city,rent,area\nRome,8,6\nOslo,,7\n")
    options = ["--csv", "flats?.csv", "--target", "rent", "--categorical", "city", "--missing", "drop"]
    options += ["--learning-rate", "0.01", "--steps", "1"]
    assert main(options) == 0
    said = "3 rows of flats?.csv: rent from area, city=Rome (city against Oslo)."
    assert capsys.readouterr().out.startswith(f"{said} Rows dropped because of missing cells: 1.\n")
    assert main([*options, "--continue"]) == 0
    assert keras.models.load_model("logs/lesson/model.keras").optimizer.iterations.numpy() == 2
    with Path("flats1.csv").open("a") as file:
        file.write("7,Oslo,8\n")
    capsys.readouterr()
    assert main([*options, "--continue"]) == 2
    assert "began with 3 rows, the file has 4 now. Start a new run with another --name." in capsys.readouterr().err


def test_ctrl_c_ends_a_run_as_if_it_were_over(interrupted):
    assert (interrupted.code, interrupted.err) == (130, "")
    assert 10 <= interrupted.step < 3000
    assert interrupted.status[-1, 0] == interrupted.step
    w, b = numpy_steps(interrupted.step)
    np.testing.assert_allclose([interrupted.w.item(), interrupted.b.item()], [w[-1], b[-1]], atol=TOLERANCE)
    assert list(table(interrupted.out)) == ["w", "b", "loss"]


def test_ctrl_c_ends_a_long_run_at_once_and_keeps_all_of_it(tmp_path):
    process = start(tmp_path, "--every", 10_000, "--steps", 100_000_000)
    out = read_until(process, "    10000 ")
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    run = finished(process, tmp_path / "lesson", out)
    assert time.monotonic() - pressed < 10
    assert (run.code, run.err) == (130, "")
    assert list(table(run.out)) == ["w", "b", "loss"]
    assert 10_000 <= run.step < 100_000_000
    assert run.status[-1, 0] == run.step
    logged = scalars(run.folder / "fit")["w"]
    assert list(logged) == sorted({*range(0, run.step + 1, 1000), run.step})
    assert logged[run.step] == run.w.item()
    assert (run.folder / "fit/fit.png").read_bytes().startswith(b"\x89PNG")
    assert "--continue" in run.out


def test_ctrl_c_before_the_first_step_leaves_no_trace_and_no_traceback(tmp_path):
    process = start(tmp_path)
    read_until(process, "120 rows drawn")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    if (tmp_path / "lesson").exists():  # Ctrl-C came after the first step
        assert (tmp_path / "lesson" / "model.keras").is_file()
    assert (process.returncode, err) == (130, "")


@pytest.mark.parametrize(("batch_size", "parts"), [(32, (6, 2, 1)), (120, (1, 1, 1))])
def test_two_runs_of_some_steps_get_to_the_bit_where_one_of_all_steps_does(tmp_path, main, batch_size, parts):
    """Batches of 32 make epochs of 4 steps: the first run ends inside an epoch, the second at the end of one."""
    steps = sum(parts)
    options = ["--logs", str(tmp_path), "--batch-size", str(batch_size)]
    assert main([*options, "--name", "whole", "--steps", str(steps)]) == 0
    for part, resume in zip(parts, [[], ["--continue"], ["--continue"]], strict=True):
        assert main([*options, "--name", "parts", "--steps", str(part), *resume]) == 0
    whole, last = (keras.models.load_model(tmp_path / name / "model.keras") for name in ("whole", "parts"))
    assert int(whole.optimizer.iterations) == int(last.optimizer.iterations) == steps
    assert [whole.w.numpy(), whole.b.numpy()] == [last.w.numpy(), last.b.numpy()]
    logged = {name: scalars(tmp_path / name / "fit") for name in ("whole", "parts")}
    assert sorted(logged["whole"]["w"]) == list(range(steps + 1))
    assert logged["whole"]["w"] == logged["parts"]["w"]
    assert logged["whole"]["loss"].items() <= logged["parts"]["loss"].items()


@pytest.mark.parametrize("steps", [1, 200, 100_000, 100_001, 2_000_000, 2_000_001, 10**8])
def test_of_many_steps_40_000_to_100_000_are_logged(steps):
    every = tensorboard_page.log_every(steps)
    assert str(every).rstrip("0") in ("1", "2", "5")
    assert min(steps, 40_000) <= steps / every <= 100_000


def test_a_run_ended_by_ctrl_c_goes_on_from_exactly_there(interrupted, main, capsys):
    assert main(["--logs", str(interrupted.folder.parent), "--continue", "--steps", "7"]) == 0
    end = interrupted.step + 7
    w, b = numpy_steps(end)
    model = keras.models.load_model(interrupted.folder / "model.keras")
    np.testing.assert_allclose([model.w[0, 0], model.b[0]], [w[-1], b[-1]], atol=TOLERANCE)
    logged = scalars(interrupted.folder / "fit")["w"]
    assert sorted(logged) == list(range(end + 1))
    np.testing.assert_allclose([logged[step] for step in range(end + 1)], w, atol=TOLERANCE)


MISTAKES = {
    "missing_file": (["--csv", "no.csv", "--target", "rent"], "no.csv does not exist. Check the path"),
    "missing_target": (
        ["--csv", "flats.csv", "--target", "price"],
        "no target column 'price'. Its columns are: 'area', ",
    ),
    "missing_feature": (
        ["--csv", "flats.csv", "--target", "rent", "--features", "rooms"],
        "no feature column 'rooms'",
    ),
    "no_target": (["--csv", "flats.csv"], "--csv needs the column to predict. Add --target COLUMN."),
    "text": (
        ["--csv", "flats.csv", "--target", "rent"],
        "text where a fit needs numbers, in column 'city' (such as 'Rome'). Try --categorical city",
    ),
    "empty_file": (
        ["--csv", "empty.csv", "--target", "rent"],
        "is empty: a header line and at least one row are required.",
    ),
    "missing_cell": (
        ["--csv", "gaps.csv", "--target", "rent"],
        "of column 'area', got a missing value in line 3",
    ),
    "w_and_csv": (
        ["--csv", "flats.csv", "--target", "rent", "--w", "1"],
        "--w describes drawn data, --csv reads a file. Leave one of them out.",
    ),
    "categorical_without_csv": (["--categorical", "city"], "--categorical and --missing are for columns of a file."),
    "target_without_csv": (
        ["--target", "rent"],
        "--target and --features choose columns of a file. Add --csv FILE.",
    ),
    "rate_0": (["--learning-rate", "0"], "--learning-rate must be a finite number above 0, got 0. Try 0.05."),
    "negative_rate": (
        ["--learning-rate", "-1"],
        "--learning-rate must be a finite number above 0, got -1. Try 0.05.",
    ),
    "nan_rate": (
        ["--learning-rate", "nan"],
        "--learning-rate must be a finite number above 0, got nan. Try 0.05.",
    ),
    "text_rate": (["--learning-rate", "fast"], "argument --learning-rate: must be a number or auto, got 'fast'. See "),
    "no_steps": (["--steps", "0"], "--steps must be a whole number of at least 1, got 0."),
    "every_0": (["--every", "0"], "--every must be a whole number of at least 1, got 0."),
    "batch_size_0": (["--batch-size", "0"], "--batch-size must be a whole number of at least 1, got 0."),
    "no_rows": (["--rows", "0"], "rows must be a whole number of at least 1, got 0."),
    "negative_noise": (["--noise", "-1"], "a finite number of 0 or more, got -1.0. Try 0.05."),
    "negative_seed": (["--seed", "-1"], "seed must be "),
    "too_large_b": (["--b", "1e39"], "y must hold finite numbers of type float32"),
    "path_as_name": (["--name", "a/b"], "--name must be the name of a folder in "),
    "folder_above": (["--name", "..", "--steps", "1"], "--name must be the name of a folder in "),
    "no_name": (["--name", "", "--steps", "1"], "--name must be the name of a folder in "),
    "unknown_option": (["--rate", "1"], "unrecognized arguments: --rate 1. See "),
    "continue_nothing": (["--continue"], "--continue found no finished run in "),
}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with good and bad files, and no logs yet."""
    (tmp_path / "flats.csv").write_text("area,city,rent\n50,Rome,600\n")
    (tmp_path / "gaps.csv").write_text("area,rent\n50,600\n,700\n")
    (tmp_path / "empty.csv").touch()
    monkeypatch.chdir(tmp_path)
    return {path.name for path in tmp_path.iterdir()}


def assert_one_line(err, message):
    assert re.fullmatch(r"train\.py: error: .*\n", err), err
    assert message in err


@pytest.mark.parametrize(("options", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_gets_one_line_and_leaves_no_trace(files, main, capsys, options, message):
    (Path.cwd() / "runs").mkdir()
    assert main(["--logs", "runs/logs", *options]) == 2
    assert_one_line(capsys.readouterr().err, message)
    assert not list(Path("runs").iterdir())
    assert {path.name for path in Path.cwd().iterdir()} == files | {"runs"}


def test_a_process_with_a_mistake_ends_with_code_2_and_no_traceback(files):
    options, message = MISTAKES["missing_file"]
    process = start("logs", *options)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert_one_line(err, message)
    assert {path.name for path in Path.cwd().iterdir()} == files


def test_a_mistake_beside_an_earlier_run_still_gets_one_line(lesson, logs, main, capsys):
    assert main(["--logs", str(logs), "--learning-rate", "0"]) == 2
    assert_one_line(capsys.readouterr().err, MISTAKES["rate_0"][1])


@pytest.mark.parametrize("file", ["run.json", "model.keras"])
def test_continue_of_a_damaged_run_says_so_in_one_line(tmp_path, main, capsys, file):
    assert main(["--logs", str(tmp_path), "--steps", "1"]) == 0
    (tmp_path / "lesson" / file).write_text("{")
    capsys.readouterr()
    assert main(["--logs", str(tmp_path), "--continue"]) == 2
    assert_one_line(capsys.readouterr().err, file)
