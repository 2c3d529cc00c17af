"""The recurrent stack against one written in NumPy: an LSTM in both directions over ragged rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstm_automl.models.builder import build
from lstm_automl.models.inputs import InputSpec
from lstm_automl.tasks.task import HeadSpec
from lstm_automl.testing import network as n

Rows = NDArray[np.floating]
SPEC = InputSpec(3, dtype="float64")
VALUE = HeadSpec("value", 1, "mse")


def _sigmoid(z: Rows) -> Rows:
    return 1 / (1 + np.exp(-z))


def _lstm(rows: Rows, weights: list[Rows]) -> Rows:
    """States ``(time, units)``; gates in Keras' order: input, forget, candidate, output."""
    kernel, recurrent, bias = weights
    h = c = np.zeros(len(recurrent))
    states = []
    for row in rows:
        i, f, g, o = np.split(row @ kernel + h @ recurrent + bias, 4)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states)


def test_a_bidirectional_stack_equals_the_definition() -> None:
    values = {"num_layers": 2, "units_0": 4, "units_1": 3, "bidirectional": True}
    model = build(SPEC, VALUE, values, seed=1)
    batch = n.ragged(SPEC)
    layers = [model.get_layer(f"recurrent_{i}") for i in (0, 1)]
    (f0, b0), (f1, b1) = [(x.forward_layer.get_weights(), x.backward_layer.get_weights()) for x in layers]
    kernel, bias = model.get_layer("head").get_weights()
    for i, steps in enumerate(n.LENGTHS):
        rows = batch["x"][i, :steps]
        first = np.concatenate([_lstm(rows, f0), _lstm(rows[::-1], b0)[::-1]], axis=1)
        top = np.concatenate([_lstm(first, f1)[-1], _lstm(first[::-1], b1)[-1]])
        np.testing.assert_allclose(n.run(model, batch)[i], top @ kernel + bias, atol=1e-12)


def test_the_forget_bias_starts_at_one() -> None:
    bias = build(SPEC, VALUE, {"units": 4}, seed=1).get_layer("recurrent_0").get_weights()[2]
    np.testing.assert_array_equal(bias, np.repeat([0.0, 1.0, 0.0, 0.0], 4))


def test_recurrent_kernels_start_orthogonal() -> None:
    kernel = build(SPEC, VALUE, {"cell": "simple_rnn", "units": 5}, seed=1).get_layer("recurrent_0").get_weights()[1]
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(5), atol=1e-6)
