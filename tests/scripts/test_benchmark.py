"""scripts/benchmark.py in tiny sizes: what it measures, and that it notices a claim that does not hold."""

import re

import benchmark
import benchmark_batches
import benchmark_child
import benchmark_lesson
import benchmark_peers
import benchmark_picture
import benchmark_processes
import benchmark_reduction
import benchmark_rows
import benchmark_streams
import numpy as np
import pytest
from benchmark_timing import Claim, Section, at_least, at_most, fastest, number

import linfit

LESSON = {
    (benchmark_lesson.KERAS_LOGGED, 200): 10.0,
    (benchmark_lesson.KERAS_TENSORBOARD, 200): 9.0,
    (benchmark_lesson.KERAS, 200): 8.0,
    (benchmark_lesson.EAGER, 300): 0.6,
    (benchmark_lesson.NUMPY, 20_000): 0.2,
    (benchmark_lesson.KERAS_STOPPING, 25): 1.0,
    (benchmark_lesson.STOPPING, 2_000): 0.4,
    (benchmark_lesson.KERAS_VALIDATED, 25): 2.0,
    (benchmark_lesson.VALIDATED, 2_000): 1.0,
    **{
        (name, steps): least + each * steps
        for name, least, each in (
            (benchmark_lesson.BARE, 0.0005, 1.0e-7),
            (benchmark_lesson.BARE_CONDENSED, 0.0005, 1.0e-8),
            (benchmark_lesson.NOTHING, 0.003, 0.9e-7),
            (benchmark_lesson.RECORDED, 0.003, 1.2e-7),
            (benchmark_lesson.LOGGED, 0.010, 5.0e-7),
            (benchmark_lesson.EVERY_100TH, 0.010, 1.3e-7),
        )
        for steps in benchmark_lesson.Size().steps
    },
}
ROWS = {
    (name, dtype): 0.2 if name == benchmark_rows.LINFIT else 200.0
    for dtype in benchmark_rows.TYPES
    for name in (benchmark_rows.LINFIT, benchmark_rows.NUMPY)
}
EPOCH = {
    (name, dtype): seconds
    for dtype in benchmark_batches.TYPES
    for name, seconds in {"linfit": 0.01, "stock Keras": 2.0, "SGDRegressor": 0.02}.items()
}
MEMORY = {"array": 400e6, "keras": 600e6, "made": 1000e6, "peak": 1050e6}
PROCESSES = benchmark_processes.Results(
    first_fit={"linfit": 1.0, "keras": 8.0},
    imports={"linfit": 3.0, "keras": 3.0},
    memory={"rows, full batch": MEMORY},
    heavy=[],
)
BLOCK = 4096 * (10 + 2) * 8
Result = benchmark_reduction.Result
SOLVED = {
    benchmark_reduction.LINFIT: Result(seconds=0.4, digits=13.0, memory=3 * BLOCK),
    benchmark_reduction.LSTSQ: Result(seconds=0.9, digits=13.5, memory=90 * BLOCK),
    benchmark_reduction.SKLEARN: Result(seconds=0.8, digits=13.5, memory=90 * BLOCK),
    benchmark_reduction.GRAM: Result(seconds=0.1, digits=8.0, memory=90 * BLOCK),
}

STREAMS = benchmark_streams.Results(
    times={
        name: benchmark_streams.Time(wall, 2 * wall)
        for name, wall in {
            benchmark_streams.PYARROW: 1.0,
            benchmark_streams.LINFIT: 1.4,
            benchmark_streams.CSV_PYARROW: 1.0,
            benchmark_streams.CSV_LINFIT: 1.1,
            benchmark_streams.ONE: 3.0,
            benchmark_streams.TWO: 1.8,
            benchmark_streams.JOB: 2.0,
            benchmark_streams.LINEAR: 9.0,
            benchmark_streams.SGD: 5.0,
        }.items()
    },
    off={benchmark_streams.JOB: 1e-6, benchmark_streams.LINEAR: 1e-9, benchmark_streams.SGD: 80.0},
    memory={2_000_000: 130e6, 20_000_000: 131e6},
)


