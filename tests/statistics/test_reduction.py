"""Streams of batches, and parts read by workers, give the same statistics as all rows in memory."""

import multiprocessing.pool
import pickle
import re
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nist_problems import built_in
from pseudo_terminal import shown_in_a_terminal
from statistics_checks import assert_same, count_reductions, data, draw, refusal

import linfit
from linfit import InputError, SufficientStatistics
from linfit.statistics.reduction import Reduction

MANY = 60_000  # enough rows to be added without collecting more


def cut(size, *columns):
    """Cut these columns into batches of `size` rows."""
    return [tuple(part[i : i + size] for part in columns) for i in range(0, len(columns[0]), size)]


def column_wise(*columns):
    """Return the values in column-major arrays, as columnar files give them."""
    return [np.asfortranarray(part) for part in columns]


@pytest.fixture
def separate_parts(monkeypatch):
    """The row counts of the parts that were reduced separately instead of in the common basis."""
    return count_reductions(monkeypatch)


@pytest.mark.parametrize("size", [1000, 50_000, 59_999, MANY])
@pytest.mark.parametrize("case", ["plain", "no bias", "targets", "scaled, weights, targets", "far"])
def test_batches_of_any_size_are_condensed_as_their_rows(case, size):
    x, y, weight, use_bias = data(case, MANY)
    columns = column_wise(x, y) if weight is None else [x, y, weight]
    expected = SufficientStatistics.from_rows(x, y, weight, use_bias)
    assert_same(SufficientStatistics.from_batches(cut(size, *columns), use_bias), expected, rtol=1e-11)


def test_one_row_at_a_time_is_as_good():
    x, y = draw(500)
    assert_same(SufficientStatistics.from_batches(cut(1, x, y)), SufficientStatistics.from_rows(x, y))


def test_rows_like_the_first_are_added_up_in_one_basis(separate_parts):
    x, y = draw(3 * MANY)
    statistics = SufficientStatistics.from_batches(cut(MANY, x, y))
    assert separate_parts == [MANY]
    assert_same(statistics, SufficientStatistics.from_rows(x, y), rtol=1e-12)


@pytest.mark.parametrize("size", [3000, 70_000])
def test_a_stream_that_changes_on_the_way_loses_nothing(size, separate_parts):
    """Rows sorted by year, with a column that is constant at first and one that becomes a million times larger."""
    x, y = draw(4 * MANY, features=4)
    late = np.arange(len(x)) > 2 * MANY
    x[:, 0] = np.sort(x[:, 0]) + 2000.0
    x[~late, 1] = 7.3
    x[late, 2] *= 1e6
    y = x @ [[1.0], [2.0], [-3.0], [0.5]] + y
    statistics = SufficientStatistics.from_batches(cut(size, *column_wise(x, y)))
    columns = np.column_stack([x, y])
    mean = columns.mean(axis=0, dtype="longdouble").astype("float64")
    expected = np.linalg.qr(columns - mean, mode="r")
    r = statistics.deviations
    r, expected = (each * np.sign(np.diag(each))[:, np.newaxis] for each in (r, expected))
    error = np.linalg.norm(r - expected, axis=0) / np.linalg.norm(expected, axis=0)
    assert np.all(error < 1e-11)
    np.testing.assert_allclose(statistics.mean, mean, rtol=1e-12)
    assert statistics.rows == len(x)
    assert sum(separate_parts[1:]) < 2.5 * MANY  # the new basis fits the rows that follow


def test_columns_that_depend_on_each_other_until_late_are_told_apart():
    x, y = draw(3 * MANY, features=2)
    x = np.column_stack([x, x[:, 0] + x[:, 1]])
    x[-10:, 2] += np.arange(10.0)
    statistics = SufficientStatistics.from_batches(cut(MANY, x, y))
    assert len(statistics.independent_columns()[0]) == 3
    expected = SufficientStatistics.from_rows(x, y).least_squares()
    np.testing.assert_allclose(statistics.least_squares().w, expected.w, rtol=1e-6)
    with pytest.warns(UserWarning, match="depend linearly"):
        SufficientStatistics.from_batches(cut(MANY, x[:-10], y[:-10])).least_squares()


