"""The checksum of TensorBoard's event files: a CRC by Castagnoli's polynomial, with its bits reversed."""

from collections.abc import Iterator
from functools import cache

import numpy as np

_GROUP = 64  # bytes, CRCs or groups that are added up at a time
_LONG = 256  # bytes, from which on that takes less time than a loop

# The CRC of one byte after a CRC of 0.
_BYTE_CRC: np.ndarray = np.arange(256, dtype=np.uint32)
for _ in range(8):
    _BYTE_CRC = _BYTE_CRC >> 1 ^ 0x82F63B78 * (_BYTE_CRC & 1)
_BYTE_CRCS = _BYTE_CRC.tolist()


def crc32c(data: bytes | bytearray) -> int:
    """The CRC32C of these bytes.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    if len(data) >= _LONG:
        return _long_crc32c(data)
    crc = 0xFFFF_FFFF
    for byte in data:
        crc = _BYTE_CRCS[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFF_FFFF


def crcs_backwards() -> Iterator[np.ndarray]:
    """What each value of a byte adds to the CRC: of the last byte, of the last but one, ...; shape (256,)."""
    crc = _BYTE_CRC
    while True:
        yield crc
        crc = _followed(crc, 1)


def _long_crc32c(data: bytes | bytearray) -> int:
    """The same without a loop over the bytes.

    A CRC that starts at 0 is linear in the bits of its data: that of a group of bytes is the exclusive or of what each
    of them adds at its place. To the CRC of all, a group adds what the four bytes of its own CRC make with the zeros of
    as many bytes as come behind it: groups are added up as bytes are, and groups of groups.
    """
    parts = np.frombuffer(data, np.uint8).copy()
    parts[:4] ^= 255  # the same as a start with all bits set
    count, span = len(parts), 1  # of parts, and the bytes of data that each stands for
    while True:
        table = _group_table(span)
        groups = -(-count // _GROUP)
        group_bytes = len(table) // 256
        filled = np.zeros(groups * group_bytes, np.uint8)
        filled[len(filled) - len(parts) :] = parts  # zeros in front add nothing
        places = filled.reshape(groups, group_bytes) + 256 * np.arange(group_bytes)
        crcs = np.bitwise_xor.reduce(table.take(places), axis=1)
        if groups == 1:
            return int(crcs[0]) ^ 0xFFFF_FFFF
        parts, count, span = crcs.astype("<u4").view(np.uint8), groups, span * _GROUP


@cache
def _group_table(span: int) -> np.ndarray:
    """What each value of each byte adds to the CRC of its group, one byte after another.

    The parts of the group stand for `span` bytes each: for 1 they are these bytes, else the CRCs of groups.
    """
    crcs = _BYTE_CRC[np.newaxis] if span == 1 else _each_byte()
    places = []
    for _ in range(_GROUP):
        places.append(crcs)
        crcs = _followed(crcs, span)
    return np.concatenate(places[::-1]).ravel()


@cache
def _after_zeros(count: int) -> np.ndarray:
    """What a CRC becomes with so many zeros behind it, by each value of each of its bytes; shape (4, 256)."""
    crcs = _each_byte()
    for _ in range(_GROUP):
        crcs = _followed(crcs, count // _GROUP)
    return crcs


def _each_byte() -> np.ndarray:
    """The CRCs that have one byte alone, the lowest first; shape (4, 256)."""
    return np.arange(256, dtype=np.uint32) << 8 * np.arange(4, dtype=np.uint32)[:, np.newaxis]


def _followed(crcs: np.ndarray, zeros: int) -> np.ndarray:
    """What CRCs become with so many zeros behind them: 1, or a power of the group's size."""
    if zeros == 1:
        return _BYTE_CRC[crcs & 255] ^ crcs >> 8
    first, second, third, fourth = _after_zeros(zeros)
    return first[crcs & 255] ^ second[crcs >> 8 & 255] ^ third[crcs >> 16 & 255] ^ fourth[crcs >> 24]
