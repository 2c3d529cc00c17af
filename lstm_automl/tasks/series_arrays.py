"""Series given as arrays in memory instead of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError

Floats = NDArray[np.float64]


def sequences_from_arrays(
    y: Any,
    known: Any = None,
    observed: Any = None,
    series: Sequence[object] | None = None,
) -> Sequences:
    """One or many series as :class:`Sequences`, targets first, then observed, then known channels.

    Args:
        y: ``(T,)`` or ``(T, targets)`` for one series; a list of such arrays for many (lengths may differ).
        known: Covariates known ahead, ``(T + future, k)`` or ``(T + future,)``; a list of them for many series.
            Rows beyond ``T`` are the future: there the other channels are NaN.
        observed: Covariates known only up to now, ``(T, o)`` or ``(T,)``; a list of them for many series.
        series: Name of each series; default ``"0"``, ``"1"``, ...

    Raises:
        DataError: ranks, widths or lengths do not fit; the message names the series.

    >>> data = sequences_from_arrays([1.0, 2.0, 3.0], known=[0.0, 1.0, 0.0, 1.0])
    >>> data.channels, data.values.shape, data.target_channels, data.known_channels
    (('y', 'known'), (4, 2), (0,), (1,))
    """
    targets = _columns(y, "y")
    ids = [str(s) for s in series] if series is not None else [str(i) for i in range(len(targets))]
    if len(ids) != len(targets):
        raise DataError(f"series: {len(ids)} names for {len(targets)} series")
    if len(set(ids)) != len(ids):
        raise DataError("series: names must differ")
    seen = _beside(observed, "observed", targets, ahead=False)
    ahead = _beside(known, "known", targets, ahead=True)
    blocks = [_block(*parts) for parts in zip(targets, seen, ahead, strict=True)]
    k, o, c = targets[0].shape[1], seen[0].shape[1], ahead[0].shape[1]
    return Sequences(
        values=np.concatenate(blocks),
        offsets=np.concatenate([[0], np.cumsum([len(b) for b in blocks])]).astype(np.int64),
        channels=(*_names("y", k), *_names("observed", o), *_names("known", c)),
        target_channels=tuple(range(k)),
        known_channels=tuple(range(k + o, k + o + c)),
        ids=np.array(ids),
        source="y",
    )


def _columns(arrays: Any, what: str) -> list[Floats]:
    """Each series as ``(T, columns)`` with the same columns."""
    many = isinstance(arrays, list | tuple) and len(arrays) > 0 and np.ndim(arrays[0]) > 0
    found = []
    for i, item in enumerate(arrays if many else [arrays]):
        try:
            array = np.asarray(item, dtype=np.float64)
        except (TypeError, ValueError):
            raise DataError(f"{what} of series {i} is not an array of numbers") from None
        if array.ndim not in (1, 2) or array.size == 0:
            raise DataError(f"{what} of series {i} must be (T,) or (T, columns) and not empty, got shape {array.shape}")
        if np.isinf(array).any():
            row = int(np.argwhere(np.isinf(array))[0][0])
            raise DataError(f"{what} of series {i} has an infinite value in row {row}")
        found.append(array.reshape(len(array), -1))
    widths = {a.shape[1] for a in found}
    if len(widths) > 1:
        raise DataError(f"{what}: every series must have the same columns, got {sorted(widths)}")
    return found


def _beside(arrays: Any, what: str, targets: list[Floats], *, ahead: bool) -> list[Floats]:
    """Covariates of each series, as long as its targets or, known ahead, longer."""
    if arrays is None:
        return [np.empty((len(t), 0)) for t in targets]
    found = _columns(arrays, what)
    if len(found) != len(targets):
        raise DataError(f"{what} has {len(found)} series, y has {len(targets)}")
    for i, (covariates, y) in enumerate(zip(found, targets, strict=True)):
        if len(covariates) < len(y) or (len(covariates) > len(y) and not ahead):
            raise DataError(f"{what} of series {i} has {len(covariates)} rows, y has {len(y)}")
    return found


def _block(y: Floats, observed: Floats, known: Floats) -> Floats:
    past = np.concatenate([y, observed], axis=1)
    future = np.full((len(known) - len(y), past.shape[1]), np.nan)
    return np.concatenate([np.concatenate([past, future]), known], axis=1)


def _names(stem: str, count: int) -> tuple[str, ...]:
    return (stem,) if count == 1 else tuple(f"{stem}_{i}" for i in range(count))
