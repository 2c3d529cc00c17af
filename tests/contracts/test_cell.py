"""Every registered cell keeps the contract; a cell that does not is caught."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from lstm_automl import plugins
from lstm_automl.models.cells.lstm import LSTM
from lstm_automl.testing.cell import check_cell

WEIGHTS = {
    "lstm": lambda u, f: 4 * (u * (u + f) + u),
    # Keras' GRU has a second bias, inside the reset gate.
    "gru": lambda u, f: 3 * (u * (u + f) + 2 * u),
    "simple_rnn": lambda u, f: u * (u + f) + u,
}


@pytest.mark.parametrize("name", plugins.names("cell"))
def test_cell(name: str) -> None:
    cell = plugins.load("cell", name)()
    assert cell.name == name
    check_cell(cell, weights=WEIGHTS.get(name))


class _Seeded(LSTM):
    """Both directions start equal."""

    def layer(self, units: int, **options: Any) -> keras.Layer:
        layer = super().layer(units, **options)
        config = layer.get_config()
        for key in ("kernel_initializer", "recurrent_initializer"):
            config[key]["config"]["seed"] = 7
        return keras.layers.LSTM.from_config(config)


class _Deaf(LSTM):
    """Takes recurrent dropout and does nothing with it."""

    def layer(self, units: int, **options: Any) -> keras.Layer:
        return super().layer(units, **{**options, "recurrent_dropout": 0.0})


class _Short(LSTM):
    """Always the last state alone."""

    def layer(self, units: int, **options: Any) -> keras.Layer:
        return super().layer(units, **{**options, "return_sequences": False})


@pytest.mark.parametrize(
    ("cell", "complaint"),
    [(_Seeded(), "same weights"), (_Deaf(), "recurrent_dropout does nothing"), (_Short(), "return_sequences=True")],
)
def test_a_wrong_cell_is_caught(cell: LSTM, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_cell(cell)


def test_a_wrong_number_of_weights_is_caught() -> None:
    with pytest.raises(AssertionError, match="180 weights, expected 1"):
        check_cell(LSTM(), weights=lambda u, f: 1)
