"""scripts/recover.py: the intervals hold the truth as often as they claim, or the verdict says why not."""

import math
import os
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import recover
from matplotlib.colors import to_hex
from recovery import Recovery
from recovery_report import picture, table, verdict
from scipy import stats

import linfit
from linfit.callbacks import recovery_figure

SCRIPT = Path(__file__).parents[2] / "scripts" / "recover.py"
UNIT = math.sqrt(3)


@pytest.fixture
def main(monkeypatch):
    """The script's main, called in this process."""
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)  # main changes it
    return recover.main


def words(text):
    """Returns a text with its line breaks replaced by spaces."""
    return " ".join(text.split())


def lines_of(out):
    """The lines of the printed table by parameter: truth, mean, bias, spread, predicted, ratio, coverage."""
    rows = [re.sub("[±%]", "", line).split() for line in out.split("coverage\n", 1)[1].split("\n\n")[0].splitlines()]
    return {name: [float(cell) for cell in cells] for name, *cells in rows}


def numpy_study(w, b, rows, noise, sets, seed, heavy=False):
    """Least squares and its standard errors for the script's data sets, shapes (sets, parameters)."""
    truth = linfit.GroundTruth(w, b, noise)
    estimates, errors = [], []
    for each in np.random.SeedSequence(seed).generate_state(sets):
        x, y = truth.sample(rows, seed=each, low=-UNIT, high=UNIT)
        if heavy:
            draws = np.random.default_rng([each, 1]).lognormal(0, 1, (rows, 1))
            y = x @ truth.w + b + noise * (draws - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e)
        a = np.column_stack([x, np.ones(rows)])
        inverse = np.linalg.inv(a.T @ a)
        solution = inverse @ a.T @ y[:, 0]
        variance = np.sum((y[:, 0] - a @ solution) ** 2) / (rows - a.shape[1])
        estimates.append(solution)
        errors.append(np.sqrt(variance * np.diag(inverse)))
    return np.array(estimates), np.array(errors)


def normal_study(parameters=2, sets=1000, seed=1, bias=0.0, spread=1.0):
    """Returns a study of drawn estimates, without fits: as theory predicts, or with a bias or another spread."""
    draws = np.random.default_rng(seed).normal(size=(sets, parameters))
    errors = np.full((sets, parameters), 0.1)
    names = [f"p{i}" for i in range(parameters)]
    return Recovery(names, np.ones(parameters), 1 + 0.1 * (bias + spread * draws), errors, 10_000)


