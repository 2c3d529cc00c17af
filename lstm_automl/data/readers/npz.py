"""NumPy archives: ``X`` padded or 2-D, or ragged as ``values`` and ``offsets``."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.arrays import from_arrays
from lstm_automl.data.checks import MASK_HINT, check_not_empty
from lstm_automl.data.options import DataOptions, Kind, refuse
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.table import LARGEST
from lstm_automl.errors import DataError, did_you_mean

NAMES = ("X", "y", "lengths", "values", "offsets", "static", "groups", "weight", "ids", "channels", "static_names")
_COLUMNS = ("id", "time", "group", "static", "categorical", "features", "weight", "sep", "table")

RAGGED = "store ragged sequences as 'values' (rows, features) and 'offsets' (n + 1,) integers from 0 to rows"


def read(path: Path, options: DataOptions, *, kind: Kind, labelled: bool = True) -> Sequences:
    """Read an archive; see :class:`~lstm_automl.data.readers.Reader`.

    Arrays: ``X`` ``(n, time, features)`` (``--layout``; with ``lengths`` ``(n,)`` right-padded), or
    ``(n, time)``, or ragged ``values`` ``(rows, features)`` with ``offsets`` ``(n + 1,)``; ``y`` ``(n,)`` or a
    number a row; optional ``static`` ``(n, s)``, ``groups``, ``weight``, ``ids`` ``(n,)``, ``channels`` and
    ``static_names``. For series, X is ``(time,)``, ``(time, channels)`` or ``(series, time, channels)``.
    """
    source = path.name
    refuse(options, _COLUMNS, source, "an .npz file has arrays, not columns")
    if kind != "series":
        refuse(options, ["target", "known"], source, "targets of an .npz file are its array 'y'")
    arrays = _arrays(path)
    _check_read(arrays, kind, source)
    X, lengths = _inputs(arrays, kind, source)
    y = arrays.get("y")
    if y is None and labelled and kind != "series":
        raise DataError(f"{source}: no array 'y' of targets (found: {', '.join(sorted(arrays))})")
    if kind == "label" and y is not None:
        y = _labels(y, source, labelled)
    data = from_arrays(
        X,
        None if kind == "series" else y,
        layout=options.layout,
        lengths=lengths,
        static=arrays.get("static"),
        groups=arrays.get("groups"),
        ids=arrays.get("ids"),
        sample_weight=arrays.get("weight"),
        names=_strings(arrays, "channels"),
        static_names=_strings(arrays, "static_names"),
        allow_nan=options.allow_nan,
        source=source,
        nan_hint=MASK_HINT,
    )
    if labelled:
        check_not_empty(data.values, data.channels, source)
    if kind == "value" and data.targets is not None and data.targets.dtype.kind not in "fiu":
        raise DataError(f"{source}: y holds {data.targets.dtype}, where numbers are needed")
    return _series(data, options) if kind == "series" else data


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    source = path.name
    try:
        if not zipfile.is_zipfile(path):
            raise DataError(f"{source}: not an .npz archive; save with np.savez({source!r}, X=..., y=...)")
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {}
            for name in archive.files:
                if name not in NAMES:
                    raise DataError(f"{source}: unknown array {name!r}{did_you_mean(name, NAMES)}")
                arrays[name] = _member(archive, name, source)
    except DataError:
        raise
    except Exception as error:  # damage surfaces as BadZipFile, zlib.error, MemoryError, RuntimeError, SyntaxError ...
        raise DataError(f"{source}: not a whole .npz archive: {str(error)[:120]}") from None
    return arrays


def _member(archive: Any, name: str, source: str) -> NDArray[Any]:
    try:
        return np.asarray(archive[name])
    except ValueError as error:
        if "pickle" in str(error).lower() or "object" in str(error).lower():
            instead = RAGGED if name in ("X", "values") else "store all its items as text, or all as numbers"
            raise DataError(f"{source}: {name} is an object array, which is never loaded; {instead}") from None
        raise


def _inputs(arrays: Mapping[str, NDArray[Any]], kind: Kind, source: str) -> tuple[Any, NDArray[Any] | None]:
    if "values" in arrays or "offsets" in arrays:
        if "X" in arrays or not ("values" in arrays and "offsets" in arrays):
            raise DataError(f"{source}: give X, or values and offsets together")
        return _split(arrays["values"], arrays["offsets"], source), None
    if "X" not in arrays:
        raise DataError(f"{source}: no array 'X' (found: {', '.join(sorted(arrays)) or 'none'})")
    X = arrays["X"]
    if kind == "series":
        X = X[None, :, None] if X.ndim == 1 else X[None] if X.ndim == 2 else X
    return X, arrays.get("lengths")


def _split(values: NDArray[Any], offsets: NDArray[Any], source: str) -> list[NDArray[Any]]:
    fine = offsets.ndim == 1 and offsets.dtype.kind in "iu" and len(offsets) > 1 and offsets[0] == 0
    if not fine or offsets[-1] != len(values) or (np.diff(offsets.astype(np.int64)) < 1).any():
        raise DataError(f"{source}: offsets must rise from 0 to the {len(values)} rows of values")
    return [values[a:b] for a, b in pairwise(offsets.tolist())]


def _check_read(arrays: Mapping[str, NDArray[Any]], kind: Kind, source: str) -> None:
    """Refuse arrays that nothing would read."""
    idle = {name: "series have none" for name in ("y", "groups") if kind == "series"}
    if "values" in arrays:
        idle["lengths"] = "offsets say where sequences end"
    if "static" not in arrays:
        idle["static_names"] = "there is no array 'static'"
    for name, why in idle.items():
        if name in arrays:
            raise DataError(f"{source}: array {name!r} would not be read: {why}")


def _labels(y: NDArray[Any], source: str, labelled: bool) -> NDArray[Any] | None:
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "U" and (np.char.strip(y) == "").any():
        if not labelled:
            return None
        raise DataError(f"{source}: y[{int(np.argmax(np.char.strip(y) == ''))}]: missing label")
    if y.dtype.kind == "b":
        return y.astype(np.int64)
    if y.dtype.kind == "f" and np.isfinite(y).all():
        if (y != np.round(y)).any():
            raise DataError(f"{source}: y holds fractions such as {y[y != np.round(y)][0]:g}, not class labels")
        return y.astype(np.int64) if (np.abs(y) < LARGEST).all() else y
    return y


def _strings(arrays: Mapping[str, NDArray[Any]], name: str) -> list[str] | None:
    return [str(item) for item in arrays[name].ravel()] if name in arrays else None


def _series(data: Sequences, options: DataOptions) -> Sequences:
    for name in (*options.target, *options.known):
        if name not in data.channels:
            raise DataError(f"{data.source}: no channel {name!r}{did_you_mean(name, data.channels)}")
    known = tuple(data.channels.index(name) for name in options.known)
    rest = tuple(i for i in range(len(data.channels)) if i not in known)
    target = tuple(data.channels.index(name) for name in options.target) or rest
    return replace(data, target_channels=target, known_channels=known)
