"""Swap a stock LSTM layer for the fused one."""

from __future__ import annotations

import keras
import tensorflow as tf

from lstm_automl.models.kernels.layer import FusedLSTM, fusable


def fast(layer: keras.Layer) -> keras.Layer:
    """The same layer, unbuilt, on the kernels of :mod:`lstm_automl.models.kernels.rule`, for right-padded batches.

    On a GPU the stock layer stays: cuDNN is better there. So does a layer that the kernels do not compute.

    >>> type(fast(keras.layers.LSTM(8))).__name__, type(fast(keras.layers.GRU(8))).__name__
    ('FusedLSTM', 'GRU')
    """
    if type(layer) is not keras.layers.LSTM or not fusable(layer) or tf.config.list_physical_devices("GPU"):
        return layer
    return FusedLSTM.from_config({**layer.get_config(), "right_padded": True})
