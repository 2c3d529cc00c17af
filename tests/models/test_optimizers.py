"""Optimisers from hyper-parameters: each of them changes the step that is taken."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from lstm_automl.errors import UnknownNameError
from lstm_automl.models.optimizers import MOMENTUM, OPTIMIZERS, momentum, optimizer


def stepped(values: dict[str, Any], gradient: float = 1.0, name: str = "kernel", steps: int = 2) -> float:
    """A weight of 1 after some steps."""
    weight = keras.Variable([1.0], name=name)
    made = optimizer({"learning_rate": 0.1, **values})
    made.build([weight])
    for _ in range(steps):
        made.apply([np.array([gradient], np.float32)], [weight])
    return float(np.array(weight)[0])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_goes_downhill(name: str) -> None:
    assert stepped({"optimizer": name}) < 1


def test_nadam_is_the_default() -> None:
    assert isinstance(optimizer({}), keras.optimizers.Nadam)


def test_clipping_is_by_the_global_norm() -> None:
    weights = [keras.Variable([0.0]), keras.Variable([0.0])]
    made = optimizer({"optimizer": "rmsprop", "clipnorm": 0.5})
    made.build(weights)
    assert made.global_clipnorm == 0.5
    assert made.clipnorm is None
    assert made.clipvalue is None
    assert optimizer({"clipnorm": 0}).global_clipnorm is None


def test_decay_is_for_matrices_and_decoupled() -> None:
    plain, decayed = stepped({"optimizer": "adam"}), stepped({"optimizer": "adam", "weight_decay": 0.5})
    assert decayed < plain
    # Without a gradient only the decay moves: 1 - lr * decay, twice.
    assert stepped({"optimizer": "adam", "weight_decay": 0.5}, gradient=0.0) == pytest.approx(0.95**2)
    for name in ("bias", "gamma", "beta"):
        assert stepped({"optimizer": "adam", "weight_decay": 0.5}, gradient=0.0, name=name) == 1.0


def test_averages() -> None:
    assert optimizer({"ema": True}).use_ema
    assert not optimizer({}).use_ema


def test_averages_are_short_at_first() -> None:
    found = [float(momentum(np.float32(step))) for step in (0, 10, 100, 890, 10_000)]
    assert found == pytest.approx([0.1, 0.55, 101 / 110, MOMENTUM, MOMENTUM])


def test_unknown() -> None:
    with pytest.raises(UnknownNameError, match="unknown optimizer 'adamm'; did you mean 'adam'"):
        optimizer({"optimizer": "adamm"})