@pytest.mark.parametrize(("name", "digits"), [("Longley", 12), ("Norris", 12), ("Wampler5", 5)])
def test_certified_coefficients_come_out_of_a_long_stream(name, digits):
    """Repeating the rows of a certified problem does not change its coefficients."""
    (problem,) = (problem for problem in built_in() if problem.name == name)
    times = 3 * MANY // len(problem.x)
    order = np.random.default_rng(3).permutation(times * len(problem.x)) % len(problem.x)
    x, y = np.asfortranarray(problem.x[order]), problem.y[order]
    optimum = SufficientStatistics.from_batches(cut(MANY, x, y)).least_squares()
    found = np.append(optimum.b, optimum.w)
    np.testing.assert_allclose(found, problem.estimates, rtol=10**-digits, atol=0)


def test_weights_may_come_late_and_float32_counts_as_what_it_is():
    x, y = draw(3 * MANY)
    weight = np.ones(len(x))
    weight[2 * MANY :] = np.linspace(0.0, 2.0, MANY)
    parts = [slice(0, MANY), slice(MANY, 2 * MANY), slice(2 * MANY, None)]
    batches = [(x[p], y[p]) if p.stop else (x[p], y[p], weight[p]) for p in parts]
    statistics = SufficientStatistics.from_batches(batches)
    assert_same(statistics, SufficientStatistics.from_rows(x, y, weight), rtol=1e-12)
    assert statistics.eps == np.finfo("float64").eps
    batches[1] = (x[:MANY].astype("float32"), y[:MANY])
    assert SufficientStatistics.from_batches(batches).eps == np.finfo("float32").eps


@pytest.mark.parametrize("size", [100, MANY])
def test_a_stream_may_fill_the_same_arrays_anew(size):
    x, y = draw(3 * MANY if size == MANY else 1000)
    arrays = np.empty((size, 3)), np.empty((size, 1))

    def batches():
        for part in cut(size, x, y):
            arrays[0][:], arrays[1][:] = part
            yield arrays

    assert_same(SufficientStatistics.from_batches(batches()), SufficientStatistics.from_rows(x, y))


def test_in_memory_are_a_batch_and_a_few_blocks():
    x, y = column_wise(*draw(MANY, features=10))
    tracemalloc.start()
    try:
        statistics = SufficientStatistics.from_batches((x, y) for _ in range(20))
        assert statistics.rows == 20 * MANY
        assert tracemalloc.get_traced_memory()[1] < 0.4 * x.nbytes
    finally:
        tracemalloc.stop()


class Named:
    """Batches with the attributes of `read_batches` that a reduction uses."""

    def __init__(self, batches, names, rows=None):
        self.batches, self.feature_names, self.rows = batches, names, rows

    def __iter__(self):
        return iter(self.batches)


def test_features_have_the_names_that_the_stream_has():
    x, y = draw(MANY)
    named = Named(cut(20_000, x, y), ("area", "rooms", "age"))
    assert SufficientStatistics.from_batches(named).feature_names == ("area", "rooms", "age")
    message = r"batch 0 .* agree in feature_names to be added, got \('area', 'rooms', 'age'\) and \('a',"
    with pytest.raises(InputError, match=message):
        SufficientStatistics.from_batches(Named([(pd.DataFrame(x, columns=list("abc")), y)], ("area", "rooms", "age")))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(("number", "name"), [(0, "x"), (2, "x"), (1, "y")])
def test_a_bad_value_in_a_large_batch_is_found_and_named(number, name, bad, order):
    x, y = (np.array(part, order=order) for part in draw(3 * MANY))
    column = {"x": 2, "y": 0}[name]
    {"x": x, "y": y}[name][number * MANY + 41_000, column] = bad
    assert refusal(lambda: SufficientStatistics.from_batches(cut(MANY, x, y))) == (
        f"batch {number} (counted from 0): {name} must hold finite numbers of type float64, got {bad} "
        f"in column {column}, row 41000 (counted from 0) (1 such value in all). Fill those values or remove their rows."
    )


def test_values_whose_squares_overflow_are_no_mistake():
    x, y = draw(3 * MANY)
    x[-MANY:] *= 1e152
    statistics = SufficientStatistics.from_batches(cut(MANY, x, y))
    np.testing.assert_allclose(statistics.mean, np.column_stack([x, y]).mean(axis=0), rtol=1e-10)


