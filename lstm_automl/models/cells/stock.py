"""A recurrent layer of Keras, as a cell."""

from __future__ import annotations

from typing import ClassVar

import keras


class StockCell:
    """Keras' defaults: Glorot kernels, orthogonal recurrent kernels.

    Attributes:
        kind: The layer.
    """

    kind: ClassVar[type[keras.Layer]]

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
        return self.kind(
            units,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=return_sequences,
            seed=seed,
            name=name,
        )
