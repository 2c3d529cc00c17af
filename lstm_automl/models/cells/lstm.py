"""Long short-term memory (Hochreiter and Schmidhuber 1997)."""

from __future__ import annotations

from typing import ClassVar

import keras

from lstm_automl.models.cells.stock import StockCell


class LSTM(StockCell):
    """``keras.layers.LSTM``, with a forget gate whose bias starts at 1 (Jozefowicz et al. 2015)."""

    name: ClassVar[str] = "lstm"
    kind: ClassVar[type[keras.Layer]] = keras.layers.LSTM
