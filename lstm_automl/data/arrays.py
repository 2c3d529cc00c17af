"""Arrays, lists and tables of Python as sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from lstm_automl.data.checks import check_finite, check_weights
from lstm_automl.data.options import Layout
from lstm_automl.data.ragged import flatten
from lstm_automl.data.sequences import Array, Sequences
from lstm_automl.errors import DataError

if TYPE_CHECKING:
    import pandas


def from_arrays(
    X: Any,
    y: ArrayLike | None = None,
    *,
    layout: Layout = "NTC",
    lengths: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    static: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    ids: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    static_names: Sequence[str] | None = None,
    allow_nan: bool = False,
    dtype: DTypeLike = np.float64,
    source: str = "X",
    nan_hint: str = "",
) -> Sequences:
    """Frame arrays as sequences.

    >>> from_arrays([[[1.0], [2.0]], [[3.0]]], ["up", "down"]).lengths.tolist()
    [2, 1]

    Args:
        X: Array ``(n, time, features)`` or ``(n, time)``, list or object array of such sequences of any lengths,
            DataFrame (a row a univariate series, or in served form: a column ``sequence`` of nested lists).
        y: ``(n,)`` labels or numbers; numbers a row, ``(n, time)`` or flat ``(rows,)``; None.
        layout, lengths: ``"NCT"`` where channels come before time; ``(n,)`` valid steps of right-padded 3-D input.
        sample_weight, groups, ids: ``(n,)``; weights are at least 0.
        static: ``(n, s)`` numbers that do not change over time.
        names, static_names: Of channels and static columns; default their numbers.
        dtype, allow_nan: Of the values; NaN is kept as missing instead of refused.
        source, nan_hint: What messages call X, and what they say to do about NaN.

    Raises:
        DataError: wrong rank, type or length, nothing in it, NaN or infinity; the place is named.
    """
    if hasattr(X, "columns") and "sequence" in X.columns:
        return _from_served(X, y, layout=layout, allow_nan=allow_nan, dtype=dtype, source=source, nan_hint=nan_hint)
    values, offsets = flatten(X, layout=layout, lengths=lengths, dtype=np.dtype(dtype), source=source)
    n, channels = len(offsets) - 1, _names(names, values.shape[1], "channel", source)
    check_finite(values, _place(offsets, source), allow_nan=allow_nan, hint=nan_hint)
    facts = _static_facts(static, static_names, n, allow_nan, source) | _targets(y, offsets, lengths, source)
    facts |= _names_and_weights(n, groups, ids, sample_weight, source)
    return Sequences(values, offsets, channels, source=source, **facts)


def from_table(table: pandas.DataFrame, *, allow_nan: bool = False, source: str = "input") -> Sequences:
    """Sequences in served form: a row a sequence, column ``sequence`` of nested lists ``(time, features)``.

    The other columns are static numbers, in order.

    Raises:
        DataError: no such column, or cells that are not ``(time, features)`` numbers.
    """
    if "sequence" not in table.columns:
        found = ", ".join(repr(name) for name in list(table.columns)[:10])
        raise DataError(f"{source}: no column 'sequence' of nested lists (time, features); found {found}")
    return _from_served(table, None, allow_nan=allow_nan, source=source)


def _from_served(table: Any, y: Any, *, source: str, **settings: Any) -> Sequences:
    names = [str(name) for name in table.columns if name != "sequence"]
    static = None
    if names:
        try:
            static = table[names].to_numpy(dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"{source}: static columns must hold numbers: {error}") from None
    cells = list(table["sequence"])
    return from_arrays(cells, y, static=static, static_names=names or None, source=source, **settings)


def _place(offsets: NDArray[np.int64], source: str) -> Any:
    def place(row: int, column: int) -> str:
        i = int(np.searchsorted(offsets, row, "right")) - 1
        return f"{source}[{i}]: step {row - int(offsets[i])}, channel {column}"

    return place


def _names(names: Sequence[str] | None, width: int, what: str, source: str) -> tuple[str, ...]:
    if names is None:
        return tuple(f"{what}_{i}" for i in range(width))
    if len(names) != width:
        raise DataError(f"{source}: {len(names)} {what} names for {width} columns")
    return tuple(str(name) for name in names)


def _aligned(values: ArrayLike, n: int, what: str, source: str) -> Array:
    array = np.asarray(values)
    if array.shape != (n,):
        raise DataError(f"{what} has shape {array.shape}, but {source} has {n} sequences: expected ({n},)")
    return array


def _weights(values: ArrayLike, n: int, source: str) -> NDArray[np.float64]:
    try:
        weights = _aligned(values, n, "sample_weight", source).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise error if isinstance(error, DataError) else DataError(f"sample_weight: {error}") from None
    check_weights(weights, lambda i: f"sample_weight[{i}]")
    return weights


def _names_and_weights(
    n: int, groups: ArrayLike | None, ids: ArrayLike | None, weights: ArrayLike | None, source: str
) -> dict[str, Any]:
    return {
        "groups": None if groups is None else _aligned(groups, n, "groups", source),
        "ids": None if ids is None else _aligned(ids, n, "ids", source).astype(np.str_),
        "weights": None if weights is None else _weights(weights, n, source),
    }


def _static_facts(
    values: ArrayLike | None, names: Sequence[str] | None, n: int, allow_nan: bool, source: str
) -> dict[str, Any]:
    if values is None:
        return {}
    static = _static(values, n, allow_nan)
    return {"static": static, "static_names": _names(names, static.shape[1], "static", source)}


def _static(values: ArrayLike, n: int, allow_nan: bool) -> NDArray[np.float64]:
    try:
        static = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"static must be (n, columns) numbers: {error}") from None
    if static.ndim != 2 or len(static) != n:
        raise DataError(f"static has shape {static.shape}: expected ({n}, columns)")
    check_finite(static, lambda r, c: f"static[{r}, {c}]", allow_nan=allow_nan, hint="")
    return static


def _targets(y: ArrayLike | None, offsets: NDArray[np.int64], lengths: ArrayLike | None, source: str) -> dict[str, Any]:
    """``(n,)`` targets, or ``(rows,)`` of them."""
    if y is None:
        return {}
    array, n, rows = _numbers_or_text(y), len(offsets) - 1, int(offsets[-1])
    if array.ndim == 2 and array.shape == (n, 1) and rows != n:
        array = array[:, 0]
    if array.shape == (n,):
        return {"targets": array}
    if array.ndim == 2 and len(array) == n and array.shape[1] >= np.diff(offsets).max():
        steps = np.diff(offsets)
        if lengths is not None or (steps == array.shape[1]).all():
            return {"targets": array[np.arange(array.shape[1]) < steps[:, None]], "target_per_row": True}
    if array.shape == (rows,):
        return {"targets": array, "target_per_row": True}
    raise DataError(f"y has shape {array.shape}, but {source} has {n} sequences: expected ({n},)")


def _numbers_or_text(y: ArrayLike) -> Array:
    if isinstance(y, list) and y and np.ndim(y[0]) == 1:
        y = np.concatenate([np.asarray(part) for part in y])
    array = np.asarray(y)
    if array.dtype.kind == "U" and isinstance(y, (list, tuple)):
        array = _uniform(np.array(y, dtype=object))
    if array.dtype == object:
        array = _uniform(array)
    if array.dtype.kind == "c":
        raise DataError("y: complex data not supported")
    if array.dtype.kind == "f":
        flat = array.reshape(-1, 1)
        # labels may be of any size
        check_finite(flat, lambda r, _: f"y[{r}]", hint="", largest=np.finfo(np.float64).max)
    return array


def _uniform(array: Array) -> Array:
    """An object array as strings or as numbers."""
    items: list[Any] = array.ravel().tolist()
    text = [isinstance(item, str) for item in items]
    if all(text):
        return array.astype(np.str_)
    try:
        if any(text):
            raise ValueError
        numbers = np.array(array.tolist())
        return numbers if numbers.dtype.kind in "biufc" else numbers.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError("y must hold numbers alone or strings alone") from None
