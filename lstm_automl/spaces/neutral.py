"""What a hyper-parameter means when a space does not mention it. The only place of these numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NEUTRAL: Mapping[str, Any] = {
    "cell": "lstm",
    "num_layers": 1,
    "units": 64,
    "bidirectional": False,
    "merge_mode": "concat",
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "front_end": "none",
    "conv_layers": 2,
    "conv_filters": 64,
    "conv_kernel": 5,
    "conv_stride": 1,
    "pooling": "last",
    "difference": False,
    "augment": "none",
    "optimizer": "nadam",
    "learning_rate": 2e-3,
    "schedule": "constant",
    "clipnorm": 1.0,
    "weight_decay": 0.0,
    "ema": False,
    "label_smoothing": 0.0,
    "batch_size": 32,
    "window": None,
    "loss": "mse",
    "normalization": "none",
    "patch": 1,
    "channel_independent": False,
    "linear_skip": False,
}


def read(values: Mapping[str, Any], name: str, layer: int | None = None) -> Any:
    """The value of ``name``, of one layer where the space gives one per layer, or the neutral one.

    >>> read({"units_1": 16, "units": 8}, "units", layer=1), read({}, "units"), read({}, "batch_size")
    (16, 64, 32)
    """
    if layer is not None and f"{name}_{layer}" in values:
        return values[f"{name}_{layer}"]
    return values.get(name, NEUTRAL[name])
