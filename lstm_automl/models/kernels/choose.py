"""Swap a stock LSTM layer for the fused one where the rule says so."""

from __future__ import annotations

import keras
import tensorflow as tf

from lstm_automl.models.kernels.layer import FusedLSTM
from lstm_automl.models.kernels.rule import kernel


def fast(layer: keras.Layer) -> keras.Layer:
    """The same layer, unbuilt, on the kernel of :func:`lstm_automl.models.kernels.rule.kernel`.

    >>> type(fast(keras.layers.LSTM(8))).__name__, type(fast(keras.layers.GRU(8))).__name__
    ('FusedLSTM', 'GRU')
    """
    # The block kernel exists in float32 alone.
    if type(layer) is not keras.layers.LSTM or layer.compute_dtype != "float32":
        return layer
    gpu = bool(tf.config.list_physical_devices("GPU"))
    if kernel(layer.units, layer.recurrent_dropout, gpu=gpu) == "plain":
        return layer
    return FusedLSTM.from_config(layer.get_config())
