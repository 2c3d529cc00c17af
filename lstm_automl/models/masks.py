"""Arithmetic of right-padded batches. Nothing here depends on how far a batch is padded."""

from __future__ import annotations

import keras
from keras import ops

from lstm_automl.models.parts import Signal


def weights(mask: keras.KerasTensor, like: keras.KerasTensor) -> keras.KerasTensor:
    """``(batch, time, 1)``: 1 at valid steps, 0 at padding, of the dtype of ``like``."""
    return ops.expand_dims(ops.cast(mask, like.dtype), -1)


def zeroed(signal: Signal) -> Signal:
    """The signal with zeros at padded steps."""
    if signal.mask is None:
        return signal
    return Signal(signal.x * weights(signal.mask, signal.x), signal.mask, signal.encoded)


def lengths(mask: keras.KerasTensor) -> keras.KerasTensor:
    """``(batch, 1)`` int32 number of valid steps."""
    return ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True)


def positions(mask: keras.KerasTensor) -> keras.KerasTensor:
    """``(batch, time)`` int32: 0, 1, 2 ... along time."""
    return ops.cumsum(ops.ones_like(mask, dtype="int32"), axis=1) - 1


def gather(x: keras.KerasTensor, index: keras.KerasTensor) -> keras.KerasTensor:
    """Steps ``index`` ``(batch, k)`` of ``x``: ``(batch, k, features)``."""
    return ops.take_along_axis(x, ops.expand_dims(index, -1), axis=1)


def plus(x: keras.KerasTensor, y: keras.KerasTensor) -> keras.KerasTensor:
    """``x + y`` with ordinary broadcasting.

    Keras' own addition takes a ``y`` that looks like a bias, ``(4, 1, 1)`` beside ``(4, 4, 1)`` say, for one along
    axis 1 (3.15, TensorFlow). Its subtraction does not.
    """
    return x - ops.negative(y)


def last_valid(signal: Signal) -> keras.KerasTensor:
    """``(batch, 1, features)``: the last valid step."""
    if signal.mask is None:
        return signal.x[:, -1:, :]
    return gather(signal.x, ops.maximum(lengths(signal.mask) - 1, 0))


def mean(signal: Signal) -> keras.KerasTensor:
    """``(batch, 1, features)``: mean over valid steps."""
    if signal.mask is None:
        return ops.mean(signal.x, axis=1, keepdims=True)
    w = weights(signal.mask, signal.x)
    count = ops.maximum(ops.sum(w, axis=1, keepdims=True), 1.0)
    return ops.sum(signal.x * w, axis=1, keepdims=True) / count


def aligned_right(signal: Signal) -> keras.KerasTensor:
    """``(batch, time, features)`` with the last valid step at the end and zeros before the first."""
    if signal.mask is None:
        return signal.x
    shift = ops.sum(1 - ops.cast(signal.mask, "int32"), axis=1, keepdims=True)
    source = positions(signal.mask) - shift
    there = ops.expand_dims(ops.cast(source >= 0, signal.x.dtype), -1)
    return gather(signal.x, ops.maximum(source, 0)) * there


def latest(signal: Signal, steps: int) -> Signal:
    """The last ``steps`` valid steps of each sequence, right padded; all batches at least that long."""
    if signal.mask is None:
        return Signal(signal.x[:, -steps:, :], None, signal.encoded)
    first = ops.maximum(lengths(signal.mask) - steps, 0)
    index = plus(first, positions(signal.mask[:, :steps]))
    mask = index < lengths(signal.mask)
    index = ops.minimum(index, ops.maximum(lengths(signal.mask) - 1, 0))
    return zeroed(Signal(gather(signal.x, index), mask, signal.encoded))


def with_difference(signal: Signal) -> Signal:
    """First differences as further channels, zero at the first step, of mean 0 and variance 1.

    Differences of a smooth series are small against the series, so a batch normalisation without weights learns
    their scale from the training batches.
    """
    x = signal.x
    change = x - ops.concatenate([x[:, :1, :], x[:, :-1, :]], axis=1)
    if signal.mask is not None:
        change = change * weights(signal.mask, x)
    norm = keras.layers.BatchNormalization(momentum=0.9, center=False, scale=False, name="difference")
    change = norm(change, mask=signal.mask) if signal.mask is not None else norm(change)
    change = ops.concatenate([ops.zeros_like(change[:, :1, :]), change[:, 1:, :]], axis=1)
    return zeroed(Signal(ops.concatenate([x, change], axis=-1), signal.mask, signal.encoded))


def patched(signal: Signal, size: int) -> Signal:
    """Every ``size`` steps as one of ``size * features`` channels, the last patch ending at the last valid step.

    Where the length is no multiple of ``size`` the first patch begins with copies of the first step.
    """
    if size == 1:
        return signal
    steps, features = signal.x.shape[1:]
    join = keras.layers.Reshape((-1, size * features))
    if signal.mask is None and steps is not None:
        missing = [signal.x[:, :1, :]] * (-steps % size)
        return Signal(join(ops.concatenate([*missing, signal.x], axis=1)), None, signal.encoded)
    every = signal.mask if signal.mask is not None else ops.ones_like(signal.x[:, :, 0], dtype="bool")
    count = lengths(every)
    patches = (count + size - 1) // size
    first = ops.expand_dims(positions(every)[:, ::size] - (patches * size - count), -1)
    offsets = ops.convert_to_tensor([[list(range(size))]], dtype="int32")
    index = keras.layers.Reshape((-1,), dtype="int32")(plus(first, offsets))
    index = ops.minimum(ops.maximum(index, 0), ops.maximum(count - 1, 0))
    x = join(gather(signal.x, index))
    if signal.mask is None:
        return Signal(x, None, signal.encoded)
    mask = positions(signal.mask[:, ::size]) < patches
    return zeroed(Signal(x, mask, signal.encoded))
