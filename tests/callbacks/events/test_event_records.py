"""TensorBoard's own readers find in an event file what was written: steps, tags and float32 values."""

import math
import os
import warnings

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from linfit.callbacks.events import event_records, open_runs
from linfit.callbacks.events.event_records import as_record, last_record, scalar_records
from linfit.callbacks.events.open_runs import last_event, open_reference
from linfit.callbacks.events.reference_line import ReferenceLine

TAGS = ("w", "b", "loss", "error/truth")


def encode(steps, tags, values, wall_time=1.5e9):
    return b"".join(scalar_records(np.array(steps), tags, np.array(values).reshape(len(steps), len(tags)), wall_time))


def expected(steps, tags, values, wall_time=1.5e9):
    """Return the rows as events of the protocol-buffer library."""
    with np.errstate(over="ignore"):
        values = np.array(values, "float32").reshape(len(steps), len(tags))
    return [
        Event(
            wall_time=wall_time,
            step=step,
            summary=Summary(
                value=[
                    Summary.Value(tag=tag, simple_value=v)
                    for tag, v in zip(tags, row.tolist(), strict=True)
                    if math.isfinite(v)
                ]
            ),
        )
        for step, row in zip(steps, values, strict=True)
    ]


def read(path, records):
    """Return the events that TensorBoard reads; it verifies all checksums."""
    path.write_bytes(records)
    return list(LegacyEventFileLoader(str(path)).Load())


