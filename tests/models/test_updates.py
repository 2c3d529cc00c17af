"""Steps on one vector are those that Keras' optimisers take variable by variable."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_automl.errors import UnknownNameError
from lstm_automl.models import updates
from lstm_automl.models.optimizers import OPTIMIZERS, momentum, optimizer

SHAPES = {"kernel": (5, 3), "bias": (3,), "recurrent_kernel": (3, 3), "gamma": (2,)}


def variables(dtype: str) -> list[keras.Variable]:
    rng = np.random.default_rng(0)
    return [keras.Variable(rng.normal(size=shape), name=name, dtype=dtype) for name, shape in SHAPES.items()]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("more", [{}, {"clipnorm": 0.5}, {"clipnorm": 0, "weight_decay": 0.1}, {"ema": True}], ids=str)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_as_keras(name: str, more: dict[str, Any], dtype: str) -> None:
    values = {"optimizer": name, "learning_rate": 0.01, **more}
    theirs, keras_own = variables(dtype), optimizer(values)
    keras_own.build(theirs)
    layout = updates.Layout(theirs)
    state = updates.start(values, layout.join(theirs))
    decay = tf.constant(layout.decay(0.1), dtype) if "weight_decay" in more else None
    rng = np.random.default_rng(1)
    for step in range(6):
        gradients = [rng.normal(size=shape).astype(dtype) for shape in SHAPES.values()]
        rate = 0.01 * (1 + step)
        keras_own.learning_rate = rate
        if "ema" in more:
            keras_own.ema_momentum = momentum(tf.cast(keras_own.iterations.value, tf.float32))
        keras_own.apply([tf.constant(g) for g in gradients], theirs)
        state = updates.step(values, state, layout.join(gradients), tf.constant(rate, tf.float32), decay)
    # In single precision 1 - 0.999 has four digits, and Keras rounds 0.999 to it in any case.
    tolerance = {"rtol": 1e-4, "atol": 1e-5}
    for ours, wanted in zip(layout.cut(state["weights"]), theirs, strict=True):
        np.testing.assert_allclose(ours, wanted, **tolerance)
    if "ema" in more:
        for ours, wanted in zip(layout.cut(state["average"]), keras_own._model_variables_moving_average, strict=True):
            np.testing.assert_allclose(ours, wanted, **tolerance)
    assert int(state["iterations"]) == int(keras_own.iterations) == 6


def test_matrices_decay_and_shifts_do_not() -> None:
    layout = updates.Layout(variables("float32"))
    assert [set(np.ravel(part).tolist()) for part in layout.cut(layout.decay(0.5))] == [{0.5}, {0.0}, {0.5}, {0.0}]


def test_the_vector_and_back() -> None:
    theirs = variables("float32")
    layout = updates.Layout(theirs)
    for ours, wanted in zip(layout.cut(layout.join(theirs)), theirs, strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_a_gradient_that_is_not_finite_poisons_everything() -> None:
    assert np.isnan(updates.clipped(tf.constant([1.0, np.inf]), 1.0)).all()
    np.testing.assert_allclose(updates.clipped(tf.constant([3.0, 4.0]), 1.0), [0.6, 0.8], rtol=1e-6)
    np.testing.assert_array_equal(updates.clipped(tf.zeros(2), 1.0), [0.0, 0.0])


def test_unknown() -> None:
    with pytest.raises(UnknownNameError, match="unknown optimizer 'adamm'; did you mean 'adam'"):
        updates.start({"optimizer": "adamm"}, tf.zeros(1))
