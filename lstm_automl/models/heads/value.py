"""Numbers, one set a sequence."""

from __future__ import annotations

from typing import ClassVar

import keras

from lstm_automl.models.heads.join import joined
from lstm_automl.models.parts import Network, Values
from lstm_automl.tasks.task import HeadSpec


class Value:
    """Numbers on the training scale ``(batch, outputs)``."""

    name: ClassVar[str] = "value"

    def build(self, network: Network, spec: HeadSpec, values: Values, seed: int) -> keras.KerasTensor:
        """A linear layer."""
        x = joined(network.encode(network.raw), network, seed)
        return keras.layers.Dense(spec.outputs, name="head")(x)
