"""The fused LSTM gives Keras' results: forward, gradients, masks, directions, states, dropout."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_automl.models.kernels.choose import fast
from lstm_automl.models.kernels.layer import FusedLSTM

LENGTHS = np.array([9, 3, 5, 1, 7, 9])


def _made(cls: type[Any], bidirectional: bool, **arguments: Any) -> Any:
    layer = cls(8, **arguments)
    return keras.layers.Bidirectional(layer) if bidirectional else layer


def _both(bidirectional: bool, masked: bool, **arguments: Any) -> tuple[Any, Any, Any, Any]:
    x = np.random.default_rng(0).normal(size=(6, 9, 5)).astype("float32")
    mask = np.arange(9)[None] < LENGTHS[:, None] if masked else None
    if mask is not None:
        x *= mask[:, :, None]
    plain, fused = (_made(c, bidirectional, **arguments) for c in (keras.layers.LSTM, FusedLSTM))
    tensor, mask = tf.constant(x), None if mask is None else tf.constant(mask)
    plain(tensor, mask=mask), fused(tensor, mask=mask)
    fused.set_weights(plain.get_weights())
    return plain, fused, tensor, mask


def _run(layer: Any, x: Any, mask: Any, sequences: bool) -> tuple[Any, Any]:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, mask=mask)
        if sequences and mask is not None:
            y *= tf.cast(mask, y.dtype)[:, :, None]
        value = tf.reduce_sum(tf.sin(3 * y))
    return y, tape.gradient(value, [x, *(v.value for v in layer.trainable_variables)])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_forward_and_every_gradient_equal_keras(bidirectional: bool, sequences: bool, masked: bool) -> None:
    plain, fused, x, mask = _both(bidirectional, masked, return_sequences=sequences)
    y, gradients = _run(plain, x, mask, sequences)
    z, others = _run(fused, x, mask, sequences)
    np.testing.assert_allclose(y, z, atol=1e-6)
    for a, b in zip(gradients, others, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_states_backwards_and_initial_state_equal_keras(masked: bool) -> None:
    plain, fused, x, mask = _both(False, masked, return_state=True, go_backwards=True)
    start = [tf.ones((6, 8)), tf.fill((6, 8), 0.5)]
    for a, b in zip(plain(x, mask=mask, initial_state=start), fused(x, mask=mask, initial_state=start), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_dropout_draws_the_same_mask_as_keras() -> None:
    plain, fused, x, _ = _both(False, False, dropout=0.4, seed=7)
    for layer in (plain, fused):
        layer.cell.seed_generator.state.assign([1, 2])
    np.testing.assert_allclose(plain(x, training=True), fused(x, training=True), atol=1e-6)
    assert not np.allclose(fused(x, training=True), fused(x, training=False))


def test_both_directions_of_a_bidirectional_layer_are_fused() -> None:
    layer = keras.layers.Bidirectional(fast(keras.layers.LSTM(8)))
    assert type(layer.forward_layer) is FusedLSTM
    assert type(layer.backward_layer) is FusedLSTM


@pytest.mark.parametrize(
    "layer",
    [
        lambda: keras.layers.LSTM(128),
        lambda: keras.layers.LSTM(8, recurrent_dropout=0.1),
        lambda: keras.layers.LSTM(8, dtype="float64"),
        lambda: keras.layers.GRU(8),
    ],
    ids=["wide", "recurrent dropout", "float64", "gru"],
)
def test_other_layers_stay_as_they_are(layer: Any) -> None:
    made = layer()
    assert fast(made) is made