@pytest.mark.parametrize(
    ("options", "w", "rows", "names"),
    [
        ([], [0.1], 120, ["w", "b"]),
        (["--w", "1.5", "-2", "0.3", "--rows", "60"], [1.5, -2, 0.3], 60, ["w/x0", "w/x1", "w/x2", "b"]),
    ],
)
def test_the_table_says_what_numpy_finds_in_the_same_data_sets(main, tmp_path, capsys, options, w, rows, names):
    assert main(["--sets", "200", "--logs", str(tmp_path), *options]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    estimates, errors = numpy_study(w, 0.5, rows, 0.05, 200, seed=7)
    t = stats.t.ppf(0.975, rows - len(w) - 1)
    lines = lines_of(printed.out)
    assert list(lines) == [*names, "all"]
    for name, truth, estimate, error in zip(names, [*w, 0.5], estimates.T, errors.T, strict=True):
        spread, predicted = estimate.std(ddof=1), np.sqrt(np.mean(error**2))
        covered = np.abs(estimate - truth) <= t * error
        bias = stats.ttest_1samp(estimate, truth).statistic
        line = lines[name]
        np.testing.assert_allclose(line[0], truth)
        # Gradient descent ends within 0.01 standard errors of the optimum, on either side.
        np.testing.assert_allclose(line[1], estimate.mean(), atol=0.01 * predicted)
        np.testing.assert_allclose(line[2], bias, atol=0.01 * math.sqrt(200) + 0.01)
        np.testing.assert_allclose(line[3], spread, atol=0.01 * predicted)
        np.testing.assert_allclose(line[4], predicted, atol=1e-6)
        np.testing.assert_allclose(line[5], spread / predicted, atol=0.011)
        np.testing.assert_allclose(line[7:], [100 * covered.mean(), 100 * covered.std() / math.sqrt(200)], atol=0.51)
    np.testing.assert_allclose(lines["all"][0], np.mean([lines[name][7] for name in names]), atol=0.06)
    assert "Recovered: 95 % intervals of gradient descent hold the truth in 9" in words(printed.out)
    assert (tmp_path / "recovery" / "recovery.png").read_bytes().startswith(b"\x89PNG")


def test_a_fit_ends_within_a_hundredth_of_a_standard_error_of_least_squares():
    truth = linfit.GroundTruth([1.5, -2.0], 0.5, 0.3)
    model = compiled(linfit.LinearRegression, 2)
    for seed in range(20):
        x, y = recover.draw(truth, 30, seed)
        estimate, error = recover.estimate(model, x, y, 1000)
        optimum = linfit.least_squares(x, y)
        best = np.append(optimum.w, optimum.b)
        np.testing.assert_allclose(error, np.append(optimum.standard_error_w, optimum.standard_error_b))
        assert np.all(np.abs(estimate - best) <= 0.01 * error)
        assert np.any(estimate != best)  # the estimate is gradient descent's, not the optimum


def test_all_data_sets_are_fit_by_the_same_compiled_steps_from_the_same_start():
    calls, traces, starts = [], [], []

    class Counted(linfit.LinearRegression):
        def train_step(self, data):
            calls.append(1)
            return super().train_step(data)

        def fit(self, *args, **options):
            starts.append((self.w.numpy().item(), self.b.numpy().item(), int(self.optimizer.iterations.numpy())))
            return super().fit(*args, **options)

    truth, model, rates = linfit.GroundTruth(0.1, 0.5, 0.05), compiled(Counted, 1), set()
    for seed in range(10):
        x, y = recover.draw(truth, 12, seed)
        recover.estimate(model, x, y, 1000)
        traces.append(len(calls))
        rates.add(float(model.optimizer.learning_rate))
        curvature = linfit.SufficientStatistics.from_rows(x, y).curvature()
        assert float(model.optimizer.learning_rate) == pytest.approx(curvature.usable_learning_rate, rel=1e-6)
    assert len(rates) == 10
    assert starts == [(0.0, -1.0, 0)] * 10
    assert set(traces) == {traces[0]}  # only the first data set is traced


def compiled(kind, features):
    model = kind(dtype="float64")
    model.build((None, features))
    model.compile()
    return model


def test_heavy_tailed_noise_in_few_rows_is_not_as_predicted_and_it_says_why(main, tmp_path, capsys):
    options = ["--rows", "8", "--noise-distribution", "heavy", "--sets", "300", "--logs", str(tmp_path)]
    assert main(options) == 0
    out = capsys.readouterr().out
    estimates, errors = numpy_study([0.1], 0.5, 8, 0.05, 300, seed=7, heavy=True)
    coverage = np.mean(np.abs(estimates - [0.1, 0.5]) <= stats.t.ppf(0.975, 6) * errors, axis=0)
    lines = lines_of(out)
    np.testing.assert_allclose([lines["w"][7], lines["b"][7]], 100 * coverage, atol=0.7)
    assert lines["b"][7] < 90
    assert re.search(r"Not as predicted: .*; the intervals of b hold it in 8[\d.]+ % ± [\d.]+ %", words(out))
    assert "The likely reason: with heavy-tailed noise 8 rows are too few to estimate the standard error." in words(out)


def test_heavy_tailed_noise_has_the_mean_and_the_standard_deviation_of_normal_noise():
    truth = linfit.GroundTruth([0.1], 0.5, 0.3)
    x, y = recover.draw(truth, 1_000_000, 1, heavy=True)
    noise = y - truth.predict(x)
    assert noise.mean() == pytest.approx(0, abs=0.003)
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    assert stats.skew(noise[:, 0]) > 3
    np.testing.assert_array_equal(x, recover.draw(truth, 1_000_000, 1)[0])
    assert x.mean() == pytest.approx(0, abs=0.005)
    assert x.std() == pytest.approx(1, rel=0.005)


def test_fits_that_do_not_reach_their_optimum_are_counted_and_left_out(main, tmp_path, capsys):
    options = ["--rows", "12", "--sets", "200", "--logs", str(tmp_path)]
    assert main([*options, "--steps", "9"]) == 0
    out = words(capsys.readouterr().out)
    missed = int(re.search(r"Excluded: (\d+) of 200 fits, which did not reach their optimum in 9 steps", out)[1])
    assert 0 < missed < 100
    assert "Try --steps 90." in out
    assert f"of {200 - missed} data sets" in out


def test_without_enough_fits_at_their_optimum_there_is_no_verdict(main, tmp_path, capsys):
    assert main(["--steps", "1", "--sets", "100", "--logs", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "Excluded: 100 of 100 fits" in out
    assert "No verdict: it needs 100 fits at their optimum, got 0." in out
    assert not list(tmp_path.iterdir())


def test_a_verdict_names_what_is_off_and_by_how_much():
    assert verdict(normal_study(), 120, False).startswith("Recovered: 95 % intervals of gradient descent hold the")
    biased = verdict(normal_study(bias=np.array([0.0, 0.2])), 120, False)
    assert re.search(
        r"^Not as predicted: .*; p1 is biased by \+[67]\.\d standard errors of its mean\. With nor", biased
    )
    wide = verdict(normal_study(spread=np.array([1.0, 1.3])), 120, False)
    assert re.search(r"p1 spreads 1\.[23]\d+ ± 0\.0[23]\d times as much as predicted", wide)
    assert re.search(r"the intervals of p1 hold it in 8\d\.\d % ± [01]\.\d %", wide)
    assert "p0" not in biased + wide
    narrow = verdict(normal_study(spread=np.array([0.7, 1.0])), 120, True)
    assert re.search(r"the intervals of p0 hold it in 99\.\d %", narrow)


def test_where_all_is_as_predicted_about_one_study_in_a_thousand_is_called_otherwise():
    found = [normal_study(parameters=3, sets=200, seed=seed).recovered for seed in range(2000)]
    assert found.count(False) <= stats.binom.ppf(0.999, 2000, 0.001)


def test_the_error_of_the_ratio_is_its_spread_over_repeated_studies():
    studies = [normal_study(parameters=1, sets=300, seed=seed) for seed in range(500)]
    measured = np.std([study.ratio[0] for study in studies], ddof=1)
    assert np.mean([study.ratio_error[0] for study in studies]) == pytest.approx(measured, rel=0.1)


def test_of_many_parameters_the_furthest_are_shown_first():
    study = normal_study(parameters=40, sets=200, bias=np.eye(40)[33])
    lines = table(study).splitlines()
    assert lines[2].split()[0] == "p33"
    assert len(lines) == 2 + 25 + 1 + 1
    assert lines[-1] == "15 more parameters are closer to the prediction."
    assert len(picture(study).axes[1].get_yticklabels()) == 25


@pytest.mark.parametrize("parameters", [2, 21])
def test_the_picture_shows_each_coverage_and_marks_what_is_off(parameters):
    errors = np.random.default_rng(1).standard_t(10, size=(500, parameters))
    errors[:, 1] *= 2
    names = [f"p{i}" for i in range(parameters)]
    figure = recovery_figure(names, errors, 10, unexpected=["p1"], title="study")
    coverage = 100 * np.mean(np.abs(errors) <= stats.t.ppf(0.975, 10), axis=0)
    left, right = figure.axes
    assert [label.get_text() for label in right.get_yticklabels()] == [
        f"{name}: {share:.1f} %" for name, share in zip(names, coverage, strict=True)
    ]
    line, sound, marked = (container for container in [right.get_lines()[0], *right.containers])
    assert line.get_xdata() == [95, 95]
    np.testing.assert_allclose(sound[0].get_xdata(), np.delete(coverage, 1))
    np.testing.assert_allclose(marked[0].get_xdata(), coverage[1:2])
    assert sound[0].get_marker() != marked[0].get_marker()
    assert to_hex(sound[0].get_color()) != to_hex(marked[0].get_color())
    ends = marked[2][0].get_segments()[0][:, 0]
    share = coverage[1] / 100
    np.testing.assert_allclose(ends, coverage[1] + np.array([-200, 200]) * math.sqrt(share * (1 - share) / 500))
    if parameters > 2:
        (bars,) = left.collections
        low, high = np.quantile(errors, [0.025, 0.975], axis=0)
        np.testing.assert_allclose([segment[:, 0] for segment in bars.get_segments()], np.column_stack([low, high]))
    else:
        for patch in left.patches:
            values, edges, _ = patch.get_data()
            assert np.sum(values * np.diff(edges)) == pytest.approx(
                1
            )  # the outermost bins count all values beyond them


def test_a_second_study_of_the_same_name_gets_a_number(main, tmp_path, capsys):
    (tmp_path / "recovery").mkdir()
    assert main(["--sets", "100", "--logs", str(tmp_path)]) == 0
    assert f"Picture: {tmp_path / 'recovery-2' / 'recovery.png'}" in capsys.readouterr().out


MISTAKES = {
    "few_sets": (["--sets", "10"], "--sets must be at least 100, got 10: fewer give no clear result. Try --sets 1000."),
    "no_sets": (["--sets", "0"], "--sets must be a whole number of at least 1, got 0."),
    "no_rows": (["--rows", "0"], "--rows must be a whole number of at least 1, got 0."),
    "few_rows": (["--features", "5", "--rows", "8"], "--rows must be at least 9 for 5 features and a bias, got 8"),
    "no_noise": (["--noise", "0"], "--noise must be a finite number above 0, got 0.0."),
    "negative_noise": (["--noise", "-1"], "--noise must be a finite number above 0, got -1.0."),
    "nan_noise": (["--noise", "nan"], "--noise must be a finite number above 0, got nan."),
    "no_steps": (["--steps", "0"], "--steps must be a whole number of at least 1, got 0."),
    "no_features": (["--features", "0"], "--features must be a whole number of at least 1, got 0."),
    "w_and_features": (
        ["--w", "1", "--features", "2"],
        "--features draws the weights, --w gives them. Leave one of them out.",
    ),
    "infinite_w": (["--w", "inf"], "w must hold finite numbers, got [inf]."),
    "negative_seed": (["--seed", "-1"], "--seed must be a whole number from 0"),
    "other_noise": (["--noise-distribution", "cauchy"], "invalid choice: 'cauchy'"),
    "unknown_option": (["--rate", "1"], "unrecognized arguments: --rate 1. See "),
    "path_as_name": (["--name", "a/b"], "--name must be the name of a folder in "),
    "no_name": (["--name", ""], "--name must be the name of a folder in "),
    "file_as_logs": (["--logs", "file"], "cannot be created: "),
}


@pytest.mark.parametrize(("options", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_gets_one_line_and_leaves_no_trace(main, tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    assert main(options) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(r"recover\.py: error: .*\n", err), err
    assert message in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_ctrl_c_ends_a_study_with_what_is_done_and_code_130(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    command = [sys.executable, SCRIPT, "--sets", "100000", "--logs", tmp_path]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        line = process.stdout.readline()
        assert line.startswith("100,000 data sets of 120 rows, drawn from w = [0.1], b = 0.5 with normal noise 0.05.")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (130, "")
    assert re.search(r"Stopped by Ctrl-C after \d+ of 100,000 data sets\.", out)
    assert "No verdict: it needs 100 fits at their optimum, got " in out
