"""Which examples train, which steer the search, which are looked at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """Example numbers of one training and one validation part."""

    train: Index
    valid: Index


@dataclass(frozen=True)
class Split:
    """All parts of a search.

    Args:
        folds: One fold, or K of a cross-validation (the objective is the mean over them).
        refit: Examples the final model is trained on: training and validation part together.
        test: Examples scored once at the end, never seen by the search; None without a test part.
    """

    folds: tuple[Fold, ...]
    refit: Index
    test: Index | None = None
