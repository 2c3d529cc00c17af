"""Gated recurrent unit."""

from __future__ import annotations

from typing import ClassVar

import keras


class GRU:
    """``keras.layers.GRU`` with Keras' defaults: Glorot kernels, orthogonal recurrent kernels."""

    name: ClassVar[str] = "gru"

    def layer(
        self,
        units: int,
        *,
        dropout: float,
        recurrent_dropout: float,
        return_sequences: bool,
        seed: int,
        name: str,
    ) -> keras.Layer:
        """See :class:`lstm_automl.models.parts.Cell`."""
        return keras.layers.GRU(
            units,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=return_sequences,
            seed=seed,
            name=name,
        )