def broken(claims):
    return [str(claim) for claim in claims if not claim.holds]


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """What a quick run prints, and the picture that it draws."""
    picture = tmp_path_factory.mktemp("benchmark") / "steps.png"
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr("builtins.print", lambda *words, **_: lines.append(" ".join(map(str, words))))
        assert benchmark.main(["--quick", "--picture", str(picture)]) == 0
    return "\n".join(lines), picture


def test_a_quick_run_has_every_row_and_its_numbers_parse(quick):
    out, _ = quick
    tables = [text.splitlines()[2:] for text in out.split("\n\n") if text.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for table in tables for line in table]
    what = " ; ".join(" ".join(row) for row in rows)
    lesson = [name for name, _ in LESSON] + [benchmark_lesson.TORCH]
    solvers = [*benchmark_reduction.SOLVERS, "first fit", "import", "float64, full batch", "float32, batches of 32"]
    ways = ["linfit, once condensed", "NumPy loop, 2 steps timed", "an epoch: SGDRegressor", "an epoch: stock Keras"]
    for features in (benchmark_batches.STANDARDIZED, benchmark_batches.UNIFORM):
        ways += [f"to the optimum, {features}: linfit", f"to the optimum, {features}: SGDRegressor"]
    ways += [
        benchmark_streams.PYARROW,
        benchmark_streams.CSV_LINFIT,
        benchmark_streams.SGD,
        "peak of memory beyond imp",
    ]
    for name in (*lesson, *solvers, *ways):
        assert name in what, name
    for row in rows:
        assert re.fullmatch(r"-?[\d,.]+(e[+-]\d+)?( × the rows more)?", row[-1]) or "not installed" in row, row
    assert len(tables) == 6


def test_a_quick_run_says_where_it_ran_and_checks_no_claim(quick):
    out, _ = quick
    assert re.search(r"Measured on \d+ CPUs \(.+\), Python 3\.\d+\.\d+, linfit .+, keras .+, numpy .+\.\n", out)
    assert out.endswith("Claims are about larger sizes than these, and not checked.")


def test_the_picture_is_a_png(quick):
    assert quick[1].read_bytes().startswith(b"\x89PNG")


def test_the_picture_has_a_labelled_bar_for_each_and_linfits_in_colour():
    (axes,) = benchmark_picture.steps_figure(benchmark_lesson.bars(LESSON, benchmark_lesson.Size())).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == benchmark_lesson.KERAS_LOGGED
    assert names[-1] == benchmark_lesson.BARE
    said = [text.get_text() for text in axes.texts]
    assert said == ["50 ms", "40 ms", "2 ms", "10 µs", "0.51 µs", "0.12 µs", "0.091 µs", "0.1 µs"]
    coloured = {name for name, bar in zip(names, axes.patches, strict=True) if bar.get_facecolor()[0] > 0.75}
    assert coloured == {benchmark_lesson.NOTHING, benchmark_lesson.RECORDED, benchmark_lesson.LOGGED}


@pytest.mark.parametrize(("seconds", "said"), [(2.0, "2 s"), (0.1, "0.1 s"), (0.0996, "0.1 s"), (1e-3, "1 ms")])
def test_a_time_is_said_in_its_unit(seconds, said):
    assert benchmark_picture.spoken(seconds) in (said, said.replace("0.1 s", "100 ms"))


