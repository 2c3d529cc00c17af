"""The rule that names the kernel."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_automl.models.kernels import rule
from lstm_automl.models.kernels.layer import FusedLSTM, FusedSimpleRNN


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "block"),
        ({"dtype": "float64"}, "hoisted"),
        ({"kept": True}, "hoisted"),
        ({"dtype": "float16"}, "plain"),
        ({"dtype": "bfloat16", "kept": True}, "plain"),
    ],
)
def test_what_the_block_kernel_cannot_do(arguments: dict[str, object], expected: str) -> None:
    assert rule.kernel(100, 8, 32, **arguments) == expected  # type: ignore[arg-type]


def test_small_products_go_to_the_block_kernel_and_large_ones_do_not() -> None:
    assert [rule.kernel(100, 8, units) for units in (16, 32, 128)] == ["block", "block", "hoisted"]
    assert rule.kernel(100, 256, 64) == "hoisted"


def test_an_unknown_number_of_steps_is_a_loop() -> None:
    assert [rule.kernel(steps, 8, 90) for steps in (None, 100, 8)] == ["block", "block", "hoisted"]


def test_the_layer_asks_with_its_shape_and_type() -> None:
    assert FusedLSTM(8).kernel_for((None, None, 3)) == "block"
    assert FusedLSTM(8, recurrent_dropout=0.1).kernel_for((None, None, 3)) == "hoisted"
    assert FusedLSTM(8, dtype="float64").kernel_for((None, None, 3)) == "hoisted"
    assert FusedLSTM(8, activation="relu").kernel_for((None, None, 3)) == "plain"


def test_a_layer_that_stays_plain_is_keras_to_the_bit() -> None:
    x = np.ones((2, 5, 3), "float32")
    plain, fused = (cls(4, activation="relu", recurrent_dropout=0.2) for cls in (keras.layers.LSTM, FusedLSTM))
    plain(x), fused(x)
    fused.set_weights(plain.get_weights())
    for layer in (plain, fused):
        layer.cell.seed_generator.state.assign([1, 2])
    np.testing.assert_array_equal(plain(x, training=True), fused(x, training=True))


def test_a_long_wide_simple_rnn_stays_plain_where_its_steps_are_known() -> None:
    shapes = [(100, 8, 128), (None, 8, 128), (24, 8, 128), (100, 8, 96), (100, 128, 128)]
    found = [rule.kernel(*shape, cell="simple_rnn") for shape in shapes]
    assert found == ["plain", "hoisted", "hoisted", "hoisted", "hoisted"]
    assert rule.kernel(100, 8, 128, cell="simple_rnn", kept=True) == rule.kernel(100, 8, 128, cell="gru") == "hoisted"


def test_a_simple_rnn_that_the_rule_leaves_plain_drops_as_keras_does() -> None:
    x = np.ones((2, 41, 3), "float32")
    layers = [cls(97, dropout=0.3) for cls in (keras.layers.SimpleRNN, FusedSimpleRNN)]
    for layer in layers:
        layer(x)
    assert layers[1].kernel_for(x.shape) == "plain"
    layers[1].set_weights(layers[0].get_weights())
    for layer in layers:
        layer.cell.seed_generator.state.assign([1, 2])
    np.testing.assert_array_equal(*(tf.function(layer, autograph=False)(x, training=True) for layer in layers))
