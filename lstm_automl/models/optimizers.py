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

EMA_MOMENTUM = 0.99
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
        ema_momentum=EMA_MOMENTUM,
    )
    made.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    return made
