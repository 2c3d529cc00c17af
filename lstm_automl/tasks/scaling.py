"""Mean and deviation of the training rows alone, without missing values, in slices that fit in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index

Array = NDArray[Any]
Moments = tuple[NDArray[np.float64], NDArray[np.float64]]

SLICE = 1 << 18
"""Rows read at once."""

ABSENT = 1e30
"""Deviation of a 0/1 column that is never 1 in the training rows: what it says elsewhere is scaled to nothing."""


def training_rows(frame: Frame, train: Index) -> Index:
    """The rows of ``x`` that training examples may read, each once, in order."""
    steps = np.zeros(len(frame.fields["x"].values) + 1, np.int64)
    np.add.at(steps, frame.examples["low"][train], 1)
    np.add.at(steps, frame.examples["end"][train], -1)
    return np.asarray(np.flatnonzero(np.cumsum(steps[:-1]) > 0), dtype=np.int64)


def moments(values: Array, rows: Index, keep: Sequence[int] = ()) -> Moments:
    """``(mean, std)`` of each column over ``rows``, NaN left out.

    A column that does not vary (beyond rounding) gets std 1, one that is all NaN mean 0. Columns in ``keep`` (zeros and
    ones) keep their scale: mean 0, std 1, or ``ABSENT``: a category that these rows do not have is an unknown one to
    whoever learns from them, though the frame, which serves all folds and the final model, has a column for it.
    """
    width = values.shape[1]
    total, count = np.zeros(width), np.zeros(width)
    for part in _slices(values, rows):
        known = np.isfinite(part)
        total += np.where(known, part, 0).sum(axis=0)
        count += known.sum(axis=0)
    mean = total / np.maximum(count, 1)
    square = np.zeros(width)
    for part in _slices(values, rows):
        square += (np.where(np.isfinite(part), part - mean, 0) ** 2).sum(axis=0)
    std = np.sqrt(square / np.maximum(count, 1))
    std[std <= 1e-9 * np.abs(mean)] = 1.0
    std[std == 0] = 1.0
    mean[list(keep)], std[list(keep)] = 0.0, np.where(total[list(keep)], 1.0, ABSENT)
    return mean, std


def _slices(values: Array, rows: Index) -> list[Array] | Any:
    for start in range(0, len(rows), SLICE):
        yield np.asarray(values[rows[start : start + SLICE]], dtype=np.float64)
