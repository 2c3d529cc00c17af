"""What every head begins with."""

from __future__ import annotations

import keras
from keras import ops

from lstm_automl.models.parts import Network


def joined(encoded: keras.KerasTensor, network: Network, seed: int) -> keras.KerasTensor:
    """Encoded sequence and static columns in one vector, with dropout on the encoded part."""
    if network.dropout:
        encoded = keras.layers.Dropout(network.dropout, seed=seed + 1000, name="head_dropout")(encoded)
    return encoded if network.static is None else ops.concatenate([encoded, network.static], axis=-1)
