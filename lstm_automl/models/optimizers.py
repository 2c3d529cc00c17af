"""The optimiser of a training run: Keras' own, set up from hyper-parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from lstm_automl.errors import UnknownNameError
from lstm_automl.spaces.neutral import read

OPTIMIZERS: Mapping[str, type[Any]] = {
    "nadam": keras.optimizers.Nadam,
    "adam": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
}

# Of the averages of the weights, in the long run: a hundred steps.
MOMENTUM = 0.99
# Shifts and scales have no reason to be small: decay is for the matrices.
NOT_DECAYED = ("bias", "gamma", "beta")


def optimizer(values: Mapping[str, Any]) -> keras.optimizers.Optimizer:
    """An unbuilt optimiser with global-norm clipping, decoupled weight decay and averaged weights.

    Args:
        values: ``optimizer``, ``learning_rate``, ``clipnorm`` (0 = none), ``weight_decay``, ``ema``.

    Raises:
        UnknownNameError: no such optimiser.

    >>> optimizer({"optimizer": "adam", "clipnorm": 5.0}).global_clipnorm
    5.0
    """
    name = read(values, "optimizer")
    if name not in OPTIMIZERS:
        raise UnknownNameError("optimizer", str(name), OPTIMIZERS)
    made = OPTIMIZERS[name](
        learning_rate=float(read(values, "learning_rate")),
        global_clipnorm=float(read(values, "clipnorm") or 0) or None,
        weight_decay=float(read(values, "weight_decay") or 0) or None,
        use_ema=bool(read(values, "ema")),
        ema_momentum=MOMENTUM,
    )
    made.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    return made


def momentum(steps: Any) -> Any:
    """Momentum of the averages after so many steps (a float32 tensor): short at first, when weights still travel far.

    With :data:`MOMENTUM` from the first step on, the scores of a run's first epochs would be those of its start.
    """
    return keras.ops.minimum(MOMENTUM, (1 + steps) / (10 + steps))
