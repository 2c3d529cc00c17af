"""Convolutions before the recurrent layers: local shapes first, and with a stride fewer steps."""

from __future__ import annotations

from typing import ClassVar

import keras

from lstm_automl.models.frontends.convolution import block
from lstm_automl.models.parts import Signal, Values
from lstm_automl.spaces.neutral import read


class CNN1D:
    """``conv_layers`` blocks of ``conv_filters`` filters; the first has ``conv_stride``."""

    name: ClassVar[str] = "cnn1d"

    def before(self, signal: Signal, values: Values, seed: int) -> Signal:
        """``ceil(time / conv_stride)`` steps of ``conv_filters`` features."""
        for i in range(int(read(values, "conv_layers"))):
            signal = block(
                signal,
                int(read(values, "conv_filters", i)),
                int(read(values, "conv_kernel", i)),
                stride=int(read(values, "conv_stride")) if i == 0 else 1,
                name=f"cnn1d_{i}",
            )
        return signal

    def beside(self, signal: Signal, values: Values, seed: int) -> keras.KerasTensor | None:
        """Nothing."""
        return None
