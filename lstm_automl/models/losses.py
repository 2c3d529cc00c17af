"""Training losses: one number an example, then a weighted mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from lstm_automl.errors import UnknownNameError

Tensor = Any
_SMALLEST = 1e-7
"""Probabilities are clipped here, so that a sure mistake costs 16 nats and not infinity."""


def loss_per_example(name: str, y: Tensor, outputs: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """``(batch,)`` losses.

    Args:
        name: ``crossentropy``, ``mse``, ``mae`` or ``huber`` (quadratic up to 1, on the training scale).
        y: Integer codes ``(batch,)`` for ``crossentropy``; otherwise numbers shaped as ``outputs`` (a last axis
            of 1 may be missing).
        outputs: Probabilities ``(batch, classes)``; otherwise ``(batch, ...)``.
        label_smoothing: Share of the target spread evenly over all classes, [0, 1).

    Raises:
        UnknownNameError: no such loss.
    """
    if name == "crossentropy":
        return _crossentropy(y, outputs, label_smoothing)
    if name not in _NUMERIC:
        raise UnknownNameError("loss", name, ("crossentropy", *_NUMERIC))
    error = outputs - ops.reshape(ops.cast(y, outputs.dtype), ops.shape(outputs))
    losses = _NUMERIC[name](error)
    return ops.mean(losses, axis=tuple(range(1, len(outputs.shape))))


def loss(
    name: str, y: Tensor, outputs: Tensor, weight: Tensor | None = None, *, label_smoothing: float = 0.0
) -> Tensor:
    """Mean of :func:`loss_per_example` weighted by ``weight`` ``(batch,)``; None = equal weights."""
    losses = loss_per_example(name, y, outputs, label_smoothing=label_smoothing)
    if weight is None:
        return ops.mean(losses)
    weight = ops.cast(weight, losses.dtype)
    return ops.sum(losses * weight) / ops.maximum(ops.sum(weight), ops.cast(1e-12, losses.dtype))


def _crossentropy(y: Tensor, probabilities: Tensor, label_smoothing: float) -> Tensor:
    classes = probabilities.shape[-1]
    log = ops.log(ops.maximum(probabilities, ops.cast(_SMALLEST, probabilities.dtype)))
    target = ops.one_hot(ops.cast(ops.reshape(y, (-1,)), "int32"), classes, dtype=probabilities.dtype)
    if label_smoothing:
        target = target * (1.0 - label_smoothing) + label_smoothing / classes
    return -ops.sum(target * log, axis=-1)


def _huber(error: Tensor) -> Tensor:
    size = ops.abs(error)
    return ops.where(size <= 1.0, 0.5 * error * error, size - 0.5)


_NUMERIC: dict[str, Callable[[Tensor], Tensor]] = {
    "mse": lambda error: error * error,
    "mae": ops.abs,
    "huber": _huber,
}
