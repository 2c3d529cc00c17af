"""How often a series is measured, and after how many rows its pattern repeats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_DAY = 86400.0
# label, least and most days between rows, rows in a season
_CALENDAR = (
    ("daily", 1.0, 1.0, 7),
    ("weekly", 7.0, 7.0, 52),
    ("monthly", 28.0, 31.0, 12),
    ("quarterly", 89.0, 92.0, 4),
    ("yearly", 365.0, 366.0, 1),
)


def frequency(times: NDArray[Any] | None, offsets: NDArray[np.int64]) -> tuple[str | None, int]:
    """Name of the sampling interval and the seasonal period it suggests, from the median gap between rows.

    Args:
        times: ``(rows,)`` datetime64 or numbers; None or numbers suggest nothing.
        offsets: ``(n + 1,)`` row offsets of the series.

    Returns:
        ``(label, season)``; ``(None, 1)`` where no calendar is known.

    >>> hours = np.arange("2020-01-01", "2020-01-03", dtype="datetime64[h]")
    >>> frequency(hours, np.array([0, 48]))
    ('hourly', 24)
    """
    gaps = _gaps(times, offsets)
    if gaps is None:
        return None, 1
    gap = float(np.median(gaps))
    days = gap / _DAY
    for label, least, most, season in _CALENDAR:
        if least - 1e-6 <= days <= most + 1e-6:
            return _business(gaps) if label == "daily" else (label, season)
    if 60.0 <= gap < _DAY and abs(_DAY / gap - round(_DAY / gap)) < 1e-6:
        return ("hourly" if gap == 3600.0 else f"every {_amount(gap)}"), round(_DAY / gap)
    return f"every {_amount(gap)}", 1


def _gaps(times: NDArray[Any] | None, offsets: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Seconds between neighbouring rows of the same series."""
    if times is None or not np.issubdtype(times.dtype, np.datetime64) or len(times) < 2:
        return None
    inside = np.ones(len(times) - 1, dtype=bool)
    borders = offsets[1:-1]
    inside[borders[(borders > 0) & (borders < len(times))] - 1] = False
    gaps: NDArray[np.float64] = (np.diff(times.astype("datetime64[s]")) / np.timedelta64(1, "s"))[inside]
    return gaps if len(gaps) else None


def _business(gaps: NDArray[np.float64]) -> tuple[str, int]:
    """Five rows a week where one gap in five spans a weekend."""
    weekends = float(np.mean(np.abs(gaps - 3 * _DAY) < 1.0))
    return ("business daily", 5) if weekends > 0.1 else ("daily", 7)


def _amount(seconds: float) -> str:
    for unit, size in (("days", _DAY), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} seconds"
