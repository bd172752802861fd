"""The bytes of a CSV file, plain or gzip, in pieces of whole lines."""

import gzip
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from linfit.checks import InputError

_GZIP = b"\x1f\x8b"
_LONGEST_CELL = 2**20  # bytes; a quote that does not close within them is an ordinary character


def open_unpacked(path: str) -> Any:
    """Open a file for reading its bytes, which are decompressed if it is gzip."""
    with open(path, "rb") as file:
        packed = file.read(2) == _GZIP
    return _GzipFile(path) if packed else open(path, "rb")


class _GzipFile:
    """A gzip file whose methods raise an InputError if it is damaged."""

    def __init__(self, path: str):
        self._path, self._file = path, gzip.open(path, "rb")  # noqa: SIM115  (closed as a context manager)

    def __enter__(self) -> "_GzipFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, method: str) -> Any:
        def call(*arguments: Any) -> Any:
            try:
                return getattr(self._file, method)(*arguments)
            except (EOFError, OSError, zlib.error) as error:
                raise InputError(
                    f"{self._path} is damaged: it cannot be unpacked ({error}). Write or copy it again."
                ) from None

        return call


class Piece(NamedTuple):
    """Whole lines of a file.

    Attributes:
        content: the bytes of the lines. They are overwritten later, see `read_pieces`.
        has_quotes: whether the lines contain quotes.
    """

    content: memoryview
    has_quotes: bool


def read_pieces(file: Any, size: int, buffers: int = 1) -> Iterator[Piece]:
    """Yield the rest of a file in pieces of whole lines.

    The buffers are filled in turn, so a piece stays valid until `buffers` more have been requested. With a new buffer
    for each piece, reading takes seven times as long.

    Args:
        file: an open file.
        size: the size of a piece in bytes; a piece is larger if a line or a quoted cell is longer.
        buffers: the number of pieces that may be in use at a time.
    """
    ring = [bytearray() for _ in range(buffers)]
    rest, number = b"", 0
    while True:
        buffer = ring[number % buffers]
        if 2 * len(rest) >= len(buffer):
            buffer = ring[number % buffers] = bytearray(len(rest) + max(size, len(rest)))
        buffer[: len(rest)] = rest
        count = file.readinto(memoryview(buffer)[len(rest) :])
        if not count:
            break
        filled = len(rest) + count
        end, quotes = _end_of_lines(buffer, filled)
        if filled - end > _LONGEST_CELL:
            end, quotes = buffer.rfind(b"\n", 0, filled) + 1, True
        rest = bytes(memoryview(buffer)[end:filled])
        if end:
            number += 1
            yield Piece(memoryview(buffer)[:end], quotes)
    if rest:
        yield Piece(memoryview(rest), b'"' in rest)


def _end_of_lines(content: bytearray, filled: int) -> tuple[int, bool]:
    """Return where the last whole line ends, and whether there are quotes; a line break within quotes ends no line."""
    end = content.rfind(b"\n", 0, filled) + 1
    if content.find(b'"', 0, end) < 0:  # many times faster than counting them
        return end, False
    quotes = content.count(b'"', 0, end)
    while quotes % 2:
        before = content.rfind(b"\n", 0, end - 1) + 1
        quotes -= content.count(b'"', before, end)
        end = before
    return end, quotes > 0
