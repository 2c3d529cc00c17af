"""What Keras tests of its LSTM layer holds for the fused one, by each kernel, against an LSTM written in NumPy."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from plain_lstm import plain_lstm

from lstm_automl.models.kernels.layer import FusedLSTM

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 6, 3)).astype("float32")
RIGHT = np.arange(6)[None] < np.array([6, 2, 0, 5])[:, None]
GAPS = RNG.random((4, 6)) < 0.6
START = tuple(RNG.normal(size=(2, 4, 5)).astype("float32"))


@pytest.fixture(params=["block", "hoisted"], autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(FusedLSTM, "kernel_for", lambda self, shape: request.param)
    return str(request.param)


def _weights(layer: Any) -> list[Any]:
    found = layer.get_weights()
    return found if len(found) == 3 else [*found, np.zeros(4 * layer.units)]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("more", [{}, {"unit_forget_bias": False}, {"use_bias": False}, {"unroll": True}], ids=str)
def test_the_last_output_is_that_of_the_definition(backwards: bool, more: dict[str, Any]) -> None:
    layer = FusedLSTM(5, go_backwards=backwards, **more)
    y = layer(X)
    np.testing.assert_allclose(y, plain_lstm(X, _weights(layer), backwards=backwards)[0][:, -1], atol=1e-6)


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("mask", "right_padded"), [(RIGHT, True), (RIGHT, False), (GAPS, False)])
def test_masked_steps_leave_the_state_as_it_is(mask: Any, right_padded: bool, backwards: bool, zeros: bool) -> None:
    same: dict[str, Any] = {"go_backwards": backwards, "zero_output_for_mask": zeros, "right_padded": right_padded}
    layer, last = FusedLSTM(5, return_sequences=True, return_state=True, **same), FusedLSTM(5, **same)
    y, h, c = layer(X, mask=mask, initial_state=START)
    last(X)
    last.set_weights(layer.get_weights())
    expected = plain_lstm(X, _weights(layer), mask=mask, start=START, backwards=backwards, zeros=zeros)
    for found, right in zip((y, h, c), expected, strict=True):
        np.testing.assert_allclose(found, right, atol=1e-6)
    np.testing.assert_allclose(last(X, mask=mask, initial_state=START), expected[0][:, -1], atol=1e-6)


@pytest.mark.parametrize("backwards", [False, True])
def test_it_starts_from_the_state_it_is_given(backwards: bool) -> None:
    layer = FusedLSTM(5, go_backwards=backwards)
    y = layer(X, initial_state=START)
    np.testing.assert_allclose(y, plain_lstm(X, _weights(layer), start=START, backwards=backwards)[0][:, -1], atol=1e-6)


def test_a_stateful_layer_goes_on_where_it_ended_until_it_is_reset() -> None:
    layer = FusedLSTM(5, stateful=True)
    first, second = np.array(layer(X)), np.array(layer(X))
    outputs, h, c = plain_lstm(X, _weights(layer))
    np.testing.assert_allclose(first, outputs[:, -1], atol=1e-6)
    np.testing.assert_allclose(second, plain_lstm(X, _weights(layer), start=(h, c))[0][:, -1], atol=1e-6)
    layer.reset_state()
    np.testing.assert_array_equal(layer(X), first)
    with pytest.raises(ValueError, match="batch size"):
        layer(X[:2])


def test_regularizers_constraints_and_activity_are_the_parents() -> None:
    layer = FusedLSTM(
        5, kernel_regularizer="l2", recurrent_regularizer="l2", bias_regularizer="l1", kernel_constraint="non_neg",
        activity_regularizer="l1",
    )  # fmt: skip
    layer(X)
    assert len(layer.losses) == 4
    assert layer.cell.kernel.constraint is not None
    assert len(layer.trainable_weights) == 3


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("state", [False, True])
def test_shapes_are_those_computed_beforehand(sequences: bool, state: bool) -> None:
    layer = FusedLSTM(5, return_sequences=sequences, return_state=state)
    found = layer(X)
    shapes = layer.compute_output_shape(X.shape)
    pairs = zip(found, shapes, strict=True) if state else [(found, shapes)]
    assert all(tuple(y.shape) == tuple(shape) for y, shape in pairs)


@pytest.mark.parametrize("steps", [1, 2, 13, 15, 16])
def test_any_number_of_steps_known_or_not(steps: int) -> None:
    x = RNG.normal(size=(4, steps, 3)).astype("float32")
    layer = FusedLSTM(5, return_sequences=True)
    layer(x)
    expected = plain_lstm(x, _weights(layer))[0]
    unknown = tf.function(layer, input_signature=[tf.TensorSpec((None, None, 3))], autograph=False)
    np.testing.assert_allclose(unknown(x), expected, atol=1e-6)
    np.testing.assert_allclose(tf.function(layer, autograph=False)(x), expected, atol=1e-6)


def test_whole_numbers_are_read_as_numbers() -> None:
    layer = FusedLSTM(5)
    np.testing.assert_array_equal(layer(np.array([[[1], [2]]])), layer(np.array([[[1.0], [2.0]]], "float32")))


def test_padding_changes_nothing() -> None:
    layer = keras.layers.Bidirectional(FusedLSTM(5, right_padded=True))
    padded = np.pad(X, ((0, 0), (0, 7), (0, 0)))
    mask = np.arange(13)[None].repeat(4, 0) < 6
    np.testing.assert_allclose(layer(padded, mask=mask), layer(X), atol=1e-6)


def test_equal_calls_give_equal_bits(kernel: str) -> None:
    def run() -> list[Any]:
        keras.utils.set_random_seed(3)
        rate = 0.3 if kernel == "hoisted" else 0.0
        layer = FusedLSTM(5, dropout=0.3, recurrent_dropout=rate, seed=1)
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(layer(X, training=True) ** 2)
        return [np.array(g) for g in tape.gradient(y, [v.value for v in layer.trainable_variables])]

    for a, b in zip(run(), run(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("steps", [6, 18])
def test_prediction_saves_nothing_and_gives_the_same_bits(steps: int) -> None:
    x = RNG.normal(size=(4, steps, 3)).astype("float32")
    layer = FusedLSTM(5, return_sequences=True)
    layer(x)
    signature = [tf.TensorSpec((None, None, 3))]
    traced = [
        tf.function(partial(layer, training=training), input_signature=signature, autograph=False)
        for training in (False, True)
    ]
    np.testing.assert_array_equal(traced[0](x), traced[1](x))
    np.testing.assert_array_equal(layer(x, training=False), layer(x, training=True))
    without, kept = (_pushes(f.get_concrete_function()) for f in traced)
    assert without <= kept / 7  # the output alone, of an output and six more


def _pushes(function: Any) -> int:
    """Values that the loops of a graph put by in each round."""
    nodes = [n for f in function.graph.as_graph_def().library.function for n in f.node_def]
    return sum(n.op == "TensorListPushBack" for n in nodes)
