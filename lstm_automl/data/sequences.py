"""What every reader returns and every task frames: raw sequences with names, nothing fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


@dataclass(frozen=True)
class Sequences:
    """n sequences stored flat, in original units, with the names needed for messages.

    Args:
        values: ``(rows, features)`` floats (or one-hot parts); rows of sequence i are
            ``offsets[i]:offsets[i + 1]``. NaN marks a missing value.
        offsets: ``(n + 1,)`` int64, ``offsets[0] == 0``.
        channels: Name of each feature, in order.
        targets: ``(n,)`` labels or numbers, one a sequence; ``(rows,)`` numbers when ``target_per_row``;
            None where the targets are channels (forecasting) or unknown (prediction).
        target_per_row: The target is given at every row and scored at the last one.
        target_channels: Forecasting: positions in ``channels`` of what is forecast.
        known_channels: Forecasting: positions of covariates known ahead. A series may be followed by
            *future* rows in which only they are given: every target there is NaN.
        static: ``(n, s)`` floats that do not change over time.
        static_names: Name of each static column.
        categories: Raw categorical columns by name: ``(n,)`` (those in ``static_categories``) or ``(rows,)``
            strings, ``""`` for a missing one; encoded by the task with a vocabulary of the training part.
        groups: ``(n,)`` group of each sequence, kept together by splits; None = no groups.
        ids: ``(n,)`` name of each sequence, for messages and output.
        times: ``(rows,)`` datetime64[ns] or float64 time stamps, or None.
        times_in_utc: The data said how far its times are from UTC: ``times`` are in UTC, not a local clock's.
        weights: ``(n,)`` sample weights, or None.
        known_categories: Forecasting: names in ``categories`` that are known ahead (given in future rows).
        read_as: What the reader decided (target, id, features ...), as fields of ``DataOptions``: with
            ``options.like(data)`` another file is read the same way.
        source: The file's name, for messages.
    """

    values: NDArray[np.floating]
    offsets: NDArray[np.int64]
    channels: tuple[str, ...]
    targets: Array | None = None
    target_per_row: bool = False
    target_channels: tuple[int, ...] = ()
    known_channels: tuple[int, ...] = ()
    static: NDArray[np.floating] | None = None
    static_names: tuple[str, ...] = ()
    categories: Mapping[str, Array] = field(default_factory=dict)
    groups: Array | None = None
    ids: Array | None = None
    times: Array | None = None
    times_in_utc: bool = False
    weights: NDArray[np.floating] | None = None
    known_categories: tuple[str, ...] = ()
    static_categories: tuple[str, ...] = ()
    read_as: Mapping[str, Any] = field(default_factory=dict)
    source: str = "data"

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``(n,)`` number of rows of each sequence."""
        return np.diff(self.offsets)

    def sequence(self, i: int) -> NDArray[np.floating]:
        """Rows of sequence i, ``(time, features)``."""
        return self.values[self.offsets[i] : self.offsets[i + 1]]


@dataclass(frozen=True)
class Parts:
    """The files a search was given: training, and published validation and test files where there are any."""

    train: Sequences
    valid: Sequences | None = None
    test: Sequences | None = None