def test_all_peers_make_the_lessons_fit(tmp_path):
    peers = benchmark_lesson.peers(tmp_path / "logs")
    held_out = {benchmark_lesson.KERAS_VALIDATED, benchmark_lesson.VALIDATED}
    kept = {}
    for name, peer in peers.items():
        peer.start()
        peer.run(6)
        kept[name] = np.concatenate([np.ravel(part) for part in peer.point()])
    for name in kept.keys() - held_out:
        np.testing.assert_allclose(kept[name], kept[benchmark_lesson.NUMPY], rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(*(kept[name] for name in held_out), rtol=1e-5)
    assert not np.allclose(kept[benchmark_lesson.KERAS_VALIDATED], kept[benchmark_lesson.NUMPY], rtol=1e-4)


def test_fits_to_the_optimum_say_how_they_got_there():
    results, settings = benchmark_batches.to_the_optimum(benchmark_batches.QUICK, benchmark_batches.STANDARDIZED)
    assert min(results.values()) > 0
    assert re.fullmatch(r'learning_rate="auto", \d full-batch steps', settings["linfit", "float32"])
    rate, epochs = re.fullmatch(r".*eta0=(0.\d+), epochs: (\d+)", settings["SGDRegressor", "float64"]).groups()
    x, y = benchmark_rows.rows_of(benchmark_batches.QUICK.rows, "float64")
    optimum = linfit.least_squares(x, y)
    peer = benchmark_peers.SgdFit(x, y, eta0=float(rate))
    peer.run(int(epochs))
    least = benchmark_batches.mean_square(x, y, optimum.w, optimum.b)
    assert least < benchmark_batches.mean_square(x, y, *peer.point()) <= 1.001 * least


def test_a_fresh_process_answers():
    answer = benchmark_processes.ask("import_time", "wave")
    assert answer["seconds"] > 0
    assert {answer[name] for name in benchmark_child.HEAVY} == {0}


def test_of_several_turns_the_fastest_counts():
    times = {"a": iter([3.0, 1.0, 2.0]), "b": iter([4.0, 6.0, 5.0])}
    assert fastest({name: each.__next__ for name, each in times.items()}, turns=3) == {"a": 1.0, "b": 4.0}


@pytest.mark.parametrize(
    ("value", "said"), [(123456.7, "123,457"), (100, "100"), (12.345, "12.3"), (0.01234, "0.0123"), (2, "2")]
)
def test_numbers_have_three_digits(value, said):
    assert number(value) == said


def test_a_claim_is_a_sentence_with_both_figures():
    assert str(at_least("Faster", 12.34, 50)) == "Faster: 12.3 measured, at least 50 claimed."
    assert str(at_most("Slower", 1.3, 1.2)) == "Slower: 1.3 measured, at most 1.2 claimed."


@pytest.mark.parametrize(("measured", "low", "high"), [(1, False, True), (2, True, True), (3, True, False)])
def test_a_claim_holds_up_to_its_bound(measured, low, high):
    assert at_least("", measured, 2).holds is low
    assert at_most("", measured, 2).holds is high
    assert not at_most("", float("nan"), 2).holds


def test_results_that_bear_the_claims_out_break_none():
    slopes = {1_000_000: 1e-6, 2_000_000: 1.04e-6}
    assert broken(benchmark_lesson.claims(LESSON, benchmark_lesson.Size())) == []
    assert broken(benchmark_rows.claims(ROWS, slopes, benchmark_rows.Size())) == []
    assert broken(benchmark_batches.claims(EPOCH, {"uniform 0 to 3": EPOCH})) == []
    assert broken(benchmark_processes.claims(PROCESSES, benchmark_processes.Size())) == []
    assert broken(benchmark_reduction.claims(10, 0.1, SOLVED)) == []
    assert broken(benchmark_streams.claims(STREAMS, benchmark_streams.Size())) == []


@pytest.mark.parametrize(
    ("changed", "seconds", "said"),
    [
        ((benchmark_lesson.LOGGED, 2_000), 0.03, "2,000 steps recorded and logged, times faster"),
        ((benchmark_lesson.LOGGED, 20_000), 0.2, "20,000 steps recorded and logged, times faster"),
        ((benchmark_lesson.LOGGED, 2_000_000), 1.3, "linfit, recorded and logged, 2,000,000 steps, × the bare"),
        ((benchmark_lesson.RECORDED, 2_000_000), 0.8, "linfit, recorded, 2,000,000 steps, × the bare XLA loop"),
        ((benchmark_lesson.NOTHING, 2_000_000), 0.3, "linfit, 2,000,000 steps, × the bare XLA loop"),
        ((benchmark_lesson.EVERY_100TH, 2_000_000), 8.1, "2,000,000 steps, every 100th logged, × the time of 200 epo"),
        ((benchmark_lesson.STOPPING, 2_000), 2.2, "linfit, EarlyStopping, times faster per epoch"),
        ((benchmark_lesson.VALIDATED, 2_000), 4.3, "linfit, validation_split, times faster per epoch"),
    ],
)
def test_a_broken_claim_on_the_lesson_is_said(changed, seconds, said):
    (sentence,) = broken(benchmark_lesson.claims(LESSON | {changed: seconds}, benchmark_lesson.Size()))
    assert sentence.startswith(said)


def test_broken_claims_on_many_rows_are_said():
    size = benchmark_rows.Size()
    slow = ROWS | {(benchmark_rows.LINFIT, "float64"): 4.0}
    said = broken(benchmark_rows.claims(slow, {1_000_000: 1.0, 2_000_000: 1.06}, size))
    assert said == [
        "1,000,000 rows × 10 features, float64, 10,000 steps, times faster than NumPy's loop: 50 measured, "
        "at least 100 claimed.",
        "1,000,000 rows × 10 features or twice as many, change of the cost of a step in %: 6 measured, "
        "at most 5 claimed.",
    ]


def test_broken_claims_on_mini_batches_are_said():
    slow = EPOCH | {("linfit", "float32"): 0.2, ("linfit", "float64"): 0.15}
    assert broken(benchmark_batches.claims(slow, {"uniform 0 to 3": EPOCH})) == [
        "An epoch in batches of 32, times faster than stock Keras: 13.3 measured, at least 20 claimed.",
        "An epoch, times as fast as SGDRegressor's: 0.133 measured, at least 0.67 claimed.",
    ]
    assert broken(benchmark_batches.claims(EPOCH, {"uniform 0 to 3": slow})) == [
        "To the optimum's loss within 0.1 %, features uniform 0 to 3, times faster than SGDRegressor: 0.133 measured, "
        "at least 2 claimed."
    ]


def test_broken_claims_on_processes_are_said():
    bad = benchmark_processes.Results(
        first_fit={"linfit": 9.0, "keras": 8.0},
        imports={"linfit": 3.3, "keras": 3.0},
        memory={"rows, full batch": MEMORY | {"peak": 1200e6}},
        heavy=["pandas"],
    )
    assert broken(benchmark_processes.claims(bad, benchmark_processes.Size())) == [
        "The first fit of a process, 200 steps, times faster than stock Keras's: 0.889 measured, at least 1 claimed.",
        "Peak memory of rows, full batch, beyond Keras imported, × the rows: 1.5 measured, at most 1.25 claimed.",
        "Time to import linfit, × that of Keras: 1.1 measured, at most 1.08 claimed.",
        "Heavy modules that importing linfit.callbacks adds to Keras's (pandas): 1 measured, at most 0 claimed.",
    ]


@pytest.mark.parametrize(
    ("name", "wall", "said"),
    [
        (benchmark_streams.LINFIT, 1.6, "Condensing a Parquet file of 20,000,000 rows × 10, × pyarrow's reading and"),
        (benchmark_streams.CSV_LINFIT, 1.6, "Condensing a CSV file, × pyarrow's own reading: 1.6 measured, at most"),
        (benchmark_streams.TWO, 3.0, "Two processes on two cores, times as fast as one on one core: 1 measured"),
        (benchmark_streams.LINEAR, 1.9, "times faster than LinearRegression: 0.95 measured, at least 1 claimed."),
        (benchmark_streams.SGD, 1.9, "times faster than SGDRegressor.partial_fit: 0.95 measured, at least 1 claimed."),
    ],
)
def test_a_broken_claim_on_streams_is_said(name, wall, said):
    slow = STREAMS._replace(times=STREAMS.times | {name: benchmark_streams.Time(wall, wall)})
    (sentence,) = broken(benchmark_streams.claims(slow, benchmark_streams.Size()))
    assert said in sentence


def test_memory_that_grows_and_an_answer_that_is_off_are_said():
    bad = STREAMS._replace(memory={20_000_000: 400e6}, off=STREAMS.off | {benchmark_streams.JOB: 0.5})
    assert broken(benchmark_streams.claims(bad, benchmark_streams.Size())) == [
        "Stream, optimum and 10,000 steps recorded and logged, standard errors off the optimum: 0.5 measured, "
        "at most 0.1 claimed.",
        "Condensing 20,000,000 rows × 10, MB beyond imports: 400 measured, at most 300 claimed.",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seconds": 0.6}, "× the time of xᵀx: 6 measured, at most 5 claimed."),
        ({"digits": 12.0}, "digits more than numpy lstsq: -1.5 measured, at least -1 claimed."),
        ({"memory": 6 * BLOCK}, "memory in blocks of 4,096 rows: 6 measured, at most 5 claimed."),
    ],
)
def test_a_broken_claim_on_condensing_is_said(change, said):
    ours = SOLVED[benchmark_reduction.LINFIT]._replace(**change)
    failures = broken(benchmark_reduction.claims(10, 0.1, SOLVED | {benchmark_reduction.LINFIT: ours}))
    assert failures[0] == f"Condensing rows with 10 features, {said}"