@pytest.mark.parametrize("size", [100, MANY])
def test_another_number_of_columns_is_named(size):
    x, y = draw(size)
    message = "batch 1 (counted from 0): statistics must agree in targets to be added, got 1 and 2."
    batches = [(x, y), (x, np.hstack([y, y]))]
    assert refusal(lambda: SufficientStatistics.from_batches(batches)) == message


def test_statistics_may_be_taken_at_any_time():
    x, y = draw(3 * MANY)
    reduction = Reduction()
    for end, batch in enumerate(cut(MANY // 2, x, y), 1):
        reduction.add(*batch)
        rows = end * MANY // 2
        statistics = SufficientStatistics.from_r_factor(reduction.statistics())
        assert_same(statistics, SufficientStatistics.from_rows(x[:rows], y[:rows]), rtol=1e-12)


def seeds_rows(seed):
    """Return the batches of one part."""
    return cut(300, *draw(1000 + seed, seed=seed))


def all_seeds(*seeds):
    x, y = zip(*(draw(1000 + seed, seed=seed) for seed in seeds), strict=True)
    return SufficientStatistics.from_rows(np.vstack(x), np.vstack(y))


@pytest.mark.parametrize("pool", [None, ThreadPoolExecutor, multiprocessing.pool.ThreadPool])
def test_parts_are_condensed_to_what_all_their_rows_are(pool):
    expected = all_seeds(*range(7))
    if pool is None:
        assert_same(SufficientStatistics.from_parts(range(7), seeds_rows), expected)
        return
    with pool(3) as executor:
        assert_same(SufficientStatistics.from_parts(range(7), seeds_rows, executor=executor), expected)


def test_parts_may_be_streams_themselves_without_a_bias():
    parts = [Named(seeds_rows(seed), ("area", "rooms", "age")) for seed in (1, 2)]
    statistics = SufficientStatistics.from_parts(parts, use_bias=False)
    assert (statistics.rows, statistics.use_bias) == (2003, False)
    assert statistics.feature_names == ("area", "rooms", "age")


class Backwards:
    """An executor that works on the last part first."""

    def map(self, function, parts):
        return reversed([function(part) for part in reversed(parts)])


def test_the_result_does_not_depend_on_who_was_first():
    one, other = (
        SufficientStatistics.from_parts(range(5), seeds_rows, executor=executor) for executor in (None, Backwards())
    )
    np.testing.assert_array_equal(one.triangle, other.triangle)
    np.testing.assert_array_equal(one.origin, other.origin)


def third_is_bad(seed):
    if seed == 3:
        raise InputError("3.csv, column 'rent', line 17: 'n/a' is not a number.")
    return seeds_rows(seed)


@pytest.mark.parametrize("threads", [0, 2])
def test_what_a_worker_finds_wrong_arrives_as_it_was(threads):
    message = "3.csv, column 'rent', line 17: 'n/a' is not a number."
    with ThreadPoolExecutor(2) as pool:
        executor = pool if threads else None
        assert refusal(lambda: SufficientStatistics.from_parts(range(6), third_is_bad, executor=executor)) == message


def test_a_part_without_a_row_adds_nothing_and_its_dropped_rows_are_known(tmp_path):
    x, y = draw(40, features=1)
    cells = x[:, 0].copy()
    cells[:10] = np.nan
    cells[25] = np.nan
    pq.write_table(pa.table({"area": cells, "rent": y[:, 0]}), tmp_path / "a.parquet", row_group_size=10)
    kept = ~np.isnan(cells)
    for executor in (None, ThreadPoolExecutor(2)):
        parts = linfit.read_batches(tmp_path / "a.parquet", "rent", missing="drop").parts(4)
        parts = pickle.loads(pickle.dumps(parts))
        statistics = SufficientStatistics.from_parts(parts, executor=executor and Elsewhere(executor))
        assert statistics.rows == 29
        np.testing.assert_allclose(statistics.mean, [cells[kept].mean(), y[kept].mean()], rtol=1e-13)
        assert [part.dropped for part in parts] == [10, 0, 1, 0]
    (tmp_path / "b.csv").write_text("area,rent\n")
    (tmp_path / "c.csv").write_text("area,rent\n1,2\n3,5\n")
    parts = linfit.read_batches(tmp_path / "*.csv", "rent").parts(2)
    assert SufficientStatistics.from_parts(parts).rows == 2
    assert refusal(lambda: SufficientStatistics.from_parts(parts[:1])) == (
        "at least one part must have a row with a weight above 0, got none. "
        f"The first part: {tmp_path / 'b.csv'} has a header but no rows."
    )


class Elsewhere:
    """A pool whose workers get copies of the parts, like other processes."""

    def __init__(self, pool):
        self.pool = pool

    def map(self, function, parts):
        return self.pool.map(function, [pickle.loads(pickle.dumps(part)) for part in parts])


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("size", [10, 10_000])
def test_a_batch_may_weigh_nothing_and_all_batches_may_not(size, use_bias):
    """The first and fourth of six batches have weight 0, as batches and as parts."""
    x, y = draw(6 * size)
    weight = np.repeat([0.0, 2.0, 1.0, 0.0, 0.5, 0.0], size)
    weight[-1] = 0.25
    expected = SufficientStatistics.from_rows(x, y, weight, use_bias)
    batches = cut(size, x, y, weight)
    assert_same(SufficientStatistics.from_batches(batches, use_bias), expected)
    parts = SufficientStatistics.from_parts([[batch] for batch in batches], use_bias=use_bias)
    assert_same(parts, expected)
    assert parts.rows == 6 * size
    np.testing.assert_allclose(parts.least_squares().loss, expected.least_squares().loss, rtol=1e-12)
    message = f"sample_weight must be above 0 in at least one row, got 0 in all {2 * size:,} rows."
    weightless = [batches[0], batches[3]]
    assert refusal(lambda: SufficientStatistics.from_batches(weightless, use_bias)) == message
    assert refusal(lambda: SufficientStatistics.from_parts([weightless], use_bias=use_bias)).endswith(message)
    batches[3][0][-1, 0] = np.nan
    assert "batch 3 (counted from 0): x must hold finite" in refusal(lambda: SufficientStatistics.from_batches(batches))


@pytest.mark.parametrize("sizes", [(10, 10), (10, MANY), (MANY, MANY)])
def test_the_coarsest_floats_of_a_stream_are_those_that_count(sizes):
    batches = [draw(size, seed=size) for size in sizes]
    mixed = [(batches[0][0].astype("float32"), batches[0][1]), batches[1]]
    for order in (mixed, mixed[::-1]):
        assert SufficientStatistics.from_batches(order).eps == np.finfo("float32").eps
    assert SufficientStatistics.from_batches(batches).eps == np.finfo("float64").eps


def test_no_parts_and_no_pool_are_refused():
    message = "parts must include at least one part with a row, got no parts."
    assert refusal(lambda: SufficientStatistics.from_parts([])) == message
    assert refusal(lambda: SufficientStatistics.from_parts([1], seeds_rows, executor=4)) == (
        "executor must have a map method, such as a concurrent.futures pool or a dask.distributed.Client, got 4."
    )
    for verbose in (2, "loud", None):
        with pytest.raises(InputError, match="verbose must be 'auto', 0 or 1, got"):
            SufficientStatistics.from_batches([([1.0], [2.0])], verbose=verbose)


def test_a_pass_says_nothing_in_a_file(capsys):
    SufficientStatistics.from_parts(range(3), seeds_rows)
    SufficientStatistics.from_batches(seeds_rows(1))
    assert capsys.readouterr() == ("", "")


BARS = """
from time import sleep
import numpy as np
from linfit import SufficientStatistics
class Batches:
    rows = 40_000
    def __iter__(self):
        for _ in range(4):
            sleep(0.21)
            yield np.ones((10_000, 1)), np.ones(10_000)
SufficientStatistics.from_batches(Batches())
SufficientStatistics.from_batches(iter(Batches()))
SufficientStatistics.from_parts([Batches(), Batches()])
SufficientStatistics.from_parts([Batches(), Batches()], verbose=0)
"""


def test_a_terminal_sees_rows_per_second_and_the_time_left():
    shown = shown_in_a_terminal(BARS)
    for pattern in (
        r"20,000/40,000 rows +[\d,]+ rows/s",
        r"40,000/40,000 rows +[\d,]+ rows/s",
        r" 30,000 rows +[\d,]+ rows/s",
        r"1/2 parts +[\d,]+ rows/s",
    ):
        assert re.search(pattern, shown), (pattern, shown)
    assert "3/2" not in shown
