"""Reading files of any size one block of rows at a time: each row once, in order and in little memory."""

import os
import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linfit

ROWS, GROUPS = 50_000, 7
NAMES = ["area", "age", "rooms"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=NAMES).assign(note="not a feature")
    frame["city"] = rng.choice(["Oslo", "Paris", "Rome"], ROWS)
    frame["rent"] = frame[NAMES] @ [1.0, -2.0, 0.5] + (frame.city == "Rome") + rng.normal(size=ROWS)
    return frame


@pytest.fixture(scope="module")
def files(data, tmp_path_factory):
    """Write the data as three Parquet files with several row groups, and as three CSV files, one of them gzip."""
    folder = tmp_path_factory.mktemp("data")
    for number, (begin, end) in enumerate([(0, 1000), (1000, 35_000), (35_000, ROWS)]):
        part = data[begin:end]
        pq.write_table(pa.Table.from_pandas(part), folder / f"{number}.parquet", row_group_size=ROWS // GROUPS)
        part.to_csv(folder / (f"{number}.csv.gz" if number == 1 else f"{number}.csv"), index=False)
    return folder


def joined(batches):
    x, y = zip(*batches, strict=True)
    return np.vstack(x), np.vstack(y)


@pytest.mark.parametrize("kind", ["parquet", "csv*"])
@pytest.mark.parametrize("batch_rows", [999, 20_000, 10**6])
def test_each_row_comes_once_and_in_order_as_often_as_it_is_asked_for(files, data, kind, batch_rows):
    batches = linfit.read_batches(str(files / f"*.{kind}"), "rent", NAMES, batch_rows=batch_rows)
    for _ in range(2):
        blocks = list(batches)
        assert max(len(x) for x, _ in blocks) <= batch_rows or kind == "csv*"
        x, y = joined(blocks)
        np.testing.assert_array_equal(x, data[NAMES])
        np.testing.assert_array_equal(y, data[["rent"]])
    assert (batches.feature_names, batches.target_name) == (tuple(NAMES), "rent")
    assert batches.rows == (ROWS if kind == "parquet" else None)


@pytest.mark.parametrize("kind", ["parquet", "csv*"])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 100])
def test_parts_share_out_the_rows_and_are_read_by_others(files, data, kind, count):
    batches = linfit.read_batches(str(files / f"*.{kind}"), "rent", ["city", *NAMES], categorical=["city"])
    parts = pickle.loads(pickle.dumps(batches.parts(count)))
    assert 1 <= len(parts) <= count
    assert len(parts) == min(count, 3 if kind == "csv*" else 9)
    with ThreadPoolExecutor(2) as pool:
        x, _ = zip(*pool.map(joined, parts), strict=True)
    np.testing.assert_array_equal(np.vstack(x)[:, 2:], data[NAMES])
    np.testing.assert_array_equal(np.vstack(x)[:, 1], data.city == "Rome")
    if kind == "parquet" and count <= 5:
        assert max(map(len, x)) < ROWS / count + ROWS / GROUPS
        assert [part.rows for part in parts] == list(map(len, x))


def test_statistics_of_a_stream_are_those_of_the_table(files, data):
    options = {"target": "rent", "features": ["area", "city"], "categorical": {"city": ["Rome", "Paris", "Oslo"]}}
    statistics = linfit.SufficientStatistics.from_batches(linfit.read_batches(str(files / "*.parquet"), **options))
    optimum = linfit.least_squares(linfit.read_table(str(files / "*.parquet"), **options))
    np.testing.assert_allclose(statistics.least_squares().w, optimum.w, rtol=1e-11)
    model = linfit.LinearRegression(dtype="float64")
    model.compile(learning_rate=0.1)
    model.fit(statistics, verbose=0)
    expected = model.predict(linfit.read_table(data[:9], **options), verbose=0)
    np.testing.assert_allclose(model.predict(data[:9][["city", "area"]], verbose=0), expected, rtol=1e-13)

    batches = linfit.read_batches(str(files / "*.parquet"), **options)
    dataset_model = linfit.LinearRegression(dtype="float64", feature_names=batches.feature_names)
    dataset_model.compile(learning_rate=0.1)
    dataset_model.fit(batches.dataset(100), verbose=0)
    dataset_model.categories = batches.categories
    expected = dataset_model.predict(linfit.read_table(data[:9], **options), verbose=0)
    np.testing.assert_allclose(dataset_model.predict(data[:9][["city", "area"]], verbose=0), expected, rtol=1e-13)


