"""Networks of several fused LSTMs give Keras' outputs and gradients on ragged sequences."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import tensorflow as tf
from stock_and_fused import BATCH, assert_same, gaps, graded, numbers, right_padded, same_weights

from lstm_automl.models.kernels.layer import FusedLSTM

STEPS, FEATURES, OUTPUTS = 9, 3, 2
X = numbers(BATCH, STEPS, FEATURES)
SMALL, LARGE = 5, 88
"""Units for which the rule names the block kernel and the hoisted form, behind a layer of ``SMALL``."""


def _layer(cls: type[Any], bidirectional: bool, units: int, right: bool, **arguments: Any) -> Any:
    own = {"right_padded": right} if cls is FusedLSTM else {}
    layer = cls(units, **own, **arguments)
    return keras.layers.Bidirectional(layer, name=arguments.get("name")) if bidirectional else layer


def _stack(cls: type[Any], units: tuple[int, ...], *, bidirectional: bool, right: bool, sequences: bool) -> Any:
    """A network ``[x, mask] -> y``."""
    x, mask = keras.Input((STEPS, FEATURES)), keras.Input((STEPS,), dtype="bool")
    y = x
    for i, width in enumerate(units):
        inner = sequences or i < len(units) - 1
        y = _layer(cls, bidirectional, width, right, return_sequences=inner, name=f"layer_{i}")(y, mask=mask)
    return keras.Model([x, mask], keras.layers.Dense(OUTPUTS)(y))


def _kernels(model: Any) -> list[str]:
    """Of each layer, from its input's shape."""
    layers = [layer for layer in model.layers if layer.name.startswith("layer")]
    halves = [getattr(layer, "forward_layer", layer) for layer in layers]
    return [half.kernel_for(layer.input[0].shape) for half, layer in zip(halves, layers, strict=True)]


@pytest.mark.parametrize("sequences", [False, True], ids=["last", "sequences"])
@pytest.mark.parametrize("mask", ["right-padded", "gaps"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one direction", "both"])
@pytest.mark.parametrize(
    ("units", "kernels"),
    [((SMALL, SMALL), ["block", "block"]), ((SMALL, LARGE), ["block", "hoisted"])],
    ids=["block", "mixed"],
)
def test_two_on_top_of_each_other(
    units: tuple[int, ...], kernels: list[str], bidirectional: bool, mask: str, sequences: bool
) -> None:
    right = mask == "right-padded"
    valid = right_padded(STEPS) if right else gaps(STEPS)
    plain, fused = (
        _stack(cls, units, bidirectional=bidirectional, right=right, sequences=sequences)
        for cls in (keras.layers.LSTM, FusedLSTM)
    )
    same_weights(plain, fused)
    assert _kernels(fused) == kernels
    found = [
        graded(lambda x, model=model: model([x, valid], training=True), [X], model.trainable_variables)
        for model in (fused, plain)
    ]
    assert len(found[0]) == 2 + (12 if bidirectional else 6) + 2
    assert_same(*found)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["one direction", "both"])
def test_one_starts_from_the_state_that_another_ended_in(bidirectional: bool) -> None:
    """Encoder and decoder: gradients reach the encoder through the state alone."""
    halves = 2 if bidirectional else 1
    models = []
    for cls in (keras.layers.LSTM, FusedLSTM):
        x, mask, z = keras.Input((STEPS, FEATURES)), keras.Input((STEPS,), dtype="bool"), keras.Input((4, FEATURES))
        encoder = _layer(cls, bidirectional, SMALL, True, return_state=True)
        decoder = _layer(cls, bidirectional, SMALL, True, return_sequences=True)
        _, *state = encoder(x, mask=mask)
        assert len(state) == 2 * halves
        models.append(keras.Model([x, mask, z], decoder(z, initial_state=state)))
    same_weights(*models)
    valid, z = right_padded(STEPS), numbers(BATCH, 4, FEATURES, seed=5)
    plain, fused = (
        graded(lambda x, z, model=model: model([x, valid, z], training=True), [X, z], model.trainable_variables)
        for model in models
    )
    assert len(fused) == 3 + 6 * halves
    assert_same(fused, plain)


def test_a_mask_of_an_embedding_reaches_every_layer() -> None:
    """Masks that Keras hands on by itself, where nobody passes one."""
    tokens = tf.constant([[3, 1, 2, 4, 0, 0], [5, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 1]])
    models = [
        keras.Sequential(
            [
                keras.layers.Embedding(6, 4, mask_zero=True),
                keras.layers.Bidirectional(cls(5, return_sequences=True)),
                cls(4),
            ]
        )
        for cls in (keras.layers.LSTM, FusedLSTM)
    ]
    for model in models:
        model.build((None, 6))
    same_weights(*models)
    plain, fused = (graded(lambda model=model: model(tokens), [], model.trainable_variables) for model in models)
    assert_same([tf.convert_to_tensor(part) for part in fused], [tf.convert_to_tensor(part) for part in plain])
    longer = tf.pad(tokens, [[0, 0], [0, 5]])
    assert_same([models[1](longer)], [models[0](tokens)])
