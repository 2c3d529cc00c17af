"""Every registered front end keeps the contract; one that does not is caught."""

from __future__ import annotations

from dataclasses import replace

import keras
import pytest

from lstm_automl import plugins
from lstm_automl.models.frontends.none import NoFrontEnd
from lstm_automl.models.parts import Signal, Values
from lstm_automl.testing.front_end import SMALL, check_front_end


@pytest.mark.parametrize("name", plugins.names("front_end"))
@pytest.mark.parametrize("layers", [1, 3])
def test_front_end(name: str, layers: int) -> None:
    front_end = plugins.load("front_end", name)()
    assert front_end.name == name
    check_front_end(front_end, {**SMALL, "conv_layers": layers})


class _KerasPadding(NoFrontEnd):
    """A strided convolution padded as Keras pads it, which depends on the length of the batch."""

    def before(self, signal: Signal, values: Values, seed: int) -> Signal:
        x = keras.layers.Conv1D(2, 5, strides=2, padding="same")(signal.x)
        mask = signal.mask[:, ::2]
        return Signal(x * keras.ops.expand_dims(keras.ops.cast(mask, x.dtype), -1), mask)


class _PaddedStatistics(NoFrontEnd):
    """Padding counts in the batch statistics."""

    def before(self, signal: Signal, values: Values, seed: int) -> Signal:
        norm = keras.layers.BatchNormalization(center=False)(signal.x)
        return replace(signal, x=norm * keras.ops.expand_dims(keras.ops.cast(signal.mask, norm.dtype), -1))


class _Dirty(NoFrontEnd):
    """Leaves something at padded steps."""

    def before(self, signal: Signal, values: Values, seed: int) -> Signal:
        return replace(signal, x=signal.x + 1.0)


@pytest.mark.parametrize(
    ("front_end", "complaint"),
    [(_KerasPadding(), "unpadded"), (_PaddedStatistics(), "statistics"), (_Dirty(), "unpadded")],
)
def test_a_wrong_front_end_is_caught(front_end: NoFrontEnd, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_front_end(front_end)
