"""Normalisation of a window by its own values, undone on the forecast."""

from __future__ import annotations

from dataclasses import dataclass

import keras
from keras import ops

from lstm_automl.errors import UnknownNameError
from lstm_automl.models import masks
from lstm_automl.models.parts import Signal

NORMALIZATIONS = ("none", "last", "instance")


@dataclass(frozen=True)
class Scale:
    """What was taken from the target channels.

    Args:
        shift: ``(batch, 1, targets)``, or None.
        width: ``(batch, 1, targets)``, or None.
    """

    shift: keras.KerasTensor | None = None
    width: keras.KerasTensor | None = None

    @classmethod
    def of(cls, signal: Signal, kind: str, targets: tuple[int, ...], known: tuple[int, ...]) -> tuple[Signal, Scale]:
        """The normalised signal and how to undo it.

        Args:
            kind: ``none``; ``last`` subtracts the last valid value; ``instance`` subtracts the mean and divides
                by the standard deviation of the valid steps (Kim et al. 2022, without its learnt scale).
            targets: Channels that are forecast.
            known: Channels left as they are: covariates known ahead keep their level in past and future alike.
        """
        if kind not in NORMALIZATIONS:
            raise UnknownNameError("normalization", kind, NORMALIZATIONS)
        if kind == "none":
            return signal, cls()
        keep = _keep(known, signal.x)
        shift = masks.last_valid(signal) if kind == "last" else masks.mean(signal)
        shift = shift * keep
        moved = masks.zeroed(Signal(signal.x - shift, signal.mask, signal.encoded))
        if kind == "last":
            return moved, cls(_take(shift, targets))
        variance = masks.mean(Signal(moved.x * moved.x, signal.mask))
        width = ops.sqrt(variance + 1e-5) * keep + (1.0 - keep)
        return Signal(moved.x / width, signal.mask, signal.encoded), cls(_take(shift, targets), _take(width, targets))

    def undo(self, y: keras.KerasTensor) -> keras.KerasTensor:
        """Back to the training scale."""
        if self.width is not None:
            y = y * self.width
        return y if self.shift is None else masks.plus(y, self.shift)


def _keep(known: tuple[int, ...], x: keras.KerasTensor) -> keras.KerasTensor:
    """``(1, 1, features)``: 0 for channels left as they are."""
    flags = [[[0.0 if i in known else 1.0 for i in range(x.shape[-1])]]]
    return ops.convert_to_tensor(flags, dtype=x.dtype)


def _take(x: keras.KerasTensor, wanted: tuple[int, ...]) -> keras.KerasTensor:
    return ops.take(x, ops.convert_to_tensor(wanted, dtype="int32"), axis=-1)
