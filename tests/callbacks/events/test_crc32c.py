"""The checksum is CRC32C, for short data and for long data."""

import numpy as np
import pytest
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import crc32c as tensorboards

from linfit.callbacks.events.crc32c import crc32c

# RFC 3720, appendix B.4, and the usual check value of "123456789".
VECTORS = {
    b"123456789": 0xE3069283,
    bytes(32): 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    bytes(range(31, -1, -1)): 0x113FDB5C,
    b"": 0,
}


@pytest.mark.parametrize("data", VECTORS)
def test_known_checksums(data):
    assert crc32c(data) == VECTORS[data]


@pytest.mark.parametrize("size", [1, 3, 255, 256, 257, 4095, 4096, 4097, 100_000, 64**3, 64**3 + 1])
def test_every_length_has_the_checksum_that_tensorboard_computes_byte_by_byte(size):
    data = np.random.default_rng(size).bytes(size)
    assert crc32c(data) == crc32c(bytearray(data)) == tensorboards(data)


@pytest.mark.parametrize("size", [300, 5000])
def test_every_bit_counts(size):
    data = bytearray(np.random.default_rng(7).bytes(size))
    checksums = {crc32c(data)}
    for bit in range(8 * size):
        data[bit // 8] ^= 1 << bit % 8
        checksums.add(crc32c(data))
        data[bit // 8] ^= 1 << bit % 8
    assert len(checksums) == 8 * size + 1
