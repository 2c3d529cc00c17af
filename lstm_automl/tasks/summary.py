"""What a baseline sees of a sequence: scaled steps, or a few numbers a channel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.tasks.task import State

Floats = NDArray[np.float64]

VALUES_AT_ONCE = 1 << 22
"""Numbers gathered at once."""
WIDE = 100
"""With more channels only mean, deviation and last value are taken."""


def steps(frame: Frame, examples: Index, state: State) -> Floats:
    """``(n, time, features)`` scaled as the network sees them, missing values 0. All examples have equal lengths."""
    x = frame.fields["x"].values
    length = int(frame.lengths[examples[0]])
    rows = frame.examples["low"][examples][:, None] + np.arange(length)
    scaled = (np.asarray(x[rows], np.float64) - state.arrays["x_mean"]) / state.arrays["x_std"]
    return np.asarray(np.nan_to_num(scaled, nan=0.0), np.float64)


def summaries(frame: Frame, examples: Index, state: State) -> Floats:
    """``(n, k)``: mean, deviation, least, largest, first, last, slope and quartiles a channel; length; statics."""
    blocks = np.empty((len(examples), _width(frame)))
    for part in _equal_lengths(frame, examples):
        blocks[part] = _summary(steps(frame, examples[part], state))
    out = [blocks, np.log1p(frame.lengths[examples])[:, None]]
    if "static" in frame.fields:
        static = np.asarray(frame.fields["static"].values, np.float64)[frame.examples["sequence"][examples]]
        out.append(np.nan_to_num((static - state.arrays["static_mean"]) / state.arrays["static_std"]))
    return np.concatenate(out, axis=1)


def _width(frame: Frame) -> int:
    return frame.features * (3 if frame.features > WIDE else 10)


def _summary(x: Floats) -> Floats:
    """``(n, time, features) -> (n, k)``."""
    n, length, features = x.shape
    mean = x.mean(axis=1)
    if features > WIDE:
        return np.concatenate([mean, x.std(axis=1), x[:, -1]], axis=1)
    time = np.arange(length) - (length - 1) / 2
    slope = np.einsum("t,ntf->nf", time, x) / max(float(time @ time), 1.0) * length
    quartiles = np.quantile(x, [0.25, 0.5, 0.75], axis=1).transpose(1, 0, 2).reshape(n, -1)
    ends = [x.min(axis=1), x.max(axis=1), x[:, 0], x[:, -1]]
    return np.concatenate([mean, x.std(axis=1), *ends, slope, quartiles], axis=1)


def _equal_lengths(frame: Frame, examples: Index) -> Iterator[Index]:
    """Positions in ``examples``, in runs of one length that fit in memory."""
    lengths = frame.lengths[examples]
    for length in np.unique(lengths):
        where = np.flatnonzero(lengths == length)
        size = max(1, VALUES_AT_ONCE // max(1, int(length) * frame.features))
        for start in range(0, len(where), size):
            yield where[start : start + size]
