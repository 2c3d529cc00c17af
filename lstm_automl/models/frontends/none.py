"""No front end: the recurrent layers read the sequence as it is."""

from __future__ import annotations

from typing import ClassVar

import keras

from lstm_automl.models.parts import Signal, Values


class NoFrontEnd:
    """Changes nothing."""

    name: ClassVar[str] = "none"

    def before(self, signal: Signal, values: Values, seed: int) -> Signal:
        """The signal itself."""
        return signal

    def beside(self, signal: Signal, values: Values, seed: int) -> keras.KerasTensor | None:
        """Nothing."""
        return None
