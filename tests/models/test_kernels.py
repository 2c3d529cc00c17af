"""The fused LSTM gives Keras' results: forward, gradients, masks, directions, states, dropout."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_automl.models.kernels.choose import fast
from lstm_automl.models.kernels.layer import FusedLSTM


@pytest.fixture(params=["block", "hoisted"], autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(FusedLSTM, "kernel_for", lambda self, shape: request.param)
    return str(request.param)


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


def _run(layer: Any, x: Any, mask: Any, sequences: bool, training: bool = False) -> tuple[Any, Any]:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, mask=mask, training=training)
        if sequences and mask is not None:
            y *= tf.cast(mask, y.dtype)[:, :, None]
        value = tf.reduce_sum(tf.sin(3 * y))
    return y, tape.gradient(value, [x, *(v.value for v in layer.trainable_variables)])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_forward_and_every_gradient_equal_keras(
    bidirectional: bool, sequences: bool, masked: bool, training: bool
) -> None:
    plain, fused, x, mask = _both(bidirectional, masked, return_sequences=sequences)
    y, gradients = _run(plain, x, mask, sequences, training)
    z, others = _run(fused, x, mask, sequences, training)
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


@pytest.mark.parametrize("sequences", [False, True])
def test_recurrent_dropout_equals_keras_with_one_mask(sequences: bool, kernel: str) -> None:
    if kernel == "block":
        pytest.skip("the block kernel has no place for it, and the rule never sends it there")
    plain, fused, x, _ = _both(False, False, recurrent_dropout=0.4, return_sequences=sequences, seed=7)
    kept = keras.random.dropout(tf.ones((6, 8)), 0.4, seed=1)
    plain.cell.get_recurrent_dropout_mask = lambda state: [kept] * 4
    fused.cell.get_recurrent_dropout_mask = lambda state: kept
    (y, gradients), (z, others) = (_run(layer, x, None, sequences, training=True) for layer in (plain, fused))
    np.testing.assert_allclose(y, z, atol=1e-6)
    for a, b in zip(gradients, others, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-5)
    assert not np.allclose(z, fused(x))


def test_dropout_masks_are_drawn_in_training_alone() -> None:
    layer = FusedLSTM(8, dropout=0.4)
    x = tf.ones((6, 9, 5))
    layer(x, training=True)
    before = np.array(layer.cell.seed_generator.state)
    layer(x, training=False)
    np.testing.assert_array_equal(layer.cell.seed_generator.state, before)
    layer(x, training=True)
    assert (np.array(layer.cell.seed_generator.state) != before).any()


@pytest.mark.parametrize("shape", [(2, 1, 1, 1), (3, 8, 2, 5), (5, 14, 40, 3), (2, 30, 3, 33)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_equal_keras_over_shapes(shape: tuple[int, ...], dtype: str, kernel: str) -> None:
    if (kernel, dtype) == ("block", "float64"):
        pytest.skip("the block kernel exists in float32 alone, and the rule never sends float64 there")
    batch, steps, features, units = shape
    x = tf.constant(np.random.default_rng(0).normal(size=(batch, steps, features)), dtype)
    layers = [cls(units, return_sequences=True, dtype=dtype) for cls in (keras.layers.LSTM, FusedLSTM)]
    for layer in layers:
        layer(x)
    layers[1].set_weights(layers[0].get_weights())
    (y, gradients), (z, others) = (_run(layer, x, None, True, training=True) for layer in layers)
    close = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(y, z, atol=close)
    for a, b in zip(gradients, others, strict=True):
        np.testing.assert_allclose(a, b, atol=close * max(1, np.abs(a).max()))


@pytest.mark.parametrize(
    "layer",
    [
        lambda: keras.layers.LSTM(8, activation="relu"),
        lambda: keras.layers.LSTM(8, recurrent_activation="hard_sigmoid"),
        lambda: keras.layers.LSTM(8, dtype="float16"),
        lambda: keras.layers.GRU(8, reset_after=False),
    ],
    ids=["activation", "recurrent activation", "float16", "gru, reset before"],
)
def test_layers_that_the_kernels_do_not_compute_stay_as_they_are(layer: Any) -> None:
    made = layer()
    assert fast(made) is made


def test_a_gpu_keeps_the_stock_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    made = keras.layers.LSTM(8)
    assert type(fast(made)) is FusedLSTM
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one"] if kind == "GPU" else [])
    assert fast(made) is made
