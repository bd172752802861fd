"""Which rows each step takes, in the order of a permutation drawn for each epoch."""

import math
import zlib

import numpy as np
import tensorflow as tf

from linfit.data.rows import Rows

FEW_ROWS = 2**20  # of which the order is shuffled faster in 64 bits; of more, half the memory counts


class Minibatches:
    """The batches of a fit, one after another over all of its epochs.

    An epoch passes through all rows once: in their own order, or in that of a permutation which follows from the
    seed and from the step at which the epoch begins. The same step so takes the same rows, wherever a fit was
    interrupted and gone on with.

    Attributes:
        steps_per_epoch: how many batches make an epoch.
        last_batch_size: the rows in the last of them.
        width: how many values a row has.

    Args:
        rows: all rows of the fit.
        batch_size: the rows in each step; the last step of an epoch takes what is left.
        seed: of the permutations; None keeps the rows in their order.
        dtype: the float type that the model computes in.
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
        """A number that other rows, or batches of another size, hardly share."""
        if self.steps_per_epoch == 1:
            return 0
        number = zlib.crc32(f"{self.rows} {self.batch_size}".encode())
        for array in self._arrays:
            number = zlib.crc32(array[:: max(1, self.rows // 1000)].tobytes(), number)
        return number

    def all(self) -> list[tf.Tensor]:
        """All rows at once."""
        return [tf.constant(array, self._dtype) for array in self._arrays]

    def buffers(self, rows: int) -> list[tf.Tensor]:
        """Room for this many rows, which `take` fills anew each time."""
        shared = [_shared((rows, *array.shape[1:]), self._dtype) for array in self._arrays]
        self._views = [view for view, _ in shared]
        return [tensor for _, tensor in shared]

    def take(self, step: int, position: int, steps: int) -> int:
        """Fills the buffers with the rows of the next steps, one batch after another.

        Args:
            step: the number of the next step.
            position: how many steps of its epoch have been made.
            steps: how many are wanted.

        Returns:
            How many there was room for.
        """
        chosen: list[np.ndarray] = []
        room, taken = len(self._views[0]), 0
        while taken < steps:
            begin = position * self.batch_size
            wanted = min(steps - taken, self.steps_per_epoch - position)
            end = min(begin + wanted * self.batch_size, self.rows)
            if end - begin > room:
                wanted = room // self.batch_size
                end = begin + wanted * self.batch_size
            if not wanted:
                break
            chosen.append(self._which(step - position, begin, end))
            room -= end - begin
            taken += wanted
            step += wanted
            position = (position + wanted) % self.steps_per_epoch
        which = np.concatenate([np.arange(0), *chosen])
        for view, array in zip(self._views, self._arrays, strict=True):
            if array.dtype == self._dtype:
                np.take(array, which, axis=0, out=view[: len(which)], mode="clip")  # with a mode, without a copy
            else:
                view[: len(which)] = array[which]
        return taken

    def _which(self, first_step: int, begin: int, end: int) -> np.ndarray:
        """The rows at these places of the epoch that begins with a step."""
        if self._seed is None:
            return np.arange(begin, end)
        if self._order[0] != first_step:
            order = np.arange(self.rows, dtype=np.int32 if FEW_ROWS < self.rows < 2**31 else np.int64)
            np.random.default_rng([self._seed, first_step]).shuffle(order)
            self._order = (first_step, order)
        return self._order[1][begin:end]


def _shared(shape: tuple[int, ...], dtype: str) -> tuple[np.ndarray, tf.Tensor]:
    """An array and a tensor in the same memory, where TensorFlow wants it to begin: at a multiple of 64 bytes."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + 64, np.uint8)
    begin = -room.ctypes.data % 64
    array = room[begin : begin + size].view(dtype).reshape(shape)
    return array, tf.experimental.dlpack.from_dlpack(array.__dlpack__())