def assert_read_as(events, others):
    assert [event.SerializeToString() for event in events] == [event.SerializeToString() for event in others]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("records") / "events.out.tfevents.0"


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 1000, 66_000])
def test_tensorboard_reads_the_rows_that_were_written(path, rows):
    steps, values = list(range(rows)), np.random.default_rng(rows).normal(size=(rows, len(TAGS)))
    assert_read_as(read(path, encode(steps, TAGS, values)), expected(steps, TAGS, values))


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_rows_are_written_in_pieces_of_which_none_is_lost(path, more):
    size = len(encode([0], TAGS, np.zeros((1, 4))))
    rows = 2 * (event_records._CHUNK // size) + more
    steps, values = list(range(5, 5 + rows)), np.arange(rows * 4.0)
    assert_read_as(read(path, encode(steps, TAGS, values)), expected(steps, TAGS, values))


def test_steps_of_any_size_are_read(path):
    steps = [0, 1, *sorted(2**power + more for power in (7, 14, 21, 28, 31, 32, 35, 49) for more in (-1, 0)), 2**56 - 1]
    values = np.arange(len(steps))
    assert_read_as(read(path, encode(steps, ("w",), values)), expected(steps, ("w",), values))


def test_names_of_any_length_are_read(path):
    # Longer names have longer nested length fields, which take one byte up to 127.
    for length in range(70, 140):
        records = encode([3, 4], ("é" * (length // 2) + "x" * (length % 2), "b"), [[1.0, 2.0], [3.0, 4.0]])
        names = [value.tag for event in read(path, records) for value in event.summary.value]
        assert [len(name.encode()) for name in names] == [length, 1, length, 1]


@pytest.mark.parametrize("columns", [1, 85, 300])
def test_many_long_names_are_read(path, columns):
    tags = tuple(f"{'größe/' * 20}{column:0>60}" for column in range(columns))
    values = np.random.default_rng(columns).normal(size=(7, columns))
    records = encode(range(7), tags, values)
    assert len(records) / 7 > 200 * columns
    assert_read_as(read(path, records), expected(range(7), tags, values))


def test_what_is_no_finite_number_is_left_out(path):
    nan, inf = np.nan, np.inf
    values = [[1, 2, 3], [1, nan, 3], [nan, 2, nan], [nan, nan, nan], [inf, -inf, 1e-50], [1e39, -1e39, nan]]
    events = read(path, encode(range(6), TAGS[:3], values))
    assert_read_as(events, expected(range(6), TAGS[:3], values))
    assert [value.tag for value in events[1].summary.value] == [TAGS[0], TAGS[2]]
    assert [len(events[row].summary.value) for row in (3, 4, 5)] == [0, 1, 0]
    assert all(event.HasField("summary") for event in events)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_table_is_what_protocol_buffers_write(path, data):
    steps = sorted(data.draw(st.sets(st.integers(0, 2**56 - 1), max_size=5)))
    tags = tuple(data.draw(st.lists(st.text(min_size=1, max_size=30), unique=True, max_size=4)))
    floats = st.lists(st.floats(), min_size=len(tags), max_size=len(tags))
    values = np.array([data.draw(floats) for _ in steps]).reshape(len(steps), len(tags))
    wall_time = data.draw(st.floats(1, 1e10))
    records = encode(steps, tags, values, wall_time)
    assert_read_as(read(path, records), expected(steps, tags, values, wall_time))


@pytest.mark.parametrize("size", [0, 1, 127, 100_000])
def test_a_record_holds_any_data(path, size):
    data = os.urandom(size)
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(data)
    assert as_record(data) == path.read_bytes()


def test_a_changed_byte_ends_the_reading_before_its_record(path):
    records = encode(range(3), ("w", "b"), np.ones((3, 2)))
    size = len(records) // 3
    for place in range(size, 2 * size):
        changed = bytearray(records)
        changed[place] ^= 1 << place % 8
        assert [event.step for event in read(path, changed)] == [0]


def test_a_file_that_was_cut_anywhere_keeps_its_whole_records(path):
    records = encode(range(4), ("w", "b"), np.ones((4, 2)))
    size = len(records) // 4
    for end in range(len(records) + 1):
        assert [event.step for event in read(path, records[:end])] == list(range(end // size))
        last = last_record(path)
        assert last == records[:end][end // size * size - size :][12 : size - 4] if end >= size else last == b""


def test_the_last_record_is_one_whose_checksums_are_right(path):
    records = [as_record(data) for data in (b"first", b"second", b"third")]
    for place in range(len(records[2])):
        changed = bytearray(records[2])
        changed[place] ^= 1
        path.write_bytes(records[0] + records[1] + changed)
        assert last_record(path) == b"second"
    path.write_bytes(b"".join(records) + bytes(100))
    assert last_record(path) == b"third"


def test_all_that_is_written_to_a_run_is_read_in_its_order(tmp_path):
    file = open_reference(tmp_path, "truth")
    file.table(np.arange(3), ("w", "b"), np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]]))
    file.text(3, "note", "between")
    file.scalars(4, {"w": 7.0})
    file.image(5, "fit", b"PNG" * 10_000, (1, 1))
    file.table(np.arange(6, 8), ("w",), np.array([[8.0], [9.0]]))
    (path,) = (tmp_path / "truth").iterdir()
    events = list(LegacyEventFileLoader(str(path)).Load())
    assert [event.step for event in events[1:]] == list(range(8))
    assert events[0].file_version == "brain.Event:2"
    board = EventAccumulator(str(tmp_path / "truth")).Reload()
    assert [(point.step, point.value) for point in board.Scalars("w")] == [
        (0, 1),
        (1, 3),
        (2, 5),
        (4, 7),
        (6, 8),
        (7, 9),
    ]
    assert [(point.step, point.value) for point in board.Scalars("b")] == [(0, 2), (2, 6)]
    assert last_event(tmp_path, "truth").step == 7


def test_a_file_is_closed_when_its_run_is_forgotten(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        file = open_reference(tmp_path, "truth")
        raw = file._file
        del file
    assert raw.closed
    assert not open_runs._open_files.get(tmp_path / "truth")


def line_steps(log_dir):
    """Return the steps of a reference's points in all files of its run."""
    files = sorted((log_dir / "truth").iterdir())
    return [event.step for file in files for event in list(LegacyEventFileLoader(str(file)).Load())[1:]]


def draw_line(log_dir, blocks, value=0.1):
    line = ReferenceLine(log_dir, "truth", {"w": value, "b": 0.5}, {})
    for block in blocks:
        line.extend(block)
    line.end()


@pytest.mark.parametrize("block", [1, 1000, 65_536])
@pytest.mark.parametrize(("every", "end"), [(1, 900), (1, 5000), (5, 20_001)])
def test_a_line_has_as_many_points_as_a_chart_shows_of_the_fit(tmp_path, every, end, block):
    reached = np.unique([*range(0, end, every), end])
    draw_line(tmp_path, [reached[start : start + block] for start in range(0, len(reached), block)])
    steps = line_steps(tmp_path)
    assert set(steps) <= set(reached)
    assert steps == sorted(set(steps))
    assert steps[:1000] == reached[:1000].tolist()
    assert steps[-1] == end
    assert len(steps) < 3000
    assert np.diff(steps).max() <= max(every, end // 500)


def test_a_line_is_continued_from_where_another_fit_left_it(tmp_path):
    for end in (8, 3, 12):
        draw_line(tmp_path, [np.arange(end // 2), np.arange(end // 2, end)])
    assert line_steps(tmp_path) == list(range(12))
    draw_line(tmp_path, [np.arange(3)], value=0.2)
    assert line_steps(tmp_path) == [*range(12), 0, 1, 2]


def test_a_long_line_that_is_continued_has_no_gap_and_no_step_twice(tmp_path):
    for start in (0, 5000):
        draw_line(tmp_path, [np.arange(start, start + 3001), np.arange(start + 3001, start + 5001)])
    steps = line_steps(tmp_path)
    assert np.diff(steps).min() > 0
    assert np.diff(steps).max() <= 8
    assert steps[-1] == 10_000
