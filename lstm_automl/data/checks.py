"""Refuse numbers a model cannot learn from, naming the place of the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.table import as_texts
from lstm_automl.errors import DataError

LARGEST_VALUE = float(np.finfo(np.float32).max)
"""Networks compute in float32; moments of larger numbers are infinite even in float64."""

Place = Callable[[int, int], str]
"""(row, column) of a matrix -> the words that begin its message."""

MASK_HINT = "--allow-nan masks missing values"


def check_finite(
    values: NDArray[np.floating],
    place: Place,
    *,
    allow_nan: bool = False,
    hint: str = MASK_HINT,
    largest: float = LARGEST_VALUE,
) -> None:
    """Refuse infinities, numbers above ``largest``, and NaN unless allowed, of a ``(rows, columns)`` matrix.

    Args:
        values: The matrix.
        place: Begins the message.
        allow_nan: NaN is fine.
        hint: What to do about NaN, at the end of its message.
        largest: Greatest size of a number.

    Raises:
        DataError: the place of the first and how many there are.
    """
    fine = np.abs(values) <= min(largest, np.finfo(values.dtype).max)
    if fine.all():
        return
    infinite = np.isinf(values)
    if infinite.any():
        raise DataError(_message(infinite, place, "infinite value (inf)"))
    missing = np.isnan(values)
    large = ~(fine | missing)
    if large.any():
        raise DataError(_message(large, place, f"the value {values[large][0]:g} is too large (at most {largest:.2g})"))
    if not allow_nan:
        end = f"; {hint}" if hint else ""
        raise DataError(_message(missing, place, "missing value (NaN)") + end)


def check_not_empty(values: NDArray[np.floating], names: Sequence[str], source: str) -> None:
    """Refuse a column of ``(rows, columns)`` in which every value is missing.

    Raises:
        DataError: naming all of them.
    """
    empty = [name for name, column in zip(names, values.T, strict=True) if np.isnan(column).all()]
    if empty and len(values):
        columns = ", ".join(repr(name) for name in empty)
        raise DataError(f"{source}: every value of {columns} is missing; leave it out with --features")


def check_given(names: NDArray[Any], place: Callable[[int], str]) -> None:
    """Refuse empty names of a categorical column ``(n,)``.

    Raises:
        DataError: the place of the first and how many there are.
    """
    empty = (as_texts(names) == "")[:, None]
    if empty.any():
        raise DataError(_message(empty, lambda row, _: place(row), "missing value") + f"; {MASK_HINT}")


def check_weights(weights: NDArray[np.floating], place: Callable[[int], str]) -> None:
    """Refuse weights that are negative, missing, infinite or all zero.

    Raises:
        DataError: the place of the first.
    """
    bad = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if bad.size:
        i = int(bad[0])
        raise DataError(f"{place(i)}: sample weight {weights[i]:g} is not a number of at least 0")
    if weights.size and not weights.any():
        raise DataError(f"{place(0)}: every sample weight is 0")


def _message(bad: NDArray[np.bool_], place: Place, what: str) -> str:
    row, column = (int(i) for i in np.argwhere(bad)[0])
    count = int(bad.sum())
    return f"{place(row, column)}: {what}" + (f", the first of {count}" if count > 1 else "")
