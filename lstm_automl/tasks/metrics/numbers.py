"""Metrics of numbers: root mean square error, mean absolute error, R squared. All take ``(n,)`` or equal shapes.

>>> rmse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
1.4142135623730951
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def rmse(true: Floats, predicted: Floats) -> float:
    """Root mean square error, in the unit of the target."""
    return float(np.sqrt(np.mean(_error(true, predicted) ** 2)))


def mae(true: Floats, predicted: Floats) -> float:
    """Mean absolute error, in the unit of the target."""
    return float(np.mean(np.abs(_error(true, predicted))))


def r2(true: Floats, predicted: Floats) -> float:
    """Share of the variance explained: 1 is perfect, 0 the mean of ``true``, below 0 worse than that mean.

    Where ``true`` does not vary it is 1 for perfect predictions and 0 for all others.
    """
    residual = float(np.sum(_error(true, predicted) ** 2))
    total = float(np.sum((true - np.mean(true, dtype=np.float64)) ** 2))
    if total > 0:
        return 1.0 - residual / total
    return 1.0 if residual == 0 else (0.0 if np.isfinite(residual) else float("nan"))


def _error(true: Floats, predicted: Floats) -> NDArray[np.float64]:
    return np.asarray(predicted, dtype=np.float64) - np.asarray(true, dtype=np.float64)
