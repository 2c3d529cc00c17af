"""What every cell promises, as checks for authors of cells: ``check_cell(MyCell())`` in a test of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.parts import Cell
from lstm_automl.testing import network

FEATURES, UNITS = 3, 5


def check_cell(cell: Cell, *, weights: Callable[[int, int], int] | None = None) -> None:
    """Run every check.

    Args:
        cell: The cell.
        weights: ``(units, features) -> number of weights`` of one layer, e.g. ``4 * (u * (u + f) + u)`` of an LSTM;
            None = not checked.

    Raises:
        AssertionError: naming the promise that is broken.
    """
    assert cell.name, "a cell has a name"
    for sequences in (False, True):
        _check_shape(cell, sequences)
    if weights is not None:
        found = _model(cell, "float32").count_params()
        assert found == weights(UNITS, FEATURES), f"{found} weights, expected {weights(UNITS, FEATURES)}"
    for dtype in ("float32", "float64"):
        for bidirectional in (False, True):
            model = _model(cell, dtype, bidirectional=bidirectional)
            batch = network.ragged(InputSpec(FEATURES, dtype=dtype))
            assert network.run(model, batch).dtype == dtype, f"{dtype} in, {network.run(model, batch).dtype} out"
            network.check_padding(model, batch, network.TOLERANCE[dtype])
            network.check_saved(model, batch)
    network.check_repeats(lambda: _model(cell, "float32", bidirectional=True, dropout=0.2))
    _check_directions(cell)
    for option in ("dropout", "recurrent_dropout"):
        _check_dropout(cell, option)


def _layer(cell: Cell, **options: Any) -> keras.Layer:
    given = {"dropout": 0.0, "recurrent_dropout": 0.0, "return_sequences": False, "seed": 3, "name": "cell"}
    return cell.layer(UNITS, **{**given, **options})


def _model(cell: Cell, dtype: str, *, bidirectional: bool = False, **options: Any) -> keras.Model:
    def graph(tensors: dict[str, keras.KerasTensor]) -> keras.KerasTensor:
        layer = _layer(cell, **options)
        if bidirectional:
            layer = keras.layers.Bidirectional(layer)
        return layer(tensors["x"], mask=tensors["mask"])

    return network.network(InputSpec(FEATURES, dtype=dtype), graph)


def _check_shape(cell: Cell, sequences: bool) -> None:
    model = _model(cell, "float32", return_sequences=sequences)
    expected = (None, None, UNITS) if sequences else (None, UNITS)
    assert model.output_shape == expected, f"return_sequences={sequences}: {model.output_shape}, not {expected}"


def _check_directions(cell: Cell) -> None:
    layer = next(v for v in _model(cell, "float32", bidirectional=True).layers if "bidirectional" in v.name)
    forward, backward = layer.forward_layer, layer.backward_layer
    assert type(forward) is type(backward), f"directions of types {type(forward)} and {type(backward)}"
    equal = all(np.array_equal(a, b) for a, b in zip(forward.get_weights(), backward.get_weights(), strict=True))
    assert not equal, "both directions start with the same weights: leave initialisers without a seed"


def _check_dropout(cell: Cell, option: str) -> None:
    given: dict[str, Any] = {option: 0.5}
    model = _model(cell, "float32", **given)
    batch = network.ragged(InputSpec(FEATURES))
    still = network.run(model, batch)
    np.testing.assert_array_equal(still, network.run(model, batch), err_msg=f"{option} acts outside training")
    assert np.abs(network.run(model, batch, training=True) - still).max() > 1e-6, f"{option} does nothing"