def test_the_rows_to_condense_have_the_optimum_that_digits_are_counted_from():
    x, y, w = benchmark_reduction.hard_rows(3000, 4)
    design = np.column_stack([np.ones(3000), x - 1e6])
    np.testing.assert_allclose(np.linalg.lstsq(design, y)[0][1:], w, rtol=1e-12)
    assert np.std(y - x @ w) > 5e3
    assert np.all(x.mean(axis=0) > 50 * x.std(axis=0))
    assert np.corrcoef(x.T)[0, 1] > 0.3


def test_condensing_keeps_digits_that_others_lose():
    product, results = benchmark_reduction.measure(5000, 3, turns=1)
    assert product > 0
    for result in results.values():
        assert result.seconds > 0
        assert result.memory > 0
    assert 11 < results[benchmark_reduction.LINFIT].digits <= 16
    assert results[benchmark_reduction.LINFIT].digits > results[benchmark_reduction.GRAM].digits


@pytest.mark.parametrize(("measured", "code", "end"), [(60.0, 0, "All claims hold."), (40.0, 1, "Broken: Speed: 40 ")])
def test_a_broken_claim_ends_with_1(monkeypatch, capsys, measured, code, end):
    claim = Claim("Speed", measured, 50, at_least=True)
    monkeypatch.setattr(benchmark_rows, "section", lambda quick: Section("Rows", [["what"], ["a"]], [claim]))
    assert benchmark.main(["--only", "rows"]) == code
    out = capsys.readouterr().out
    assert "| Speed | at least 50 |" in out
    assert out.splitlines()[-1].startswith(end)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "nothing"], "invalid choice: 'nothing'"),
        (["--only", "rows", "--picture", "steps.png"], "--picture shows the section lesson. Name it in --only, too."),
        (["--picture", "nowhere/steps.png"], "there is no folder"),
        (["--rows", "5"], "unrecognized arguments: --rows 5"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_line(options, said, capsys):
    assert benchmark.main(options) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("benchmark.py: error: ")
    assert said in line
