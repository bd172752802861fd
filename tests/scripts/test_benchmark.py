"""scripts/benchmark.py in tiny sizes: its measurements, and that it notices a broken claim."""

import re

import benchmark
import numpy as np
import pytest
from benchmarks import batches, child, lesson, peers, picture, processes, reduction, rows, streams
from benchmarks.report import Claim, Section, at_least, at_most, number
from benchmarks.timing import fastest

import linfit

LESSON = {
    (lesson.KERAS_LOGGED, 200): 10.0,
    (lesson.KERAS_TENSORBOARD, 200): 9.0,
    (lesson.KERAS, 200): 8.0,
    (lesson.EAGER, 300): 0.6,
    (lesson.NUMPY, 20_000): 0.2,
    (lesson.KERAS_STOPPING, 25): 1.0,
    (lesson.STOPPING, 2_000): 0.4,
    (lesson.KERAS_VALIDATED, 25): 2.0,
    (lesson.VALIDATED, 2_000): 1.0,
    **{
        (name, steps): least + each * steps
        for name, least, each in (
            (lesson.BARE, 0.0005, 1.0e-7),
            (lesson.BARE_CONDENSED, 0.0005, 1.0e-8),
            (lesson.NOTHING, 0.003, 0.9e-7),
            (lesson.RECORDED, 0.003, 1.2e-7),
            (lesson.LOGGED, 0.010, 5.0e-7),
            (lesson.EVERY_100TH, 0.010, 1.3e-7),
        )
        for steps in lesson.Size().steps
    },
}
ROWS = {
    (name, dtype): 0.2 if name == rows.LINFIT else 200.0 for dtype in rows.TYPES for name in (rows.LINFIT, rows.NUMPY)
}
EPOCH = {
    (name, dtype): seconds
    for dtype in batches.TYPES
    for name, seconds in {"linfit": 0.01, "stock Keras": 2.0, "SGDRegressor": 0.02}.items()
}
MEMORY = {"array": 400e6, "keras": 600e6, "made": 1000e6, "peak": 1050e6}
PROCESSES = processes.Results(
    first_fit={"linfit": 1.0, "keras": 8.0},
    imports={"linfit": 3.0, "keras": 3.0},
    memory={"rows, full batch": MEMORY},
    heavy=[],
)
BLOCK = 4096 * (10 + 2) * 8
Result = reduction.Result
SOLVED = {
    reduction.LINFIT: Result(seconds=0.4, digits=13.0, memory=3 * BLOCK),
    reduction.LSTSQ: Result(seconds=0.9, digits=13.5, memory=90 * BLOCK),
    reduction.SKLEARN: Result(seconds=0.8, digits=13.5, memory=90 * BLOCK),
    reduction.GRAM: Result(seconds=0.1, digits=8.0, memory=90 * BLOCK),
}

STREAMS = streams.Results(
    times={
        name: streams.Time(wall, 2 * wall)
        for name, wall in {
            streams.PYARROW: 1.0,
            streams.LINFIT: 1.4,
            streams.CSV_PYARROW: 1.0,
            streams.CSV_LINFIT: 1.1,
            streams.ONE: 3.0,
            streams.TWO: 1.8,
            streams.JOB: 2.0,
            streams.LINEAR: 9.0,
            streams.SGD: 5.0,
        }.items()
    },
    off={streams.JOB: 1e-6, streams.LINEAR: 1e-9, streams.SGD: 80.0},
    memory={2_000_000: 130e6, 20_000_000: 131e6},
)


