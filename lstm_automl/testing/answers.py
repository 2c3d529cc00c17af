"""What a network that is always right, or always the same, returns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.tasks.task import HeadSpec, Outputs, State

Perfect = Callable[[Frame, Index, HeadSpec, State], Outputs]
"""Right answers for these examples, as the network would return them."""


def perfect_outputs(frame: Frame, examples: Index, head: HeadSpec, state: State) -> Outputs:
    """Right answers for the heads ``label``, ``value`` and ``horizon``."""
    if head.name == "label":
        return np.asarray(np.eye(head.outputs)[frame.fields["y"].values[examples]])
    mean, std = state.arrays["y_mean"], state.arrays["y_std"]
    if head.name == "value":
        y = np.asarray(frame.fields["y"].values[examples], np.float64)
        return np.asarray((y.reshape(len(examples), head.outputs) - mean) / std)
    assert head.name == "horizon", f"give check_task the right answers of head {head.name!r}"
    steps = frame.examples["end"][examples][:, None] + np.arange(head.horizon)
    future = np.asarray(frame.fields["x"].values[steps], np.float64)
    return np.asarray((future[..., list(frame.info["target_channels"])] - mean) / std)


def constant_outputs(outputs: Outputs, head: HeadSpec) -> Outputs:
    """One answer for all: the last class, or far off every number."""
    if head.name == "label":
        return np.tile(np.eye(head.outputs)[-1], (len(outputs), 1))
    return np.full_like(outputs, np.max(np.abs(outputs)) + 1.0)
