"""Many channels of one series as many series of one channel, and back."""

from __future__ import annotations

import keras
from keras import layers, ops

from lstm_automl.models.parts import Signal


def separate(signal: Signal, count: int) -> Signal:
    """``(batch, time, count) -> (count * batch, time, 1)``, channel by channel, for any batch and time."""
    by_time = ops.transpose(signal.x, (1, 2, 0))
    # With time in front the layer sees it as the batch axis: no size has to be known.
    rows = layers.Reshape((-1, 1), name="separate")(by_time)
    mask = None if signal.mask is None else repeated(signal.mask, count)
    return Signal(ops.transpose(rows, (1, 0, 2)), mask, signal.encoded)


def repeated(x: keras.KerasTensor, count: int) -> keras.KerasTensor:
    """The batch ``count`` times, one after the other."""
    return x if count == 1 else ops.concatenate([x] * count, axis=0)


def merged(y: keras.KerasTensor, count: int) -> keras.KerasTensor:
    """``(count * batch, horizon, 1) -> (batch, horizon, count)``."""
    return ops.transpose(ops.reshape(y, (count, -1, y.shape[1])), (1, 2, 0))
