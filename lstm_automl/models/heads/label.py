"""One label a sequence."""

from __future__ import annotations

from typing import ClassVar

import keras

from lstm_automl.models.heads.join import joined
from lstm_automl.models.parts import Network, Values
from lstm_automl.tasks.task import HeadSpec


class Label:
    """Class probabilities ``(batch, classes)``."""

    name: ClassVar[str] = "label"

    def build(self, network: Network, spec: HeadSpec, values: Values, seed: int) -> keras.KerasTensor:
        """A softmax over ``spec.outputs`` classes."""
        x = joined(network.encode(network.raw), network, seed)
        return keras.layers.Dense(spec.outputs, activation="softmax", name="head")(x)
