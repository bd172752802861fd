"""The bytes of a CSV file, plain or gzip, in pieces of whole lines."""

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

from linfit.checks import InputError

_GZIP = b"\x1f\x8b"
_LONGEST_CELL = 2**20  # a quote that does not close within so many bytes was none


def opened(path: str) -> Any:
    """The file's bytes, unpacked."""
    with open(path, "rb") as file:
        packed = file.read(2) == _GZIP
    return _Unpacked(path) if packed else open(path, "rb")


class _Unpacked:
    """A gzip file that says so when it is damaged."""

    def __init__(self, path: str):
        self._path, self._file = path, gzip.open(path, "rb")  # noqa: SIM115  (closed as a context manager)

    def __enter__(self) -> "_Unpacked":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, method: str) -> Any:
        def call(*arguments: Any) -> Any:
            try:
                return getattr(self._file, method)(*arguments)
            except (EOFError, OSError, zlib.error) as error:
                raise InputError(
                    f"{self._path} is damaged: it cannot be unpacked ({error}). Write or copy it anew."
                ) from None

        return call


def pieces(file: Any, size: int) -> Iterator[bytearray]:
    """The rest of a file in pieces of about this many bytes, each of whole lines."""
    rest = bytearray()
    while True:
        piece = bytearray(len(rest) + size)  # which is read into: no byte is copied but those of a last, broken line
        piece[: len(rest)] = rest
        count = file.readinto(memoryview(piece)[len(rest) :])
        del piece[len(rest) + count :]
        if not count:
            break
        end = _end_of_lines(piece)
        if not end and len(piece) > _LONGEST_CELL:
            end = piece.rfind(b"\n") + 1
        rest = piece[end:]
        if end:
            del piece[end:]
            yield piece
    if rest:
        yield rest


def _end_of_lines(content: bytearray) -> int:
    """Where the last whole line ends; a line break within quotes ends none."""
    end = content.rfind(b"\n") + 1
    quotes = content.count(b'"', 0, end)
    while quotes % 2:
        before = content.rfind(b"\n", 0, end - 1) + 1
        quotes -= content.count(b'"', before, end)
        end = before
    return end
