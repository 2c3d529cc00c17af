"""How much work a graph call is given: what should take about a second, by the pace of an earlier call."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def affordable(rows: NDArray[np.int64], pace: float | None, seconds: float) -> int:
    """The leading batches that one graph call takes, at least one.

    Args:
        rows: Of each batch: its examples times their steps, at least 1.
        pace: Seconds a row; None = unknown, so one batch must do.
        seconds: That the call may take.

    >>> rows = np.array([100, 100, 300, 100])
    >>> affordable(rows, 0.002, 0.5), affordable(rows, 0.1, 0.5), affordable(rows, None, 0.5)
    (2, 1, 1)
    """
    if pace is None:
        return 1
    return max(1, int(np.searchsorted(np.cumsum(rows), seconds / max(pace, 1e-12), side="right")))
