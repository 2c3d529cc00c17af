"""What training takes, predicted from hyper-parameters and the shape of the data.

It orders the results that a search reads, so it is never timed: equal searches would differ. Fitted once to the times
of the fused layers (``benchmarks/kernel.py``) on one core; only ratios matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_automl.models.steps import steps_per_epoch
from lstm_automl.spaces.neutral import read

VERSION = 1
"""Counts the changes to what is predicted, by this file, by ``models/steps.py`` or by neutral values: with another, the
same search has another table."""
GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}
START = 0.8
"""Seconds until a network is built and its first step done."""
STEP = 5e-4
"""Seconds of an optimiser step of almost nothing."""
OPERATIONS, WEIGHT, BATCH = 1e-5, 1.1e-9, 32
"""Seconds of a time step, and more for each weight in a batch of so many, forward and backward."""


def rung_seconds(values: Mapping[str, Any], epochs: int, *, examples: int, length: int, features: int) -> float:
    """Seconds that so many epochs take, roughly.

    Args:
        values: Hyper-parameters; those that a space does not have count as neutral.
        epochs: At least 0.
        examples: For training, at least 1.
        length: Time steps of an example, unless ``window`` says less.
        features: Channels of the data.

    >>> shape = {"examples": 1000, "length": 100, "features": 8}
    >>> [round(rung_seconds({"units": u, "num_layers": 2}, 10, **shape), 1) for u in (16, 64, 256)]
    [1.7, 3.4, 29.6]
    """
    batch = min(examples, int(read(values, "batch_size") or examples))
    patch = max(1, int(read(values, "patch")))
    steps = max(1, min(length, int(read(values, "window") or length)) // patch)
    channels, rows = features * patch, batch
    if read(values, "channel_independent"):
        channels, rows = patch, batch * features
    weights = 0.0
    if read(values, "front_end") != "none":
        filters, kernel = int(read(values, "conv_filters")), int(read(values, "conv_kernel"))
        weights += filters * kernel * (channels + (int(read(values, "conv_layers")) - 1) * filters)
        channels, steps = filters, -(-steps // int(read(values, "conv_stride")))
    layers, directions = int(read(values, "num_layers")), 2 if read(values, "bidirectional") else 1
    for i in range(layers):
        units = int(read(values, "units", i))
        weights += directions * GATES.get(str(read(values, "cell")), 4) * units * (units + channels)
        channels = units * (directions if read(values, "merge_mode") == "concat" else 1)
    step = STEP + steps * (OPERATIONS * layers * directions + WEIGHT * weights * rows / BATCH)
    return START + epochs * steps_per_epoch(examples, batch) * step
