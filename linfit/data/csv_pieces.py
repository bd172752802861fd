"""The bytes of a CSV file, plain or gzip, in pieces of whole lines."""

import gzip
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from linfit.checks import InputError

_GZIP = b"\x1f\x8b"
_LONGEST_CELL = 2**20  # a quote that does not close within so many bytes was none


def open_unpacked(path: str) -> Any:
    """The file's bytes, unpacked."""
    with open(path, "rb") as file:
        packed = file.read(2) == _GZIP
    return _GzipFile(path) if packed else open(path, "rb")


class _GzipFile:
    """A gzip file that says so when it is damaged."""

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
    """Some whole lines.

    Attributes:
        content: their bytes, which are overwritten later on: see `read_pieces`.
        has_quotes: whether there are any.
    """

    content: memoryview
    has_quotes: bool


def read_pieces(file: Any, size: int, buffers: int = 1) -> Iterator[Piece]:
    """The rest of a file in pieces of at most this many bytes; of more where a line or a quoted cell is longer.

    They lie in so many buffers in turn: a piece may be used until so many others have been asked for. With a new
    buffer for each piece, reading takes seven times as long.
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
    """Where the last whole line ends, and whether there are quotes; a line break within quotes ends none."""
    end = content.rfind(b"\n", 0, filled) + 1
    if content.find(b'"', 0, end) < 0:  # many times as fast as counting them
        return end, False
    quotes = content.count(b'"', 0, end)
    while quotes % 2:
        before = content.rfind(b"\n", 0, end - 1) + 1
        quotes -= content.count(b'"', before, end)
        end = before
    return end, quotes > 0
