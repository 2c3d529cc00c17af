"""An LSTM written in NumPy from its definition, with masks, both directions and initial states."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]


def _sigmoid(z: Rows) -> Rows:
    return 1 / (1 + np.exp(-z))


def plain_lstm(
    x: Rows,
    weights: list[Rows],
    *,
    mask: Rows | None = None,
    start: tuple[Rows, Rows] | None = None,
    backwards: bool = False,
    zeros: bool = False,
) -> tuple[Rows, Rows, Rows]:
    """Outputs ``(batch, time, units)`` and the final state ``h, c`` of Keras' layer with these weights.

    A masked step leaves the state as it is; its output is that of the step before, or 0 with ``zeros``.
    """
    kernel, recurrent, bias = weights
    batch, steps, _ = x.shape
    valid = np.ones((batch, steps), bool) if mask is None else mask
    h, c = start or (np.zeros((batch, len(recurrent))),) * 2
    outputs, y = [], np.zeros((batch, len(recurrent)))
    for t in reversed(range(steps)) if backwards else range(steps):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        cell = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        now = valid[:, t, None]
        state = _sigmoid(o) * np.tanh(cell)
        y = np.where(now, state, 0 if zeros else y)
        h, c = np.where(now, state, h), np.where(now, cell, c)
        outputs.append(y)
    return np.stack(outputs, axis=1), h, c
