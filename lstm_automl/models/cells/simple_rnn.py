"""Recurrent layer without gates: what LSTM is compared with."""

from __future__ import annotations

from typing import ClassVar

import keras


class SimpleRNN:
    """``keras.layers.SimpleRNN`` with Keras' defaults: Glorot kernels, orthogonal recurrent kernels."""

    name: ClassVar[str] = "simple_rnn"

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
        return keras.layers.SimpleRNN(
            units,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=return_sequences,
            seed=seed,
            name=name,
        )
