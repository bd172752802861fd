"""The record format of TensorBoard's event files: how tables of scalars are encoded, and how a file's end is read.

A file is a sequence of TFRecords. Each holds the length of its data (8 bytes), a checksum of the length (4 bytes), the
data, and a checksum of the data (4 bytes). The data are an `Event`, a protocol buffer. A checksum is a CRC32C that is
rotated and shifted.
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

_HEADER, _CHECKSUM = 12, 4  # bytes before and after the data of a record
_CHUNK = 1 << 18  # bytes encoded at once; they stay in the processor's cache

_VARINT_SHIFTS = 7 * np.arange(8, dtype="<u8")
_VARINT_CONTINUES = np.array([0x80] * 7 + [0], "<u8")


def as_record(data: bytes) -> bytes:
    """Return the record that holds these data."""
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def scalar_records(steps: np.ndarray, tags: tuple[str, ...], values: np.ndarray, wall_time: float) -> Iterator[bytes]:
    """Encode a table as one event per row, with the row's values by tag; yield the records in chunks to be written.

    Args:
        steps: the step of each row, shape (rows,), from 0 to 2**56 - 1.
        tags: the names of the columns.
        values: shape (rows, tags). A value that is not finite in float32 is skipped: a chart cannot show it, and
            some of TensorBoard's pages fail on it.
        wall_time: when these rows were measured, in seconds since 1970.
    """
    with np.errstate(over="ignore"):
        values = np.asarray(values, "<f4")
    steps = np.asarray(steps, "<u8")
    finite = np.isfinite(values)
    changes = np.flatnonzero((finite[1:] != finite[:-1]).any(axis=1)) + 1
    for start, end in itertools.pairwise([0, *changes.tolist(), len(steps)]):
        if start < end:
            columns = finite[start]
            yield from _encode_rows(
                steps[start:end], tuple(itertools.compress(tags, columns)), values[start:end, columns], wall_time
            )


def last_record(path: Path) -> bytes:
    """Return the data of a file's last complete record, or b"" if there is none.

    A killed process may have left a partial record at the end.
    """
    if path.stat().st_size:  # an empty file cannot be mapped
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            for start, end in reversed(deque(_data_spans(content), maxlen=2)):
                if content[end : end + _CHECKSUM] == _checksum(content[start:end]):
                    return content[start:end]
    return b""


def _data_spans(content: mmap.mmap) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each record's data, up to the first record that is incomplete."""
    lengths: dict[bytes, int] = {}  # by header; a long file has few different headers
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
    """A record from which all records with the same tags are made.

    Only the bytes of the wall time, the step and the values differ between them: the changing bytes.

    Attributes:
        record: the record with its changing bytes set to 0, shape (bytes,).
        changing: the positions of the changing bytes in the record, shape (changing,).
        crc: the CRC32C of the record's data.
        crcs: the term that each value of each changing byte contributes to the CRC, shape (changing * 256,).
    """

    record: np.ndarray
    changing: np.ndarray
    crc: int
    crcs: np.ndarray


def _encode_rows(steps: np.ndarray, tags: tuple[str, ...], values: np.ndarray, wall_time: float) -> Iterator[bytes]:
    """Encode rows of finite values.

    The records have equal lengths and differ in few bytes. A CRC is linear in the bits of its data, so each of these
    bytes contributes a term, combined by exclusive or, that depends only on its value and its position.
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

    # Protocol buffers write fields in the order of their numbers: the wall time and the step come first, the summary
    # last, and within each summary value the number comes last. The step takes 8 bytes.
    summaries = [Summary(value=[Summary.Value(tag=tag, simple_value=0.0)]).SerializeToString() for tag in tags]
    summary = Summary.FromString(b"".join(summaries))
    data = bytearray(Event(wall_time=1.0, step=1 << 55, summary=summary).SerializeToString())
    numbers = len(data) - sum(map(len, summaries)) + np.cumsum([len(s) for s in summaries], dtype=int) - 4
    words = np.array([1, 5, 10, 14, *numbers])
    changing = (words[:, np.newaxis] + np.arange(4)).ravel()
    for position in changing.tolist():
        data[position] = 0
    backwards = zip(reversed(range(len(data))), crcs_backwards(), strict=False)
    positions = set(changing.tolist())
    crcs = [crc for position, crc in backwards if position in positions]
    record = np.frombuffer(as_record(bytes(data)), np.uint8)
    return _Template(record, changing + _HEADER, crc32c(data), np.concatenate(crcs[::-1]))


def _varints(steps: np.ndarray) -> np.ndarray:
    """Encode steps as protocol-buffer varints, seven bits per byte, padded to 8 bytes so that all lengths are equal."""
    return (steps[:, np.newaxis] >> _VARINT_SHIFTS & 0x7F | _VARINT_CONTINUES).astype(np.uint8)


def _checksum(data: bytes) -> bytes:
    return struct.pack("<I", _masked(crc32c(data)))


def _masked(crc: Any) -> Any:
    """Turn a CRC into the checksum that is stored.

    The CRC of data that contain their own CRC detects few errors, and a record may contain records.
    """
    return (crc >> 15 | crc << 17) + 0xA282_EAD8 & 0xFFFF_FFFF
