"""Dropout in the fused LSTM: one mask a sequence, applied by hand to Keras' LSTM or to one written step by step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from stock_and_fused import BATCH, SHAPES, assert_same, gaps, graded, numbers, pair, right_padded, same_weights

from lstm_automl.models.kernels.layer import FusedLSTM

RATE = 0.4
MASKS = {"no mask": lambda steps: None, "right-padded": right_padded, "gaps": gaps}


def _drawn(layer: Any, *shapes: Sequence[int]) -> list[Any]:
    """The masks that this layer draws next, from a generator of its own."""
    layer.cell.seed_generator.state.assign([3, 5])
    own = keras.random.SeedGenerator(0)
    own.state.assign([3, 5])
    return [keras.random.dropout(tf.ones(shape), RATE, seed=own) for shape in shapes]


def _steps(x: Any, layer: Any, mask: Any, kept: Any) -> Any:
    """Outputs in the order in which Keras returns them, step by step from the definition; masked steps are 0."""
    kernel, recurrent, bias = (variable.value for variable in layer.trainable_variables)
    h = c = tf.zeros((BATCH, layer.units))
    outputs = []
    for t in reversed(range(x.shape[1])) if layer.go_backwards else range(x.shape[1]):
        i, f, g, o = tf.split(x[:, t] @ kernel + (h * kept) @ recurrent + bias, 4, axis=1)
        cell = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        state, valid = tf.sigmoid(o) * tf.tanh(cell), mask[:, t, None]
        outputs.append(tf.where(valid, state, 0))
        h, c = tf.where(valid, state, h), tf.where(valid, cell, c)
    return tf.stack(outputs, axis=1)


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", SHAPES)
def test_the_input_is_dropped_once_a_sequence(name: str, mask: str, backwards: bool) -> None:
    steps, features, units = SHAPES[name]
    same: dict[str, Any] = {"go_backwards": backwards, "return_sequences": True, "right_padded": mask == "right-padded"}
    plain, _ = pair(features, units, **same)
    _, fused = pair(features, units, dropout=RATE, **same)
    assert fused.kernel_for((BATCH, steps, features)) == name.split(",")[0]
    valid, x = MASKS[mask](steps), numbers(BATCH, steps, features)
    (kept,) = _drawn(fused, (BATCH, features))
    assert len(np.unique(np.asarray(kept), axis=0)) > 1  # not one for all sequences
    found = graded(lambda x: fused(x, mask=valid, training=True), [x], fused.trainable_variables)
    right = graded(lambda x: plain(x * kept[:, None, :], mask=valid, training=True), [x], plain.trainable_variables)
    assert_same(found, right)


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("mask", ["right-padded", "gaps"])
@pytest.mark.parametrize("name", ["hoisted, unrolled", "hoisted, looped"])
@pytest.mark.parametrize("dropout", [0.0, RATE])
def test_the_state_is_dropped_once_a_sequence(name: str, mask: str, backwards: bool, dropout: float) -> None:
    steps, features, units = SHAPES[name]
    _, fused = pair(
        features, units, dropout=dropout, recurrent_dropout=RATE, go_backwards=backwards, return_sequences=True,
        zero_output_for_mask=True, right_padded=mask == "right-padded",
    )  # fmt: skip
    valid, x = MASKS[mask](steps), numbers(BATCH, steps, features)
    shapes = [(BATCH, features), (BATCH, units)]
    factors = _drawn(fused, *shapes) if dropout else [tf.ones(shapes[0]), *_drawn(fused, shapes[1])]
    found = graded(lambda x: fused(x, mask=valid, training=True), [x], fused.trainable_variables)
    right = graded(lambda x: _steps(x * factors[0][:, None], fused, valid, factors[1]), [x], fused.trainable_variables)
    assert_same(found, right)


@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("mask", ["right-padded", "gaps"])
def test_each_direction_drops_its_own(mask: str, sequences: bool) -> None:
    steps, features, units = 15, 3, 8
    layer = keras.layers.Bidirectional(
        FusedLSTM(
            units, dropout=RATE, recurrent_dropout=RATE, return_sequences=sequences, seed=1,
            right_padded=mask == "right-padded",
        )
    )  # fmt: skip
    layer.build((None, None, features))
    same_weights(layer)
    halves = layer.forward_layer, layer.backward_layer
    assert [half.kernel_for((BATCH, steps, features)) for half in halves] == ["hoisted", "hoisted"]
    valid, x = MASKS[mask](steps), numbers(BATCH, steps, features)
    factors = [_drawn(half, (BATCH, features), (BATCH, units)) for half in halves]

    def expected(x: Any) -> Any:
        outputs = [
            _steps(x * of_x[:, None], half, valid, of_h) for half, (of_x, of_h) in zip(halves, factors, strict=True)
        ]
        if sequences:
            return tf.concat([outputs[0], outputs[1][:, ::-1]], axis=2)
        return tf.concat([_last(outputs[0], valid), _last(outputs[1], valid[:, ::-1])], axis=1)

    found = graded(lambda x: layer(x, mask=valid, training=True), [x], layer.trainable_variables)
    assert_same(found, graded(expected, [x], layer.trainable_variables))


def _last(outputs: Any, valid: Any) -> Any:
    """The output of each sequence's last valid step, 0 where it has none (where the outputs are 0 as well)."""
    places = tf.range(outputs.shape[1])[None] * tf.cast(valid, tf.int32)
    return tf.gather(outputs, tf.reduce_max(places, axis=1), batch_dims=1)


@pytest.mark.parametrize("recurrent_dropout", [0.0, RATE])
@pytest.mark.parametrize("name", SHAPES)
def test_inference_drops_nothing(name: str, recurrent_dropout: float) -> None:
    steps, features, units = SHAPES[name]
    rates = {"dropout": RATE, "recurrent_dropout": recurrent_dropout}
    plain, fused = pair(features, units, return_sequences=True, return_state=True, right_padded=True, **rates)
    valid, x = right_padded(steps), numbers(BATCH, steps, features)
    before = np.array(fused.cell.seed_generator.state)
    found = graded(lambda x: fused(x, mask=valid, training=False), [x], fused.trainable_variables)
    right = graded(lambda x: plain(x, mask=valid, training=False), [x], plain.trainable_variables)
    assert_same(found, right)
    np.testing.assert_array_equal(fused(x, mask=valid)[0], found[0])
    np.testing.assert_array_equal(fused.cell.seed_generator.state, before)


@pytest.mark.parametrize("rates", [{"dropout": RATE}, {"dropout": RATE, "recurrent_dropout": RATE}], ids=["x", "x, h"])
def test_every_step_of_training_draws_anew_and_a_seed_repeats_them(rates: dict[str, float]) -> None:
    x = numbers(BATCH, 15, 3)

    def run() -> list[Any]:
        layer = FusedLSTM(8, seed=4, **rates)
        layer.build(x.shape)
        same_weights(layer)
        step = tf.function(lambda x: layer(x, training=True), autograph=False)
        return [np.array(step(x)) for _ in range(3)]

    first, second = run(), run()
    np.testing.assert_array_equal(first, second)
    assert not any(np.allclose(a, b) for a, b in pairwise(first))
