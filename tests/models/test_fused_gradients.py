"""Outputs, states and every gradient of the fused LSTM are those of Keras', by the kernel that the rule names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from stock_and_fused import BATCH, SHAPES, assert_same, gaps, graded, numbers, pair, right_padded

from lstm_automl.models.kernels import rule
from lstm_automl.models.kernels.layer import FusedLSTM

MASKS = {"no mask": lambda steps: None, "right-padded": right_padded, "gaps": gaps}


def _inputs(steps: int, features: int, units: int) -> list[Any]:
    """Input and initial state."""
    start = [numbers(BATCH, units, seed=seed, scale=0.5) for seed in (1, 2)]
    return [numbers(BATCH, steps, features), *start]


def _run(layer: Any, mask: Any, inputs: list[Any]) -> list[Any]:
    """y, h, c and the gradients of x, h0, c0, kernel, recurrent kernel and bias."""

    def call(x: Any, h0: Any, c0: Any) -> Any:
        return layer(x, mask=mask, initial_state=[h0, c0], training=True)

    return graded(call, inputs, layer.trainable_variables)


def _pair(features: int, units: int, mask: str, **arguments: Any) -> tuple[Any, FusedLSTM]:
    padded = mask == "right-padded"
    return pair(features, units, return_sequences=True, return_state=True, right_padded=padded, **arguments)


@pytest.mark.parametrize("name", SHAPES)
def test_the_shapes_are_of_the_kernels_they_are_named_after(name: str) -> None:
    steps, features, units = SHAPES[name]
    kernel, form = name.split(", ")
    assert FusedLSTM(units).kernel_for((BATCH, steps, features)) == kernel
    assert rule.unrolled(steps) == (form == "unrolled")


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", SHAPES)
def test_with_initial_and_final_state(name: str, mask: str, backwards: bool) -> None:
    steps, features, units = SHAPES[name]
    plain, fused = _pair(features, units, mask, go_backwards=backwards)
    valid, inputs = MASKS[mask](steps), _inputs(*SHAPES[name])
    found, right = (_run(layer, valid, inputs) for layer in (fused, plain))
    assert len(found) == 9
    assert_same(found, right)
    dh0, dc0 = right[4:6]
    assert np.abs(dh0 - dc0).max() > 0.01  # or nobody would see them exchanged


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", ["block, looped", "hoisted, looped"])
def test_in_a_graph_that_knows_neither_batch_nor_steps(name: str, mask: str) -> None:
    steps, features, units = SHAPES[name]
    plain, fused = _pair(features, units, mask, go_backwards=True)
    valid, inputs = MASKS[mask](steps), _inputs(*SHAPES[name])
    given = [*inputs, *([] if valid is None else [valid])]
    weigh = [numbers(BATCH, steps, units, seed=20), *(numbers(BATCH, units, seed=seed) for seed in (21, 22))]

    def run(x: Any, h0: Any, c0: Any, valid: Any = None) -> list[Any]:
        outputs = fused(x, mask=valid, initial_state=[h0, c0], training=True)
        loss = tf.add_n([tf.reduce_sum(w * tf.sin(2 * y)) for w, y in zip(weigh, outputs, strict=True)])
        return [*outputs, *tf.gradients(loss, [x, h0, c0, *(v.value for v in fused.trainable_variables)])]

    shapes = [(None, None, features), (None, units), (None, units), (None, None)]
    specs = [tf.TensorSpec(shape, tensor.dtype) for shape, tensor in zip(shapes, given, strict=False)]
    traced = tf.function(run, input_signature=specs, autograph=False)
    assert_same(traced(*given), _run(plain, valid, inputs))


@pytest.mark.parametrize("read", [0, 1, 2], ids=["y", "h", "c"])
@pytest.mark.parametrize("name", SHAPES)
def test_of_a_loss_that_reads_one_output_alone(name: str, read: int) -> None:
    steps, features, units = SHAPES[name]
    layers = _pair(features, units, "right-padded")
    valid, inputs = right_padded(steps), _inputs(*SHAPES[name])

    def call(layer: Any) -> Any:
        return lambda x, h0, c0: layer(x, mask=valid, initial_state=[h0, c0], training=True)[read]

    plain, fused = (graded(call(layer), inputs, layer.trainable_variables) for layer in layers)
    assert_same(fused, plain)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", SHAPES)
def test_of_the_last_output_alone(name: str, mask: str) -> None:
    """As the top layer of a network: no state is returned, and the kernel collects less."""
    steps, features, units = SHAPES[name]
    layers = pair(features, units, right_padded=mask == "right-padded", go_backwards=True)
    valid, inputs = MASKS[mask](steps), _inputs(*SHAPES[name])
    plain, fused = (_run(layer, valid, inputs) for layer in layers)
    assert_same(fused, plain)
