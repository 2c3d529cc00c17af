"""What Keras tests of its Bidirectional layer holds with the fused LSTM in it, by each kernel."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from plain_lstm import plain_lstm

from lstm_automl.models.builder import build
from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.kernels.layer import FusedLSTM
from lstm_automl.tasks.task import HeadSpec

RNG = np.random.default_rng(1)
X = RNG.normal(size=(4, 6, 3)).astype("float32")
GAPS = RNG.random((4, 6)) < 0.6
START = RNG.normal(size=(4, 4, 5)).astype("float32")


@pytest.fixture(params=["block", "hoisted"], autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(FusedLSTM, "kernel_for", lambda self, shape: request.param)
    return str(request.param)


def _expected(layer: Any, *, mask: Any = None, start: Any = None, zeros: bool = False) -> tuple[Any, Any]:
    """Outputs of both directions in time's order, and their states."""
    halves = [None, None] if start is None else [tuple(start[:2]), tuple(start[2:])]
    one, other = (
        plain_lstm(X, part.get_weights(), mask=mask, start=half, backwards=part.go_backwards, zeros=zeros)
        for part, half in zip((layer.forward_layer, layer.backward_layer), halves, strict=True)
    )
    return (one[0], other[0]), (*one[1:], *other[1:])


MERGED = {
    "concat": lambda a, b: np.concatenate([a, b], -1),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) / 2,
    "mul": lambda a, b: a * b,
    None: lambda a, b: (a, b),
}


@pytest.mark.parametrize("mode", MERGED)
@pytest.mark.parametrize("sequences", [False, True])
def test_every_merge_mode(mode: str | None, sequences: bool) -> None:
    layer = keras.layers.Bidirectional(FusedLSTM(5, return_sequences=sequences), merge_mode=mode)
    found = layer(X)
    a, b = _expected(layer)[0]
    right = MERGED[mode](a, b[:, ::-1]) if sequences else MERGED[mode](a[:, -1], b[:, -1])
    np.testing.assert_allclose(found, right, atol=1e-6)
    shapes = layer.compute_output_shape(X.shape)
    for y, shape in zip(found, shapes, strict=True) if mode is None else [(found, shapes)]:
        assert tuple(y.shape) == tuple(shape)


@pytest.mark.parametrize("sequences", [False, True])
def test_masked_steps_count_in_neither_direction(sequences: bool) -> None:
    layer = keras.layers.Bidirectional(FusedLSTM(5, return_sequences=sequences))
    found = layer(X, mask=GAPS)
    a, b = _expected(layer, mask=GAPS, zeros=sequences)[0]
    right = MERGED["concat"](a, b[:, ::-1]) if sequences else MERGED["concat"](a[:, -1], b[:, -1])
    np.testing.assert_allclose(found, right, atol=1e-6)


def test_states_go_in_and_come_out() -> None:
    layer = keras.layers.Bidirectional(FusedLSTM(5, return_state=True))
    found = layer(X, initial_state=list(START))
    (a, b), states = _expected(layer, start=START)
    for y, right in zip(found, (MERGED["concat"](a[:, -1], b[:, -1]), *states), strict=True):
        np.testing.assert_allclose(y, right, atol=1e-6)


def test_a_stateful_layer_goes_on_where_it_ended_until_it_is_reset() -> None:
    layer = keras.layers.Bidirectional(FusedLSTM(5, stateful=True))
    first, second = np.array(layer(X)), np.array(layer(X))
    a, b = _expected(layer, start=_expected(layer)[1])[0]
    np.testing.assert_allclose(second, MERGED["concat"](a[:, -1], b[:, -1]), atol=1e-6)
    layer.reset_state()
    np.testing.assert_array_equal(layer(X), first)


def test_two_layers_of_its_own() -> None:
    backward = FusedLSTM(5, go_backwards=True)
    layer = keras.layers.Bidirectional(FusedLSTM(5), backward_layer=backward, merge_mode="sum")
    found = layer(X)
    a, b = _expected(layer)[0]
    np.testing.assert_allclose(found, a[:, -1] + b[:, -1], atol=1e-6)
    assert len(layer.trainable_weights) == 6


def test_it_comes_back_fused_from_its_config() -> None:
    layer = keras.layers.Bidirectional(FusedLSTM(5, right_padded=True))
    again = keras.layers.Bidirectional.from_config(layer.get_config())
    for part in (again.forward_layer, again.backward_layer):
        assert type(part) is FusedLSTM
        assert part.right_padded


@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.1])
@pytest.mark.parametrize("units", [8, 300])
def test_every_direction_of_a_built_stack_is_fused(units: int, recurrent_dropout: float) -> None:
    values = {"num_layers": 2, "units": units, "bidirectional": True, "recurrent_dropout": recurrent_dropout}
    model = build(InputSpec(3), HeadSpec("value", 1, "mse"), values, seed=1, fast=True)
    for i in (0, 1):
        layer = model.get_layer(f"recurrent_{i}")
        for part in (layer.forward_layer, layer.backward_layer):
            assert type(part) is FusedLSTM
            assert part.fused