def broken(claims):
    return [str(claim) for claim in claims if not claim.holds]


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The printed text of a quick run, and its picture."""
    file = tmp_path_factory.mktemp("benchmark") / "steps.png"
    with pytest.MonkeyPatch.context() as patch:
        lines = []
        patch.setattr("builtins.print", lambda *words, **_: lines.append(" ".join(map(str, words))))
        assert benchmark.main(["--quick", "--picture", str(file)]) == 0
    return "\n".join(lines), file


def test_a_quick_run_has_every_row_and_its_numbers_parse(quick):
    out, _ = quick
    tables = [text.splitlines()[2:] for text in out.split("\n\n") if text.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for table in tables for line in table]
    what = " ; ".join(" ".join(row) for row in cells)
    contestants = [name for name, _ in LESSON] + [lesson.TORCH]
    solvers = [*reduction.SOLVERS, "first fit", "import", "float64, full batch", "float32, batches of 32"]
    ways = ["linfit, once condensed", "NumPy loop, 2 steps timed", "an epoch: SGDRegressor", "an epoch: stock Keras"]
    for features in (batches.STANDARDIZED, batches.UNIFORM):
        ways += [f"to the optimum, {features}: linfit", f"to the optimum, {features}: SGDRegressor"]
    ways += [
        streams.PYARROW,
        streams.CSV_LINFIT,
        streams.SGD,
        "peak of memory beyond imp",
    ]
    for name in (*contestants, *solvers, *ways):
        assert name in what, name
    for row in cells:
        assert re.fullmatch(r"-?[\d,.]+(e[+-]\d+)?( × the rows more)?", row[-1]) or "not installed" in row, row
    assert len(tables) == 6


def test_a_quick_run_says_where_it_ran_and_checks_no_claim(quick):
    out, _ = quick
    assert re.search(r"Measured on \d+ CPUs \(.+\), Python 3\.\d+\.\d+, linfit .+, keras .+, numpy .+\.\n", out)
    assert out.endswith("The claims are about larger sizes than these and were not checked.")


def test_the_picture_is_a_png(quick):
    assert quick[1].read_bytes().startswith(b"\x89PNG")


def test_the_picture_has_a_labelled_bar_for_each_and_linfits_in_colour():
    (axes,) = picture.steps_figure(lesson.bars(LESSON, lesson.Size())).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == lesson.KERAS_LOGGED
    assert names[-1] == lesson.BARE
    said = [text.get_text() for text in axes.texts]
    assert said == ["50 ms", "40 ms", "2 ms", "10 µs", "0.51 µs", "0.12 µs", "0.091 µs", "0.1 µs"]
    coloured = {name for name, bar in zip(names, axes.patches, strict=True) if bar.get_facecolor()[0] > 0.75}
    assert coloured == {lesson.NOTHING, lesson.RECORDED, lesson.LOGGED}


@pytest.mark.parametrize(("seconds", "said"), [(2.0, "2 s"), (0.1, "0.1 s"), (0.0996, "0.1 s"), (1e-3, "1 ms")])
def test_a_time_is_said_in_its_unit(seconds, said):
    assert picture.with_unit(seconds) in (said, said.replace("0.1 s", "100 ms"))


def test_all_peers_make_the_lessons_fit(tmp_path):
    contestants = lesson.peers(tmp_path / "logs")
    held_out = {lesson.KERAS_VALIDATED, lesson.VALIDATED}
    kept = {}
    for name, peer in contestants.items():
        peer.start()
        peer.run(6)
        kept[name] = np.concatenate([np.ravel(part) for part in peer.point()])
    for name in kept.keys() - held_out:
        np.testing.assert_allclose(kept[name], kept[lesson.NUMPY], rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(*(kept[name] for name in held_out), rtol=1e-5)
    assert not np.allclose(kept[lesson.KERAS_VALIDATED], kept[lesson.NUMPY], rtol=1e-4)


def test_fits_to_the_optimum_say_how_they_got_there():
    results, settings = batches.to_the_optimum(batches.QUICK, batches.STANDARDIZED)
    assert min(results.values()) > 0
    assert re.fullmatch(r'learning_rate="auto", \d full-batch steps', settings["linfit", "float32"])
    rate, epochs = re.fullmatch(r".*eta0=(0.\d+), epochs: (\d+)", settings["SGDRegressor", "float64"]).groups()
    x, y = rows.rows_of(batches.QUICK.rows, "float64")
    optimum = linfit.least_squares(x, y)
    peer = peers.SgdFit(x, y, eta0=float(rate))
    peer.run(int(epochs))
    least = batches.mean_square(x, y, optimum.w, optimum.b)
    assert least < batches.mean_square(x, y, *peer.point()) <= 1.001 * least


def test_a_fresh_process_answers():
    answer = processes.ask("import_time", "wave")
    assert answer["seconds"] > 0
    assert {answer[name] for name in child.HEAVY} == {0}


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
    assert broken(lesson.claims(LESSON, lesson.Size())) == []
    assert broken(rows.claims(ROWS, slopes, rows.Size())) == []
    assert broken(batches.claims(EPOCH, {"uniform 0 to 3": EPOCH})) == []
    assert broken(processes.claims(PROCESSES, processes.Size())) == []
    assert broken(reduction.claims(10, 0.1, SOLVED)) == []
    assert broken(streams.claims(STREAMS, streams.Size())) == []


@pytest.mark.parametrize(
    ("changed", "seconds", "said"),
    [
        ((lesson.LOGGED, 2_000), 0.03, "2,000 steps recorded and logged, times faster"),
        ((lesson.LOGGED, 20_000), 0.2, "20,000 steps recorded and logged, times faster"),
        ((lesson.LOGGED, 2_000_000), 1.3, "linfit, recorded and logged, 2,000,000 steps, × the bare"),
        ((lesson.RECORDED, 2_000_000), 0.8, "linfit, recorded, 2,000,000 steps, × the bare XLA loop"),
        ((lesson.NOTHING, 2_000_000), 0.3, "linfit, 2,000,000 steps, × the bare XLA loop"),
        ((lesson.EVERY_100TH, 2_000_000), 8.1, "2,000,000 steps, every 100th logged, × the time of 200 epo"),
        ((lesson.STOPPING, 2_000), 2.2, "linfit, EarlyStopping, times faster per epoch"),
        ((lesson.VALIDATED, 2_000), 4.3, "linfit, validation_split, times faster per epoch"),
    ],
)
def test_a_broken_claim_on_the_lesson_is_said(changed, seconds, said):
    (sentence,) = broken(lesson.claims(LESSON | {changed: seconds}, lesson.Size()))
    assert sentence.startswith(said)


def test_broken_claims_on_many_rows_are_said():
    size = rows.Size()
    slow = ROWS | {(rows.LINFIT, "float64"): 4.0}
    said = broken(rows.claims(slow, {1_000_000: 1.0, 2_000_000: 1.06}, size))
    assert said == [
        "1,000,000 rows × 10 features, float64, 10,000 steps, times faster than NumPy's loop: 50 measured, "
        "at least 100 claimed.",
        "1,000,000 rows × 10 features or twice as many, change of the cost of a step in %: 6 measured, "
        "at most 5 claimed.",
    ]


def test_broken_claims_on_mini_batches_are_said():
    slow = EPOCH | {("linfit", "float32"): 0.2, ("linfit", "float64"): 0.15}
    assert broken(batches.claims(slow, {"uniform 0 to 3": EPOCH})) == [
        "An epoch in batches of 32, times faster than stock Keras: 13.3 measured, at least 20 claimed.",
        "An epoch, times as fast as SGDRegressor's: 0.133 measured, at least 0.67 claimed.",
    ]
    assert broken(batches.claims(EPOCH, {"uniform 0 to 3": slow})) == [
        "To the optimum's loss within 0.1 %, features uniform 0 to 3, times faster than SGDRegressor: 0.133 measured, "
        "at least 2 claimed."
    ]


def test_broken_claims_on_processes_are_said():
    bad = processes.Results(
        first_fit={"linfit": 9.0, "keras": 8.0},
        imports={"linfit": 3.3, "keras": 3.0},
        memory={"rows, full batch": MEMORY | {"peak": 1200e6}},
        heavy=["pandas"],
    )
    assert broken(processes.claims(bad, processes.Size())) == [
        "The first fit of a process, 200 steps, times faster than stock Keras's: 0.889 measured, at least 1 claimed.",
        "Peak memory of rows, full batch, beyond Keras imported, × the rows: 1.5 measured, at most 1.25 claimed.",
        "Time to import linfit, × that of Keras: 1.1 measured, at most 1.08 claimed.",
        "Heavy modules that importing linfit.callbacks adds to Keras's (pandas): 1 measured, at most 0 claimed.",
    ]


@pytest.mark.parametrize(
    ("name", "wall", "said"),
    [
        (streams.LINFIT, 1.6, "Condensing a Parquet file of 20,000,000 rows × 10, × pyarrow's reading and"),
        (streams.CSV_LINFIT, 1.6, "Condensing a CSV file, × pyarrow's own reading: 1.6 measured, at most"),
        (streams.TWO, 3.0, "Two processes on two cores, times as fast as one on one core: 1 measured"),
        (streams.LINEAR, 1.9, "times faster than LinearRegression: 0.95 measured, at least 1 claimed."),
        (streams.SGD, 1.9, "times faster than SGDRegressor.partial_fit: 0.95 measured, at least 1 claimed."),
    ],
)
def test_a_broken_claim_on_streams_is_said(name, wall, said):
    slow = STREAMS._replace(times=STREAMS.times | {name: streams.Time(wall, wall)})
    (sentence,) = broken(streams.claims(slow, streams.Size()))
    assert said in sentence


def test_memory_that_grows_and_an_answer_that_is_off_are_said():
    bad = STREAMS._replace(memory={20_000_000: 400e6}, off=STREAMS.off | {streams.JOB: 0.5})
    assert broken(streams.claims(bad, streams.Size())) == [
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
    ours = SOLVED[reduction.LINFIT]._replace(**change)
    failures = broken(reduction.claims(10, 0.1, SOLVED | {reduction.LINFIT: ours}))
    assert failures[0] == f"Condensing rows with 10 features, {said}"


def test_the_rows_to_condense_have_the_optimum_that_digits_are_counted_from():
    x, y, w = reduction.hard_rows(3000, 4)
    design = np.column_stack([np.ones(3000), x - 1e6])
    np.testing.assert_allclose(np.linalg.lstsq(design, y)[0][1:], w, rtol=1e-12)
    assert np.std(y - x @ w) > 5e3
    assert np.all(x.mean(axis=0) > 50 * x.std(axis=0))
    assert np.corrcoef(x.T)[0, 1] > 0.3


def test_condensing_keeps_digits_that_others_lose():
    product, results = reduction.measure(5000, 3, turns=1)
    assert product > 0
    for result in results.values():
        assert result.seconds > 0
        assert result.memory > 0
    assert 11 < results[reduction.LINFIT].digits <= 16
    assert results[reduction.LINFIT].digits > results[reduction.GRAM].digits


@pytest.mark.parametrize(("measured", "code", "end"), [(60.0, 0, "All claims hold."), (40.0, 1, "Broken: Speed: 40 ")])
def test_a_broken_claim_ends_with_1(monkeypatch, capsys, measured, code, end):
    claim = Claim("Speed", measured, 50, at_least=True)
    monkeypatch.setattr(rows, "section", lambda quick: Section("Rows", [["what"], ["a"]], [claim]))
    assert benchmark.main(["--only", "rows"]) == code
    out = capsys.readouterr().out
    assert "| Speed | at least 50 |" in out
    assert out.splitlines()[-1].startswith(end)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "nothing"], "invalid choice: 'nothing'"),
        (["--only", "rows", "--picture", "steps.png"], "--picture shows the section lesson. Add it to --only."),
        (["--picture", "nowhere/steps.png"], "/nowhere does not exist. Create it."),
        (["--rows", "5"], "unrecognized arguments: --rows 5"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_line(options, said, capsys):
    assert benchmark.main(options) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("benchmark.py: error: ")
    assert said in line
