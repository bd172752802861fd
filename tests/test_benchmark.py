"""scripts/benchmark.py with few rows: what it measures, and that it notices a claim that does not hold."""

import benchmark
import numpy as np
import pytest
from benchmark import GRAM, LINFIT, LSTSQ, SKLEARN, Result

BLOCK = 4096 * (10 + 2) * 8
GOOD = {
    LINFIT: Result(seconds=0.4, digits=13.0, memory=3 * BLOCK),
    LSTSQ: Result(seconds=0.9, digits=13.5, memory=90 * BLOCK),
    SKLEARN: Result(seconds=0.8, digits=13.5, memory=90 * BLOCK),
    GRAM: Result(seconds=0.1, digits=8.0, memory=90 * BLOCK),
}


def test_a_few_rows_are_measured_by_all_solvers_and_no_claim_is_made(capsys):
    assert benchmark.main(["--rows", "5000", "--features", "2", "3", "--repeats", "1"]) == 0
    out = capsys.readouterr().out
    for rows in ("5,000 × 2", "5,000 × 3"):
        for solver in benchmark.SOLVERS:
            assert any(line.startswith(f"| {rows} ") and f" {solver} |" in line for line in out.splitlines())
    assert "The claims are about 1,000,000 rows, and not checked with 5,000." in out
    assert "numpy " + np.__version__ in out


def test_the_rows_have_the_optimum_that_digits_are_counted_from():
    x, y, w = benchmark.hard_rows(3000, 4)
    design = np.column_stack([np.ones(3000), x - 1e6])
    np.testing.assert_allclose(np.linalg.lstsq(design, y)[0][1:], w, rtol=1e-12)
    assert np.std(y - x @ w) > 5e3
    assert np.all(x.mean(axis=0) > 50 * x.std(axis=0))
    assert np.corrcoef(x.T)[0, 1] > 0.3


def test_the_results_are_times_digits_and_memory():
    product, results = benchmark.measure(5000, 3, repeats=1)
    assert product > 0
    for result in results.values():
        assert result.seconds > 0
        assert result.memory > 0
    assert 11 < results[LINFIT].digits <= 16
    assert results[LINFIT].digits > results[GRAM].digits


def test_results_that_bear_the_claims_out_break_none():
    assert benchmark.broken(10, 0.1, GOOD) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seconds": 0.6}, "takes less than 5 times xᵀx: 6.0"),
        ({"digits": 12.0}, "keeps the digits of numpy lstsq: 12.0, 13.5"),
        ({"memory": 6 * BLOCK}, "allocates less than 5 blocks: 6.0"),
    ],
)
def test_a_claim_that_does_not_hold_is_said_in_a_sentence(change, said):
    failures = benchmark.broken(10, 0.1, GOOD | {LINFIT: GOOD[LINFIT]._replace(**change)})
    assert failures[0] == f"With 10 features it is not true that linfit {said}."


def test_a_slower_fit_than_others_is_said_to_be_one():
    failures = benchmark.broken(10, 0.3, GOOD | {LINFIT: GOOD[LINFIT]._replace(seconds=1.0)})
    assert failures == [
        f"With 10 features it is not true that linfit is faster than {LSTSQ}: 1.000 s, 0.900 s.",
        f"With 10 features it is not true that linfit is faster than {SKLEARN}: 1.000 s, 0.800 s.",
    ]


def test_a_broken_claim_ends_with_1(monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "ROWS", 100)
    monkeypatch.setattr(benchmark, "measure", lambda *_: (0.05, GOOD))
    assert benchmark.main(["--rows", "100", "--features", "10"]) == 1
    assert "not true that linfit takes less than 5 times xᵀx: 8.0." in capsys.readouterr().out
    monkeypatch.setattr(benchmark, "measure", lambda *_: (0.1, GOOD))
    assert benchmark.main(["--rows", "100", "--features", "10"]) == 0
    assert "All claims hold." in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--rows", "0"], ["--rows", "5"], ["--repeats", "0"], ["--features", "0"]])
def test_sizes_that_make_no_sense_are_refused(options, capsys):
    assert benchmark.main(options) == 2
    said = "benchmark.py: error: --rows, --features and --repeats must be 1 or more, and rows more than features + 1.\n"
    assert capsys.readouterr().err == said
