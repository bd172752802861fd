"""Which hooks the callbacks of a fit use: they limit how many steps a compiled block may have."""

from collections.abc import Iterable
from typing import Any

import keras

from linfit.training.divergence_guard import DivergenceGuard
from linfit.training.step_callback import StepCallback

_EPOCH = ("on_epoch_begin", "on_epoch_end")
_BATCH = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_TEST_BATCH = ("on_test_batch_begin", "on_test_batch_end")
# Blocks do not need the hooks that these classes define, only those that a subclass overrides.
_BASES = (StepCallback, DivergenceGuard, keras.callbacks.Callback)


def flatten_callbacks(callbacks: Any, guarded: bool) -> list[keras.callbacks.Callback]:
    """Return the callbacks that a user passes to `fit` as one list, guards before all others.

    A guard comes first because the others must not see a step that it undoes.

    Args:
        callbacks: one callback, a list of them, or a `CallbackList`; None for none.
        guarded: whether to add a `DivergenceGuard` if there is none.
    """
    if isinstance(callbacks, keras.callbacks.Callback | keras.callbacks.CallbackList):
        callbacks = [callbacks]
    callbacks = [each for entry in callbacks or [] for each in getattr(entry, "callbacks", [entry])]
    guards = [callback for callback in callbacks if isinstance(callback, DivergenceGuard)]
    others = [callback for callback in callbacks if callback not in guards]
    return [*(guards or [DivergenceGuard()] * guarded), *others]


def has_epoch_hooks(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Return whether a callback must be called at each epoch.

    Keras's `History` need not be: it is filled for many epochs at a time.
    """
    return any(_has_own(each, _EPOCH) for each in callbacks if type(each) is not keras.callbacks.History)


def has_batch_hooks(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Return whether a callback must be called at each batch of the training rows."""
    return any(_has_own(each, _BATCH) for each in callbacks if not _prints_epochs_only(each))


def has_test_batch_hooks(callbacks: Iterable[keras.callbacks.Callback]) -> bool:
    """Return whether a callback must be called at each batch of the validation rows."""
    return any(_has_own(each, _TEST_BATCH) for each in callbacks if not _prints_epochs_only(each))


def _has_own(callback: keras.callbacks.Callback, hooks: Iterable[str]) -> bool:
    """Return whether a callback, or its class, overrides one of these hooks."""
    base = next(kind for kind in _BASES if isinstance(callback, kind))
    return any(hook in vars(callback) or getattr(type(callback), hook) is not getattr(base, hook) for hook in hooks)


def _prints_epochs_only(callback: keras.callbacks.Callback) -> bool:
    return isinstance(callback, keras.callbacks.ProgbarLogger) and callback.verbose == 2
