"""Arrays and lists of any accepted form as flat rows with offsets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstm_automl.data.options import Layout
from lstm_automl.errors import DataError

Flat = tuple[NDArray[np.floating], NDArray[np.int64]]

_FORMS = "(n, time, features), (n, time), or a list of (time, features) arrays"


def flatten(X: Any, *, layout: Layout, lengths: ArrayLike | None, dtype: np.dtype[Any], source: str) -> Flat:
    """``(rows, features)`` values and ``(n + 1,)`` offsets of X.

    Args:
        X: As :func:`lstm_automl.data.arrays.from_arrays` takes it.
        layout: Of 3-D arrays and of (time, features) items.
        lengths: ``(n,)`` valid steps of right-padded 3-D input, or None.
        dtype: Of the values.
        source: What messages call X.

    Raises:
        DataError: X has none of the accepted forms, or nothing in it.
    """
    if layout not in ("NTC", "NCT"):
        raise DataError(f"layout must be 'NTC' or 'NCT', not {layout!r}")
    if hasattr(X, "toarray"):
        raise DataError(f"{source}: sparse data was passed, but dense data is required: use .toarray()")
    if not isinstance(X, (list, tuple)):
        X = _asarray(X, source)
    if isinstance(X, (list, tuple)) or (X.dtype == object and X.ndim == 1):
        items = list(X)
        if items and not any(_holds_items(item) for item in items):
            raise DataError(_rank_message(1, (len(items),), source))
        if lengths is not None:
            raise DataError(f"{source}: lengths belong to a padded array, not to a list")
        return _from_items(items, layout, dtype, source)
    array = _numbers(X, dtype, source)
    if array.ndim not in (2, 3):
        raise DataError(_rank_message(array.ndim, array.shape, source))
    if array.ndim == 2:
        array = array[:, :, None]
        short = X.shape
    else:
        short = array.shape
        array = array if layout == "NTC" else array.transpose(0, 2, 1)
    _check_size(array.shape, short, source)
    return _from_padded(array, lengths, source)


def _rank_message(rank: int, shape: tuple[int, ...], source: str) -> str:
    hint = " Reshape your data: one series is X.reshape(1, -1), one number a series X.reshape(-1, 1)."
    return f"{source} has {rank} dimension(s), shape {shape}: expected {_FORMS}." + (hint if rank == 1 else "")


def _check_size(shape: tuple[int, ...], given: tuple[int, ...], source: str) -> None:
    n, _, features = shape
    what = "sample" if n == 0 else "feature" if features == 0 or len(given) == 2 else "timestep"
    if 0 in shape:
        raise DataError(f"{source} has 0 {what}(s) (shape={given}) while a minimum of 1 is required.")


def _from_padded(array: NDArray[np.floating], lengths: ArrayLike | None, source: str) -> Flat:
    n, steps, features = array.shape
    if lengths is None:
        offsets = np.arange(n + 1, dtype=np.int64) * steps
        return np.ascontiguousarray(array).reshape(-1, features), offsets
    valid = np.asarray(lengths)
    if valid.shape != (n,) or valid.dtype.kind not in "iu":
        raise DataError(f"{source}: lengths must be {n} integers, not {valid.dtype} of shape {valid.shape}")
    bad = np.flatnonzero((valid < 1) | (valid > steps))
    if bad.size:
        raise DataError(f"{source}: lengths[{bad[0]}] is {valid[bad[0]]}: must lie in 1..{steps}")
    return array[np.arange(steps) < valid[:, None]], np.concatenate([[0], np.cumsum(valid)]).astype(np.int64)


def _from_items(items: list[Any], layout: Layout, dtype: np.dtype[Any], source: str) -> Flat:
    if not items:
        raise DataError(f"{source} has 0 sample(s) (shape=(0,)) while a minimum of 1 is required.")
    parts: list[NDArray[np.floating]] = []
    for i, item in enumerate(items):
        name = f"{source}[{i}]"
        part = _asarray(item, name)
        if part.dtype == object and part.ndim == 1 and len(part) and all(map(_holds_items, part)):
            part = _stacked(part, name)
        part = _numbers(part, dtype, name)
        if part.shape == (0,):
            raise DataError(f"{name} has 0 timestep(s) (shape=(0,)) while a minimum of 1 is required.")
        if part.ndim not in (1, 2):
            raise DataError(f"{name} has shape {part.shape}: expected (time, features) or (time,)")
        if part.ndim != parts[0].ndim if parts else False:
            raise DataError(f"{name} has {part.ndim} dimension(s), but {source}[0] has {parts[0].ndim}")
        parts.append(part)
    parts = [part[:, None] if part.ndim == 1 else part if layout == "NTC" else part.T for part in parts]
    for i, part in enumerate(parts):
        if 0 in part.shape:
            what = "timestep" if part.shape[0] == 0 else "feature"
            raise DataError(f"{source}[{i}] has 0 {what}(s) (shape={part.shape}) while a minimum of 1 is required.")
        if part.shape[1] != parts[0].shape[1]:
            hint = "" if layout == "NCT" else "; is the layout (channels, time)? then say layout='NCT'"
            raise DataError(
                f"{source}[{i}] has {part.shape[1]} features, but {source}[0] has {parts[0].shape[1]}{hint}"
            )
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return np.concatenate(parts), offsets


def _asarray(X: Any, source: str) -> NDArray[Any]:
    try:
        return np.asarray(X)
    except (ValueError, TypeError):
        raise DataError(f"{source} is ragged within: expected {_FORMS}") from None


def _stacked(rows: NDArray[Any], source: str) -> NDArray[Any]:
    """``(time,)`` of ``(features,)`` items, as pyarrow and pandas hand out nested lists."""
    widths = sorted({len(row) for row in rows})
    if len(widths) > 1:
        raise DataError(f"{source} has steps of {widths[0]} to {widths[-1]} features: expected (time, features)")
    return np.stack([np.asarray(row) for row in rows])


def _holds_items(item: Any) -> bool:
    return isinstance(item, (list, tuple)) or (hasattr(item, "__array__") and getattr(item, "ndim", 0) > 0)


def _numbers(array: NDArray[Any], dtype: np.dtype[Any], source: str) -> NDArray[np.floating]:
    if array.dtype.kind == "c":
        raise DataError(f"{source}: complex data not supported")
    if array.dtype.kind in "SUmM":
        kind = "text" if array.dtype.kind in "SU" else "times"
        raise DataError(f"{source} holds {kind} ({array.dtype}), not numbers")
    if array.dtype == object and any(isinstance(item, (str, bytes)) for item in array.ravel()):
        raise DataError(f"{source} holds text, not numbers")
    try:
        return array.astype(dtype, copy=False)
    except (TypeError, ValueError) as error:
        raise DataError(f"{source} must hold numbers: {error}") from None
