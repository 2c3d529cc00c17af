"""From a sequence to one vector."""

from __future__ import annotations

import keras
from keras import ops

from lstm_automl.errors import UnknownNameError
from lstm_automl.models import masks
from lstm_automl.models.parts import Signal

POOLINGS = ("last", "mean", "max", "mean_max")


def check(pooling: str) -> str:
    """The name itself. Raises UnknownNameError for any other."""
    if pooling not in POOLINGS:
        raise UnknownNameError("pooling", pooling, POOLINGS)
    return pooling


def pool(pooling: str, signal: Signal) -> keras.KerasTensor:
    """``(batch, features)``, or ``(batch, 2 * features)`` for ``mean_max``, over valid steps.

    ``last`` is the output at the last valid step; the recurrent stack does not come here for it, because its
    top layer returns the last state of each direction itself.
    """
    check(pooling)
    if pooling == "last":
        return ops.squeeze(masks.last_valid(signal), axis=1)
    found = []
    if pooling != "max":
        found.append(ops.squeeze(masks.mean(signal), axis=1))
    if pooling != "mean":
        found.append(_max(signal))
    return found[0] if len(found) == 1 else ops.concatenate(found, axis=-1)


def _max(signal: Signal) -> keras.KerasTensor:
    if signal.mask is None:
        return ops.max(signal.x, axis=1)
    valid = ops.expand_dims(signal.mask, -1)
    return ops.max(ops.where(valid, signal.x, ops.cast(-1e9, signal.x.dtype)), axis=1)
