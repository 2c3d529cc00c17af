"""Gated recurrent unit (Cho et al. 2014)."""

from __future__ import annotations

from typing import ClassVar

import keras

from lstm_automl.models.cells.stock import StockCell


class GRU(StockCell):
    """``keras.layers.GRU``, its reset gate after the product."""

    name: ClassVar[str] = "gru"
    kind: ClassVar[type[keras.Layer]] = keras.layers.GRU
