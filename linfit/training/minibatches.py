"""Minibatches: which rows each step takes, in an order drawn for each epoch."""

import math
import zlib

import numpy as np
import tensorflow as tf

from linfit.data.rows import Rows

INT64_ROWS = 2**20  # up to here 64-bit indices shuffle faster; above it, 32-bit indices save half the memory


class Minibatches:
    """The batches of a fit, one after another over all of its epochs.

    An epoch passes through all rows once, in their own order or in the order of a permutation. The permutation follows
    from the seed and from the step at which the epoch begins. So the same step always takes the same rows, even if the
    fit was interrupted and resumed in between.

    Attributes:
        rows: the number of rows in an epoch.
        batch_size: the rows in each step.
        last_batch_size: the rows in the last step of an epoch.
        steps_per_epoch: the number of batches in an epoch.
        width: the number of values in a row.

    Args:
        rows: all rows of the fit.
        batch_size: the rows in each step; the last step of an epoch takes the remaining rows.
        seed: the seed of the permutations; None keeps the order of the rows.
        dtype: the float type in which the model computes.
    """

    def __init__(self, rows: Rows, batch_size: int, seed: int | None, dtype: str):
        self._arrays = [array for array in rows.as_tuple() if array is not None]
        self.width = sum(math.prod(array.shape[1:]) for array in self._arrays)
        self.rows = len(rows)
        self.batch_size = min(batch_size, self.rows)
        self.steps_per_epoch = math.ceil(self.rows / self.batch_size)
        self.last_batch_size = self.rows - (self.steps_per_epoch - 1) * self.batch_size
        self._seed = seed
        self._dtype = dtype
        self._order: tuple[int, np.ndarray] = (-1, np.arange(0))

    def fingerprint(self) -> int:
        """Return a checksum of the batch size and of a sample of the rows; 0 if the batch is all rows."""
        if self.steps_per_epoch == 1:
            return 0
        checksum = zlib.crc32(f"{self.rows} {self.batch_size}".encode())
        for array in self._arrays:
            checksum = zlib.crc32(array[:: max(1, self.rows // 1000)].tobytes(), checksum)
        return checksum

    def all_rows(self) -> list[tf.Tensor]:
        """Return all rows as tensors."""
        return [tf.constant(array, self._dtype) for array in self._arrays]

    def allocate_buffers(self, rows: int) -> list[tf.Tensor]:
        """Return tensors for this many rows, which each call of `fill_buffers` overwrites."""
        shared = [_shared_memory((rows, *array.shape[1:]), self._dtype) for array in self._arrays]
        self._views = [view for view, _ in shared]
        return [tensor for _, tensor in shared]

    def fill_buffers(self, step: int, position: int, steps: int) -> int:
        """Fill the buffers with the rows of the next steps, one batch after another.

        Args:
            step: the number of the next step.
            position: how many steps its epoch has already made.
            steps: the number of steps wanted.

        Returns:
            The number of steps whose rows fit into the buffers.
        """
        parts: list[np.ndarray] = []
        room, filled = len(self._views[0]), 0
        while filled < steps:
            begin = position * self.batch_size
            wanted = min(steps - filled, self.steps_per_epoch - position)
            end = min(begin + wanted * self.batch_size, self.rows)
            if end - begin > room:
                wanted = room // self.batch_size
                end = begin + wanted * self.batch_size
            if not wanted:
                break
            parts.append(self._row_indices(step - position, begin, end))
            room -= end - begin
            filled += wanted
            step += wanted
            position = (position + wanted) % self.steps_per_epoch
        indices = np.concatenate([np.arange(0), *parts])
        for view, array in zip(self._views, self._arrays, strict=True):
            if array.dtype == self._dtype:
                # Without a mode, NumPy would write to a copy first.
                np.take(array, indices, axis=0, out=view[: len(indices)], mode="clip")
            else:
                view[: len(indices)] = array[indices]
        return filled

    def _row_indices(self, first_step: int, begin: int, end: int) -> np.ndarray:
        """Return the rows at the places from begin to end of the epoch whose first step is given."""
        if self._seed is None:
            return np.arange(begin, end)
        if self._order[0] != first_step:
            order = np.arange(self.rows, dtype=np.int32 if INT64_ROWS < self.rows < 2**31 else np.int64)
            np.random.default_rng([self._seed, first_step]).shuffle(order)
            self._order = (first_step, order)
        return self._order[1][begin:end]


def _shared_memory(shape: tuple[int, ...], dtype: str) -> tuple[np.ndarray, tf.Tensor]:
    """Return an array and a tensor that share memory; it begins at a multiple of 64 bytes, as TensorFlow requires."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.zeros(size + 64, np.uint8)
    begin = -memory.ctypes.data % 64
    array = memory[begin : begin + size].view(dtype).reshape(shape)
    return array, tf.experimental.dlpack.from_dlpack(array.__dlpack__())
