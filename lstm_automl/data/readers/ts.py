"""``.ts`` files of the UCR/UEA archives: a header of ``@`` lines, then a line a sequence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.checks import check_finite, check_not_empty
from lstm_automl.data.options import DataOptions, Kind, refuse
from lstm_automl.data.sequences import Array, Sequences
from lstm_automl.data.table import as_float, shorten
from lstm_automl.data.text import read_text
from lstm_automl.errors import DataError

_COLUMNS = ("target", "id", "time", "group", "static", "categorical", "features", "known", "weight", "sep", "table")
_IGNORED = {"missing", "univariate", "equallength", "serieslength", "relation", "dimensions", "dimension"}


@dataclass
class _Header:
    """What the ``@`` lines say; ``classes`` None where any label goes."""

    dimensions: int | None = None
    target: str = ""
    classes: tuple[str, ...] | None = None


def read(path: Path, options: DataOptions, *, kind: Kind, labelled: bool = True) -> Sequences:
    """Read sequences of any length and any number of dimensions; see :class:`~.Reader`."""
    source = path.name
    refuse(options, _COLUMNS, source, "a .ts file has no columns")
    refuse(options, ["layout"], source, "a .ts file has its own axis order")
    if kind == "series":
        raise DataError(f"{source}: .ts files hold labelled sequences; forecasting reads .csv, .parquet, .npz")
    lines = read_text(path).split("\n")
    header, first = _header(lines, source)
    if labelled and not header.target:
        raise DataError(f"{source}: the header has neither '@classLabel true' nor '@targetLabel true'")
    if labelled and kind == "value" and header.target == "class":
        raise DataError(f"{source}: class labels, where numbers ('@targetLabel true') are needed")
    series: list[NDArray[np.float64]] = []
    targets: list[str] = []
    places: list[int] = []
    for number, line in enumerate(lines[first:], first + 1):
        body = line.strip()
        if body and body[0] not in "#%":
            x, target = _sequence(body, header, f"{source}:{number}")
            series.append(x)
            targets.append(target)
            places.append(number)
    if not series:
        raise DataError(f"{source}: no sequence after @data")
    return _sequences(series, targets, places, header, options, kind, labelled, source)


def _header(lines: list[str], source: str) -> tuple[_Header, int]:
    header = _Header()
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0][0] in "#%":
            continue
        place, key = f"{source}:{number}", words[0].lower()
        if key == "@data":
            return header, number
        if key[0] != "@":
            raise DataError(f"{place}: data before the line @data: is this a .ts file?")
        _header_line(header, key[1:], words[1:], place)
    raise DataError(f"{source}: no line @data: is this a .ts file?")


def _header_line(header: _Header, key: str, words: list[str], place: str) -> None:
    if key == "problemname" or (key in _IGNORED and not key.startswith("dimension")):
        return
    if key in ("classlabel", "targetlabel"):
        flag = words[0].lower() if words else ""
        if flag not in ("true", "false"):
            raise DataError(f"{place}: @{key} must be followed by true or false")
        if flag == "true":
            header.target = key.removesuffix("label")
            header.classes = tuple(words[1:]) if key == "classlabel" and words[1:] else None
    elif key in ("dimensions", "dimension"):
        if len(words) != 1 or not words[0].isdigit() or int(words[0]) < 1:
            raise DataError(f"{place}: @{key} must be followed by a number of at least 1")
        header.dimensions = int(words[0])
    elif key == "timestamps":
        if words[:1] != ["false"] and [w.lower() for w in words[:1]] != ["false"]:
            raise DataError(f"{place}: sequences with time stamps are not supported; write the values alone")
    else:
        raise DataError(f"{place}: unknown header line @{key}")


def _sequence(body: str, header: _Header, place: str) -> tuple[NDArray[np.float64], str]:
    """One line: ``(time, dimensions)`` and its target ("" without)."""
    parts = body.split(":")
    target = parts.pop().strip() if header.target else ""
    if not parts:
        raise DataError(f"{place}: no ':' before the label")
    if header.dimensions is None:
        header.dimensions = len(parts)
    if len(parts) != header.dimensions:
        raise DataError(f"{place}: {len(parts)} dimensions, where the file has {header.dimensions}")
    if header.classes and target not in header.classes and target != "?":
        raise DataError(f"{place}: class {shorten(target)} is not in the header ({', '.join(header.classes[:20])})")
    columns = [_numbers(part, place) for part in parts]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise DataError(f"{place}: dimensions of {min(lengths)} to {max(lengths)} steps in one sequence")
    return np.stack(columns, axis=1), target


def _numbers(text: str, place: str) -> NDArray[np.float64]:
    if "?" not in text and "_" not in text:
        try:
            return np.array([*map(float, text.split(","))])
        except ValueError:
            pass
    out = []
    for step, item in enumerate(text.split(","), 1):
        try:
            out.append(np.nan if item.strip() == "?" else as_float(item))
        except ValueError:
            raise DataError(f"{place}: step {step}: {shorten(item.strip())} is not a number") from None
    return np.array(out)


def _sequences(
    series: list[NDArray[np.float64]],
    targets: list[str],
    places: list[int],
    header: _Header,
    options: DataOptions,
    kind: Kind,
    labelled: bool,
    source: str,
) -> Sequences:
    values = np.concatenate(series)
    offsets = np.concatenate([[0], np.cumsum([len(x) for x in series])]).astype(np.int64)
    width = values.shape[1]
    channels = tuple(f"dim_{i}" for i in range(width)) if width > 1 else ("value",)

    def place(row: int, column: int) -> str:
        i = int(np.searchsorted(offsets, row, "right")) - 1
        where = f", dimension {column + 1}" if width > 1 else ""
        return f"{source}:{places[i]}: step {row - int(offsets[i]) + 1}{where}"

    check_finite(values, place, allow_nan=options.allow_nan)
    if labelled:
        check_not_empty(values, channels, source)
    wanted = _targets(targets, places, kind, labelled, source) if header.target else None
    return Sequences(values=values, offsets=offsets, channels=channels, targets=wanted, source=source)


def _targets(targets: list[str], places: list[int], kind: Kind, labelled: bool, source: str) -> Array | None:
    missing = [places[i] for i, target in enumerate(targets) if target in ("", "?")]
    if missing:
        if labelled:
            raise DataError(f"{source}:{missing[0]}: missing target")
        return None
    if kind == "label":
        return np.array(targets, dtype=np.str_)
    try:
        values = np.array([as_float(target) for target in targets])
    except ValueError:
        if not labelled:
            return None
        bad = next(i for i, target in enumerate(targets) if not _is_number(target))
        raise DataError(f"{source}:{places[bad]}: target {shorten(targets[bad])} is not a number") from None
    check_finite(values[:, None], lambda r, _: f"{source}:{places[r]}: target", hint="a target cannot be masked")
    return values


def _is_number(text: str) -> bool:
    try:
        as_float(text)
    except ValueError:
        return False
    return True
