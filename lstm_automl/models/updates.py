"""One optimiser step on all weights at once, as one vector: a fifth of the graph that a step per variable needs.

The rules are those of ``keras.optimizers`` to rounding; :mod:`lstm_automl.models.optimizers` makes Keras' own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lstm_automl.errors import UnknownNameError
from lstm_automl.models.optimizers import NOT_DECAYED, momentum
from lstm_automl.spaces.neutral import read

Tensor = Any
State = dict[str, Tensor]
"""``weights`` and the optimiser's vectors of the same length, scalars ``iterations`` and ``product``."""

BETA_1, BETA_2, RHO, EPSILON = 0.9, 0.999, 0.9, 1e-7
NADAM_DECAY = 0.96


class Layout:
    """Where each variable lies in the vector.

    Args:
        variables: Of a network, in its order.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        self.shapes = [tuple(v.shape) for v in variables]
        self.sizes = [int(np.prod(shape, dtype=np.int64)) for shape in self.shapes]
        self.decayed = [not any(part in v.name for part in NOT_DECAYED) for v in variables]

    def join(self, values: Sequence[Any]) -> Tensor:
        """The vector of these values."""
        return tf.concat([tf.reshape(tf.convert_to_tensor(v), [-1]) for v in values], 0)

    def cut(self, vector: Tensor) -> list[Tensor]:
        """The values in this vector."""
        parts = tf.split(vector, self.sizes)
        return [tf.reshape(part, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def decay(self, rate: float) -> NDArray[np.float64]:
        """Share of each weight taken away by a step of rate 1: matrices decay, shifts and scales do not."""
        return np.repeat(np.where(self.decayed, rate, 0.0), self.sizes)


def start(values: Mapping[str, Any], weights: Tensor) -> State:
    """The state before the first step.

    Args:
        values: ``optimizer``, ``ema``.
        weights: The initial ones.

    Raises:
        UnknownNameError: no such optimiser.
    """
    name = str(read(values, "optimizer"))
    if name not in UPDATES:
        raise UnknownNameError("optimizer", name, UPDATES)
    state: State = {"weights": weights, "iterations": tf.zeros((), tf.int64), "velocity": tf.zeros_like(weights)}
    if name != "rmsprop":
        state["momentum"] = tf.zeros_like(weights)
    if name == "nadam":
        state["product"] = tf.ones((), weights.dtype)
    if read(values, "ema"):
        state["average"] = tf.zeros_like(weights)
    return state


def step(values: Mapping[str, Any], state: State, gradient: Tensor, rate: Tensor, decay: Tensor | None) -> State:
    """The state after one step.

    Args:
        values: ``optimizer``, ``clipnorm`` (0 = none).
        state: Before it.
        gradient: Of the loss.
        rate: Learning rate, float32.
        decay: From :meth:`Layout.decay`, or None.
    """
    weights, new = state["weights"], dict(state)
    rate = tf.cast(rate, weights.dtype)
    clipnorm = float(read(values, "clipnorm") or 0)
    if clipnorm:
        gradient = clipped(gradient, clipnorm)
    if decay is not None:
        weights = weights - weights * decay * rate
    count = tf.cast(state["iterations"] + 1, weights.dtype)
    new["weights"] = weights - UPDATES[str(read(values, "optimizer"))](new, gradient, rate, count)
    if "average" in state:
        kept = tf.cast(momentum(tf.cast(state["iterations"], tf.float32)), weights.dtype)
        kept = tf.where(state["iterations"] == 0, tf.zeros_like(kept), kept)
        new["average"] = kept * state["average"] + (1 - kept) * new["weights"]
    new["iterations"] = state["iterations"] + 1
    return new


def clipped(gradient: Tensor, norm: float) -> Tensor:
    """The gradient with at most this norm; all NaN when it is not finite."""
    found = tf.sqrt(2 * tf.nn.l2_loss(gradient))
    return gradient * (tf.minimum(norm / found, 1.0) + (found - found))


def _adam(state: State, gradient: Tensor, rate: Tensor, count: Tensor) -> Tensor:
    m, v = _moments(state, gradient)
    alpha = rate * tf.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
    return m * alpha / (tf.sqrt(v) + EPSILON)


def _nadam(state: State, gradient: Tensor, rate: Tensor, count: Tensor) -> Tensor:
    now = BETA_1 * (1 - 0.5 * NADAM_DECAY**count)
    after = BETA_1 * (1 - 0.5 * NADAM_DECAY ** (count + 1))
    product = state["product"] = state["product"] * now
    m, v = _moments(state, gradient)
    root = tf.sqrt(1 - BETA_2**count)
    past, new = rate * root * after / (1 - product * after), rate * root * (1 - now) / (1 - product)
    return (m * past + gradient * new) / (tf.sqrt(v) + EPSILON * root)


def _rmsprop(state: State, gradient: Tensor, rate: Tensor, count: Tensor) -> Tensor:
    v = state["velocity"] = RHO * state["velocity"] + (1 - RHO) * tf.square(gradient)
    return rate * gradient / tf.sqrt(v + EPSILON)


def _moments(state: State, gradient: Tensor) -> tuple[Tensor, Tensor]:
    m, v = state["momentum"], state["velocity"]
    state["momentum"] = m + (gradient - m) * (1 - BETA_1)
    state["velocity"] = v + (tf.square(gradient) - v) * (1 - BETA_2)
    return state["momentum"], state["velocity"]


UPDATES: Mapping[str, Callable[[State, Tensor, Tensor, Tensor], Tensor]] = {
    "nadam": _nadam,
    "adam": _adam,
    "rmsprop": _rmsprop,
}
