"""Frames with other values in what training examples read, or in what they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.frame import Field, Frame
from lstm_automl.data.split import Index


def changed(frame: Frame, train: Index, horizon: int = 0, *, inside: bool) -> Frame:
    """The frame with other values in all that training examples read, or in all that they do not."""
    read = np.zeros(len(frame.fields["x"].values), bool)
    for i in train:
        read[frame.examples["low"][i] : frame.examples["end"][i] + horizon] = True
    example = np.isin(np.arange(len(frame)), train)
    fields = dict(frame.fields)
    fields["x"] = _shifted(frame.fields["x"], read == inside)
    if "y" in frame.fields:
        y = frame.fields["y"].values.copy()
        where = example == inside
        y[where] = y[where].min() if y.dtype.kind in "iu" else 3 * y[where] + 1
        fields["y"] = Field(y)
    if "static" in frame.fields:
        sequences = np.isin(np.arange(len(frame.fields["static"].values)), frame.examples["sequence"][train])
        fields["static"] = _shifted(frame.fields["static"], sequences == inside)
    return replace(frame, fields=fields)


def _shifted(old: Field, where: NDArray[np.bool_]) -> Field:
    values = old.values.copy()
    values[where] = 3 * values[where] + 1
    return Field(values, old.offsets)
