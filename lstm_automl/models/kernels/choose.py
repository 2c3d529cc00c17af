"""Swap a stock recurrent layer for the fused one."""

from __future__ import annotations

import keras
import tensorflow as tf

from lstm_automl.models.kernels.fused import fusable
from lstm_automl.models.kernels.layer import FusedGRU, FusedLSTM, FusedSimpleRNN

FUSED = {keras.layers.LSTM: FusedLSTM, keras.layers.GRU: FusedGRU, keras.layers.SimpleRNN: FusedSimpleRNN}


def fast(layer: keras.Layer) -> keras.Layer:
    """The same layer, unbuilt, on the kernels of :mod:`lstm_automl.models.kernels.rule`, for right-padded batches.

    On a GPU the stock layer stays: cuDNN is better there. So does a layer that the kernels do not compute.

    >>> type(fast(keras.layers.LSTM(8))).__name__, type(fast(keras.layers.GRU(8, reset_after=False))).__name__
    ('FusedLSTM', 'GRU')
    """
    fused = FUSED.get(type(layer))
    if fused is None or not fusable(layer) or tf.config.list_physical_devices("GPU"):
        return layer
    # Keras leaves the seed out of its simple RNN's config.
    return fused.from_config({**layer.get_config(), "seed": layer.cell.seed, "right_padded": True})
