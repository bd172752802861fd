"""Who watches a fit, and how closely: that decides how many steps are made at a time."""

from collections.abc import Iterable
from typing import Any

import keras

from linfit.training.divergence_guard import DivergenceGuard
from linfit.training.step_callback import StepCallback

_EPOCH = ("on_epoch_begin", "on_epoch_end")
_BATCH = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_TEST_BATCH = ("on_test_batch_begin", "on_test_batch_end")
_KNOWN = (StepCallback, DivergenceGuard, keras.callbacks.Callback)  # whose own hooks are not needed in a block


def flatten_callbacks(callbacks: Any, guarded: bool) -> list[keras.callbacks.Callback]:
    """The callbacks of a fit, as the user passes them, as one list: a guard comes before all who record.

    Args:
        callbacks: one, a list of them, or a `CallbackList`; None for none.
        guarded: whether a guard is added where there is none.
    """
    if isinstance(callbacks, keras.callbacks.Callback | keras.callbacks.CallbackList):
        callbacks = [callbacks]
    callbacks = [one for callback in callbacks or [] for one in getattr(callback, "callbacks", [callback])]
    guards = [callback for callback in callbacks if isinstance(callback, DivergenceGuard)]
    others = [callback for callback in callbacks if callback not in guards]
    return [*(guards or [DivergenceGuard()] * guarded), *others]


def has_epoch_hooks(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether one of them has to be called at each epoch; the history is written for many epochs at a time."""
    return any(_has_own(each, _EPOCH) for each in callbacks if type(each) is not keras.callbacks.History)


def has_batch_hooks(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether one of them has to be called at each batch of the training rows."""
    return any(_has_own(each, _BATCH) for each in callbacks if not _is_line_per_epoch(each))


def has_test_batch_hooks(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Whether one of them has to be called at each batch of the held-out rows."""
    return any(_has_own(each, _TEST_BATCH) for each in callbacks if not _is_line_per_epoch(each))


def _has_own(callback: keras.callbacks.Callback, hooks: Iterable[str]) -> bool:
    """Whether a callback brings one of these hooks itself, or its class does."""
    known = next(kind for kind in _KNOWN if isinstance(callback, kind))
    return any(hook in vars(callback) or getattr(type(callback), hook) is not getattr(known, hook) for hook in hooks)


def _is_line_per_epoch(callback: keras.callbacks.Callback) -> bool:
    return isinstance(callback, keras.callbacks.ProgbarLogger) and callback.verbose == 2
