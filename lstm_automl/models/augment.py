"""Augmentation of training batches, inside the graph, from the seeds of each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lstm_automl.errors import UnknownNameError

Batch = dict[str, Any]

JITTER = 0.05  # standard deviation of the noise, in standard deviations of the channel
SCALING = 0.15  # standard deviation of the factor of each channel of each example
MIXUP = 0.3  # both parameters of the beta distribution the share is drawn from


def augment(name: str, batch: Batch, lengths: Any, seed: Any) -> Batch:
    """The batch as the network sees it in training; its ``x`` is changed, its padding stays zero.

    Args:
        name: ``none``, ``jitter``, ``scaling``, ``circular_shift`` or ``mixup`` (see :func:`mix`: no change here).
        batch: Inputs by name.
        lengths: ``(batch,)`` int32 valid steps.
        seed: ``(2,)`` int32, of this step.

    Raises:
        UnknownNameError: no such augmentation.
    """
    if name not in AUGMENTATIONS:
        raise UnknownNameError("augmentation", name, AUGMENTATIONS)
    x = AUGMENTATIONS[name](batch["x"], lengths, seed)
    if "mask" in batch and x is not batch["x"]:
        x = tf.where(batch["mask"][:, :, None], x, tf.zeros_like(x))
    return {**batch, "x": x}


def mix(batch: Batch, share: Any) -> Batch:
    """Each example blended with its neighbour in the (shuffled) batch; ``share`` of itself is kept (Zhang et al. 2018).

    The loss is blended in the same way by the trainer, with :func:`neighbour` of the targets.
    """
    mixed = {}
    for name, value in batch.items():
        if name == "mask":
            mixed[name] = tf.logical_or(value, neighbour(value))
        else:
            kept = tf.cast(share, value.dtype)
            mixed[name] = kept * value + (1 - kept) * neighbour(value)
    return mixed


def neighbour(value: Any) -> Any:
    """What each example is mixed with."""
    return tf.roll(value, 1, axis=0)


def mixup_shares(steps: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """``(steps,)`` share each example keeps of itself, at least a half."""
    drawn = rng.beta(MIXUP, MIXUP, size=steps)
    return np.maximum(drawn, 1 - drawn).astype(np.float32)


def _same(x: Any, lengths: Any, seed: Any) -> Any:
    return x


def _jitter(x: Any, lengths: Any, seed: Any) -> Any:
    return x + JITTER * tf.random.stateless_normal(tf.shape(x), seed, dtype=x.dtype)


def _scaling(x: Any, lengths: Any, seed: Any) -> Any:
    shape = tf.stack([tf.shape(x)[0], 1, tf.shape(x)[2]])
    return x * (1 + SCALING * tf.random.stateless_normal(shape, seed, dtype=x.dtype))


def _circular_shift(x: Any, lengths: Any, seed: Any) -> Any:
    count, steps = tf.shape(x)[0], tf.shape(x)[1]
    shift = tf.cast(tf.random.stateless_uniform((count,), seed) * tf.cast(lengths, tf.float32), lengths.dtype)
    positions = tf.range(steps)[None, :]
    rolled = (positions + shift[:, None]) % lengths[:, None]
    return tf.gather(x, tf.where(positions < lengths[:, None], rolled, positions), batch_dims=1)


AUGMENTATIONS: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "none": _same,
    "jitter": _jitter,
    "scaling": _scaling,
    "circular_shift": _circular_shift,
    "mixup": _same,
}
