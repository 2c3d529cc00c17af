"""A fully convolutional branch beside the recurrent layers (LSTM-FCN, Karim et al. 2018)."""

from __future__ import annotations

from typing import ClassVar

import keras

from lstm_automl.models.frontends.convolution import block
from lstm_automl.models.parts import Signal, Values
from lstm_automl.models.pooling import pool
from lstm_automl.spaces.neutral import read

_KERNELS = (1.0, 0.625, 0.375)
"""Each block's share of ``conv_kernel``: 8, 5, 3 in the paper."""


class FCN:
    """Blocks of f, 2f, ..., f filters with shrinking kernels, pooled over time by mean and maximum."""

    name: ClassVar[str] = "fcn"

    def before(self, signal: Signal, values: Values, seed: int) -> Signal:
        """The recurrent layers read the sequence as it is."""
        return signal

    def beside(self, signal: Signal, values: Values, seed: int) -> keras.KerasTensor | None:
        """``(batch, 2 * conv_filters)``."""
        count, kernel = int(read(values, "conv_layers")), int(read(values, "conv_kernel"))
        filters = int(read(values, "conv_filters"))
        for i in range(count):
            inner = 0 < i < count - 1
            share = _KERNELS[min(i, len(_KERNELS) - 1)]
            signal = block(signal, 2 * filters if inner else filters, max(2, round(kernel * share)), name=f"fcn_{i}")
        return pool("mean_max", signal)
