"""Recurrent layer without gates (Elman 1990): what LSTM is compared with."""

from __future__ import annotations

from typing import ClassVar

import keras

from lstm_automl.models.cells.stock import StockCell


class SimpleRNN(StockCell):
    """``keras.layers.SimpleRNN``."""

    name: ClassVar[str] = "simple_rnn"
    kind: ClassVar[type[keras.Layer]] = keras.layers.SimpleRNN
