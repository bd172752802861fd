"""Rows of a table as the records of a TensorBoard event file; nothing else knows the format of these files.

A file is a sequence of TFRecords: the length of the data (8 bytes), its checksum (4), the data, its checksum (4).
The data of each is an `Event`, a protocol buffer; a checksum is a CRC32C, rotated and shifted.
"""

import itertools
import mmap
import struct
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from linfit.callbacks.events.crc32c import crc32c, crcs_backwards

_HEADER, _CHECKSUM = 12, 4  # bytes around the data of a record
_CHUNK = 1 << 18  # bytes that are encoded at a time: they stay in the processor's cache

_VARINT_SHIFTS = 7 * np.arange(8, dtype="<u8")
_VARINT_GOES_ON = np.array([0x80] * 7 + [0], "<u8")


def as_record(data: bytes) -> bytes:
    """The record that holds these data."""
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def scalar_records(steps: np.ndarray, tags: tuple[str, ...], values: np.ndarray, wall_time: float) -> Iterator[bytes]:
    """The records of one event a row, with the row's values by tag; in pieces, to be written one after another.

    Args:
        steps: shape (rows,), from 0 to 2**56 - 1.
        tags: the names of the columns.
        values: shape (rows, tags). What is no finite number in float32 is left out of its event: a chart has no
            place for it, and some of TensorBoard's pages break.
        wall_time: when these rows were measured, in seconds since 1970.
    """
    with np.errstate(over="ignore"):
        values = np.asarray(values, "<f4")
    steps = np.asarray(steps, "<u8")
    measured = np.isfinite(values)
    changes = np.flatnonzero((measured[1:] != measured[:-1]).any(axis=1)) + 1
    for start, end in itertools.pairwise([0, *changes.tolist(), len(steps)]):
        if start < end:
            here = measured[start]
            columns = tuple(itertools.compress(tags, here))
            yield from _equal_records(steps[start:end], columns, values[start:end, here], wall_time)


def last_record(path: Path) -> bytes:
    """The data of a file's last whole record, or nothing. A killed process may have left half a record behind it."""
    if path.stat().st_size:  # an empty file cannot be mapped
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for start, end in reversed(deque(_data_spans(content), maxlen=2)):
                if content[end : end + _CHECKSUM] == _checksum(content[start:end]):
                    return content[start:end]
    return b""


def _data_spans(content: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Where the data of each record start and end, up to the first record that is not whole."""
    lengths: dict[bytes, int] = {}  # by header: a long file has few different ones
    start = _HEADER
    while header := content[start - _HEADER : start]:
        if header not in lengths:
            if header[8:] != _checksum(header[:8]):
                return
            lengths[header] = int.from_bytes(header[:8], "little")
        end = start + lengths[header]
        if end + _CHECKSUM > len(content):
            return
        yield start, end
        start = end + _CHECKSUM + _HEADER


class _Template(NamedTuple):
    """What the records of the same tags have in common.

    Attributes:
        record: one record, in which the bytes that change are 0; shape (bytes,).
        changing: where these bytes are: of the wall time, the step and the values; shape (changing,).
        crc: the CRC32C of its data.
        crcs: what each value of each changing byte adds to it; shape (changing * 256,).
    """

    record: np.ndarray
    changing: np.ndarray
    crc: int
    crcs: np.ndarray


def _equal_records(steps: np.ndarray, tags: tuple[str, ...], values: np.ndarray, wall_time: float) -> Iterator[bytes]:
    """The records of rows of finite numbers.

    They have equal lengths and differ in few bytes. A CRC is linear in the bits of its data: each of these bytes
    adds, by exclusive or, what depends on its value and its place alone.
    """
    template = _template(tags)
    rows = max(1, min(len(steps), _CHUNK // len(template.record)))
    records = template.record[np.newaxis].repeat(rows, axis=0)
    first_crc = 256 * np.arange(len(template.changing))
    for start in range(0, len(steps), rows):
        chunk = slice(start, start + rows)
        words = np.empty((len(steps[chunk]), 4 + len(tags)), "<u4")
        words[:, :2] = np.array([wall_time], "<f8").view("<u4")
        words[:, 2:4] = _varints(steps[chunk]).view("<u4")
        words[:, 4:] = values[chunk].view("<u4")
        changing = words.view(np.uint8)
        crc = template.crc ^ np.bitwise_xor.reduce(template.crcs.take(changing + first_crc), axis=1)
        filled = records[: len(words)]
        filled[:, template.changing] = changing
        filled[:, -_CHECKSUM:] = _masked(crc).astype("<u4")[:, np.newaxis].view(np.uint8)
        yield filled.tobytes()


@lru_cache(maxsize=64)
def _template(tags: tuple[str, ...]) -> _Template:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    # Fields stand in the order of their numbers: wall time and step first, the summary last, and in each of its
    # values the number last. The step takes 8 bytes.
    summaries = [Summary(value=[Summary.Value(tag=tag, simple_value=0.0)]).SerializeToString() for tag in tags]
    summary = Summary.FromString(b"".join(summaries))
    data = bytearray(Event(wall_time=1.0, step=1 << 55, summary=summary).SerializeToString())
    numbers = len(data) - sum(map(len, summaries)) + np.cumsum([len(s) for s in summaries], dtype=int) - 4
    words = np.array([1, 5, 10, 14, *numbers])
    changing = (words[:, np.newaxis] + np.arange(4)).ravel()
    for place in changing.tolist():
        data[place] = 0
    backwards = zip(reversed(range(len(data))), crcs_backwards(), strict=False)
    places = set(changing.tolist())
    crcs = [crc for place, crc in backwards if place in places]
    whole = np.frombuffer(as_record(bytes(data)), np.uint8)
    return _Template(whole, changing + _HEADER, crc32c(data), np.concatenate(crcs[::-1]))


def _varints(steps: np.ndarray) -> np.ndarray:
    """Seven bits a byte, of which all but the last have the highest bit set; always 8 bytes, for equal lengths."""
    return (steps[:, np.newaxis] >> _VARINT_SHIFTS & 0x7F | _VARINT_GOES_ON).astype(np.uint8)


def _checksum(data: bytes) -> bytes:
    return struct.pack("<I", _masked(crc32c(data)))


def _masked(crc: Any) -> Any:
    """The checksum made of a CRC: records may hold records, and a CRC of data with its own CRC says little."""
    return (crc >> 15 | crc << 17) + 0xA282_EAD8 & 0xFFFF_FFFF
