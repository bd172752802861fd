"""CRC32C, the checksum in TensorBoard's event files: a CRC with Castagnoli's polynomial and reversed bits."""

from collections.abc import Iterator
from functools import cache

import numpy as np

_GROUP = 64  # bytes, or CRCs of groups, that are combined at once
_LONG = 256  # bytes; from here on, combining groups is faster than a loop over the bytes

# The CRC of each single byte, starting from a CRC of 0.
_BYTE_CRC: np.ndarray = np.arange(256, dtype=np.uint32)
for _ in range(8):
    _BYTE_CRC = _BYTE_CRC >> 1 ^ 0x82F63B78 * (_BYTE_CRC & 1)
_BYTE_CRCS = _BYTE_CRC.tolist()


def crc32c(data: bytes | bytearray) -> int:
    """Return the CRC32C of these bytes.

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
    """Yield the terms that a byte's 256 values contribute to the CRC, shape (256,).

    The first array is for the last byte of the data, the second for the byte before it, and so on.
    """
    crc = _BYTE_CRC
    while True:
        yield crc
        crc = _append_zeros(crc, 1)


def _long_crc32c(data: bytes | bytearray) -> int:
    """Return the CRC32C of these bytes without a loop over them.

    A CRC that starts at 0 is linear in the bits of its data: the CRC of a group of bytes is the exclusive or of one
    term per byte, which depends on the byte's value and position. A group of bytes contributes its own CRC, advanced
    over as many zeros as there are bytes behind the group. That is again one term per byte, now of the group's CRC, so
    groups are combined as bytes are, and so are groups of groups.
    """
    parts = np.frombuffer(data, np.uint8).copy()
    parts[:4] ^= 255  # equivalent to a start with all bits set
    count, span = len(parts), 1  # the number of parts, and the bytes of data that each stands for
    while True:
        table = _group_table(span)
        groups = -(-count // _GROUP)
        group_bytes = len(table) // 256
        filled = np.zeros(groups * group_bytes, np.uint8)
        filled[len(filled) - len(parts) :] = parts  # leading zeros contribute nothing
        indices = filled.reshape(groups, group_bytes) + 256 * np.arange(group_bytes)
        crcs = np.bitwise_xor.reduce(table.take(indices), axis=1)
        if groups == 1:
            return int(crcs[0]) ^ 0xFFFF_FFFF
        parts, count, span = crcs.astype("<u4").view(np.uint8), groups, span * _GROUP


@cache
def _group_table(span: int) -> np.ndarray:
    """Return the terms that each value of each byte contributes to the CRC of its group, one byte after another.

    Each part of the group stands for `span` bytes of data. With a span of 1 the parts are the bytes themselves;
    otherwise they are the CRCs of smaller groups.
    """
    crcs = _BYTE_CRC[np.newaxis] if span == 1 else _single_byte_crcs()
    terms = []
    for _ in range(_GROUP):
        terms.append(crcs)
        crcs = _append_zeros(crcs, span)
    return np.concatenate(terms[::-1]).ravel()


@cache
def _after_zeros(count: int) -> np.ndarray:
    """Return each single-byte CRC after `count` zero bytes are appended to its data, shape (4, 256)."""
    crcs = _single_byte_crcs()
    for _ in range(_GROUP):
        crcs = _append_zeros(crcs, count // _GROUP)
    return crcs


def _single_byte_crcs() -> np.ndarray:
    """Return the CRCs in which only one byte is not 0, lowest byte first; shape (4, 256)."""
    return np.arange(256, dtype=np.uint32) << 8 * np.arange(4, dtype=np.uint32)[:, np.newaxis]


def _append_zeros(crcs: np.ndarray, count: int) -> np.ndarray:
    """Return the CRCs after `count` zero bytes are appended to their data: 1, or a power of the group's size."""
    if count == 1:
        return _BYTE_CRC[crcs & 255] ^ crcs >> 8
    first, second, third, fourth = _after_zeros(count)
    return first[crcs & 255] ^ second[crcs >> 8 & 255] ^ third[crcs >> 16 & 255] ^ fourth[crcs >> 24]