def test_dropped_rows_are_counted_anew_in_each_pass(tmp_path):
    (tmp_path / "gaps.csv").write_text("a,b,y\n" + "1,2,3\n,2,3\n" * 500)
    batches = linfit.read_batches(tmp_path / "gaps.csv", "y", missing="drop")
    assert batches.dropped is None
    for _ in range(2):
        assert sum(len(x) for x, _ in batches) == batches.dropped == 500


def test_a_reader_that_gives_up_leaves_no_thread_behind(files):
    import threading

    before = set(threading.enumerate())
    for kind in ("*.parquet", "*.csv*"):
        blocks = iter(linfit.read_batches(str(files / kind), "rent", NAMES, batch_rows=500))
        next(blocks)
        blocks.close()
    assert set(threading.enumerate()) <= before


def test_one_row_group_of_any_size_is_read_in_little_memory(tmp_path):
    rows = 400_000
    column = np.random.default_rng(7).normal(size=rows)
    pq.write_table(pa.table({f"x{i}": column for i in range(10)}), tmp_path / "one.parquet", row_group_size=rows)
    pool, before = pa.system_memory_pool(), pa.default_memory_pool()
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        assert sum(len(x) for x, _ in linfit.read_batches(tmp_path / "one.parquet", "x0", batch_rows=2**13)) == rows
        python_memory = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(before)
    assert os.path.getsize(tmp_path / "one.parquet") > 25e6
    assert pool.max_memory() + python_memory < 20e6


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_dataset_gives_mini_batches_of_one_size_in_each_epoch_anew(files, data, dtype):
    batches = linfit.read_batches(str(files / "*.parquet"), "rent", NAMES, batch_rows=3000)
    dataset = batches.dataset(700, dtype=dtype)
    assert dataset.cardinality().numpy() == 72
    for _ in range(2):
        blocks = [(x.numpy(), y.numpy()) for x, y in dataset]
        assert {len(x) for x, _ in blocks[:-1]} == {700}
        x, y = joined(blocks)
        np.testing.assert_array_equal(x, data[NAMES].astype(dtype))
        np.testing.assert_array_equal(y, data[["rent"]].astype(dtype))


def test_a_model_trains_on_a_dataset_as_on_the_rows_in_memory(files, data):
    batches = linfit.read_batches(str(files / "*.csv*"), "rent", NAMES)
    models = [linfit.LinearRegression(dtype="float64") for _ in range(2)]
    for model in models:
        model.compile(learning_rate=0.1, loss="mae")
    streamed = models[0].fit(batches.dataset(10_000), epochs=2, verbose=0)
    in_memory = models[1].fit(data[NAMES], data.rent, batch_size=10_000, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(models[0].w.numpy(), models[1].w.numpy(), rtol=1e-12)
    np.testing.assert_allclose(streamed.history["loss"], in_memory.history["loss"], rtol=1e-12)


def test_batches_themselves_are_no_rows(files):
    batches = linfit.read_batches(str(files / "0.csv"), "rent", NAMES)
    model = linfit.LinearRegression()
    model.compile(learning_rate=0.1)
    for call in (model.fit, model.evaluate, model.predict, linfit.least_squares):
        with pytest.raises(
            linfit.InputError,
            match=r"got the batches of read_batches. Try batches.dataset\(32\), or, .*from_batches\(batches\)\.",
        ):
            call(batches)
