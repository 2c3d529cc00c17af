"""What part of an axis is shown."""

from __future__ import annotations

from collections.abc import Sequence


def without_outliers(values: Sequence[float]) -> tuple[float, float]:
    """The range to be shown: a diverging trial, or a trivial floor, must not flatten all others.

    Args:
        values: At least one.

    >>> without_outliers([1, 2, 3, 4, 5, 1000])
    (1, 17)
    """
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    quarter, three = ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]
    reach = 4 * (three - quarter)
    return (low, high) if reach == 0 else (max(low, quarter - reach), min(high, three + reach))
