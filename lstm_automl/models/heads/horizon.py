"""The next steps of every target channel: patches and a model for each channel by itself (Nie et al. 2023), and a
linear map beside the network (Zeng et al. 2023).
"""

from __future__ import annotations

from typing import ClassVar

import keras
from keras import layers, ops

from lstm_automl.errors import UsageError
from lstm_automl.models import masks
from lstm_automl.models.heads.join import joined
from lstm_automl.models.heads.scale import Scale
from lstm_automl.models.heads.series import merged, repeated, separate
from lstm_automl.models.parts import Network, Signal, Values
from lstm_automl.spaces.neutral import read
from lstm_automl.tasks.task import HeadSpec


class Horizon:
    """Forecasts on the training scale ``(batch, horizon, targets)``."""

    name: ClassVar[str] = "horizon"

    def build(self, network: Network, spec: HeadSpec, values: Values, seed: int) -> keras.KerasTensor:
        """Normalise the window, encode it, map it to all steps at once, and undo the normalisation."""
        targets = tuple(spec.options.get("target_channels", range(spec.outputs)))
        if len(targets) != spec.outputs:
            raise UsageError(f"horizon head: {spec.outputs} outputs for {len(targets)} target channels")
        known = tuple(spec.options.get("known_channels", ()))
        signal, scale = Scale.of(network.raw, str(read(values, "normalization")), targets, known)
        if read(values, "channel_independent"):
            y = self._independent(network, signal, spec, values, targets, seed)
        else:
            y = decoded(network, signal, spec.horizon, spec.outputs, values, seed)
            y = _with_skip(y, masks.aligned_right(signal), targets, spec.horizon, values)
        return layers.Activation("linear", name="head")(scale.undo(y))

    def _independent(
        self,
        network: Network,
        signal: Signal,
        spec: HeadSpec,
        values: Values,
        targets: tuple[int, ...],
        seed: int,
    ) -> keras.KerasTensor:
        """Every target channel is a series of its own; the weights are shared and other channels unused."""
        count = len(targets)
        single = separate(Signal(channels(signal.x, targets), signal.mask), count)
        each = Network(
            raw=single,
            static=None if network.static is None else repeated(network.static, count),
            known=None if network.known is None else repeated(network.known, count),
            encode=network.encode,
            dropout=network.dropout,
        )
        y = decoded(each, single, spec.horizon, 1, values, seed)
        y = _with_skip(y, masks.aligned_right(single), (0,), spec.horizon, values)
        return merged(y, count)


def decoded(
    network: Network, signal: Signal, horizon: int, outputs: int, values: Values, seed: int
) -> keras.KerasTensor:
    """``(batch, horizon, outputs)`` from the encoded window, static columns and covariates known ahead.

    Args:
        network: Encoder and covariates.
        signal: The normalised window.
        horizon: Steps ahead.
        outputs: Targets.
        values: ``patch``.
        seed: Of dropout.
    """
    x = joined(network.encode(signal, int(read(values, "patch"))), network, seed)
    direct = layers.Dense(horizon * outputs, name="steps")(x)
    y = layers.Reshape((horizon, outputs), name="steps_by_time")(direct)
    if network.known is None:
        return y
    # What is known of a step meets what the window says about it, step by step.
    width = max(16, outputs)
    context = layers.Dense(width, name="context")(x)
    context = ops.repeat(ops.expand_dims(context, 1), horizon, axis=1)
    step = ops.concatenate([context, y, network.known], axis=-1)
    step = layers.Dense(2 * width, activation="relu", name="known_hidden")(step)
    return y + layers.Dense(outputs, name="known_out")(step)


def channels(x: keras.KerasTensor, wanted: tuple[int, ...]) -> keras.KerasTensor:
    """These channels of ``x``, in this order."""
    if wanted == tuple(range(x.shape[-1])):
        return x
    return ops.take(x, ops.convert_to_tensor(wanted, dtype="int32"), axis=-1)


def _with_skip(
    y: keras.KerasTensor, window: keras.KerasTensor, targets: tuple[int, ...], horizon: int, values: Values
) -> keras.KerasTensor:
    """Add a linear map from a target's window to its next steps, the same for all targets."""
    if not read(values, "linear_skip"):
        return y
    if window.shape[1] is None:
        raise UsageError("linear_skip needs a window: set window to a number of steps")
    own = ops.transpose(channels(window, targets), (0, 2, 1))
    # From zero: at the start the network is what it is without the skip.
    steps = layers.Dense(horizon, kernel_initializer="zeros", name="linear_skip")(own)
    return y + ops.transpose(steps, (0, 2, 1))
