"""Keras' LSTM and the fused one with the same weights, and what is asked of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lstm_automl.models.kernels.layer import FusedLSTM

SHAPES = {
    "block, unrolled": (9, 3, 5),
    "block, looped": (17, 3, 5),
    "hoisted, unrolled": (9, 64, 24),
    "hoisted, looped": (17, 128, 24),
}
"""Steps, features and units for which the rule names each kernel, and each form of it."""

BATCH = 5


def numbers(*shape: int, seed: int = 0, scale: float = 1.0) -> Any:
    """Normal float32 numbers."""
    return tf.constant(np.random.default_rng(seed).normal(0, scale, shape).astype("float32"))


def right_padded(steps: int) -> Any:
    """A mask of every kind of length: all steps, one, none."""
    return tf.sequence_mask([steps, 1, steps - 2, 0, steps // 2], steps)


def gaps(steps: int) -> Any:
    """A mask with gaps, one row without valid steps and one without others."""
    mask = np.random.default_rng(3).random((BATCH, steps)) < 0.6
    mask[1], mask[2] = False, True
    return tf.constant(mask)


def same_weights(*models: Any) -> None:
    """Give all the same weights, none of them zero, of which the gates stay inside of their range."""
    rng = np.random.default_rng(7)
    weights = [rng.normal(0, 0.6 / max(1, w.shape[0]) ** 0.5, w.shape) for w in models[0].get_weights()]
    for model in models:
        model.set_weights(weights)


def pair(features: int, units: int, **arguments: Any) -> tuple[Any, FusedLSTM]:
    """Keras' layer and ours; ``right_padded`` is for ours alone."""
    own = {"right_padded": arguments.pop("right_padded", False)}
    layers = keras.layers.LSTM(units, **arguments), FusedLSTM(units, **own, **arguments)
    for layer in layers:
        layer.build((None, None, features))
    same_weights(*layers)
    return layers


def graded(call: Callable[..., Any], inputs: Sequence[Any], variables: Sequence[Any]) -> list[Any]:
    """Outputs of a call, and the gradients of a loss that weighs every number of them differently.

    They are those of the inputs and then those of the variables.
    """
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = tf.nest.flatten(call(*inputs))
        terms = [tf.reduce_sum(numbers(*y.shape, seed=20 + k) * tf.sin(2 * y)) for k, y in enumerate(outputs)]
        loss = tf.add_n(terms)
    return [*outputs, *tape.gradient(loss, [*inputs, *(v.value for v in variables)])]


def assert_same(found: Sequence[Any], right: Sequence[Any], close: float = 1e-5) -> None:
    """Equal to ``close`` relative to the largest number of each tensor; none is missing or all zero."""
    for k, (a, b) in enumerate(zip(found, right, strict=True)):
        scale = np.abs(b).max()
        assert scale > 0, f"tensor {k} says nothing"
        np.testing.assert_allclose(a, b, rtol=0, atol=close * scale, err_msg=f"tensor {k}")
