"""Series as rows: what is past, what is future, and files that continue one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.checks import check_finite, check_given, check_not_empty
from lstm_automl.data.combine import per_step
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.split import Index
from lstm_automl.errors import DataError, did_you_mean

Array = NDArray[Any]


def series_names(data: Sequences) -> list[str]:
    """Name of each series; its number where the data gives none."""
    return [str(i) for i in range(len(data))] if data.ids is None else [str(i) for i in data.ids]


def target_positions(data: Sequences) -> tuple[int, ...]:
    """Positions of what is forecast; every channel not known ahead where the data does not say."""
    if data.target_channels:
        return tuple(data.target_channels)
    return tuple(c for c in range(len(data.channels)) if c not in data.known_channels)


def past_lengths(data: Sequences) -> Index:
    """``(n,)`` rows of each series before its future: the trailing rows without any target.

    Only covariates known ahead make a future; without them every row is past.
    """
    if not data.known_channels and not data.known_categories:
        return data.lengths
    seen = np.isfinite(data.values[:, list(target_positions(data))]).any(axis=1)
    ends = [np.flatnonzero(seen[a:b]) for a, b in zip(data.offsets, data.offsets[1:], strict=False)]
    return np.array([int(rows[-1]) + 1 if len(rows) else 0 for rows in ends], dtype=np.int64)


def head(data: Sequences, lengths: Index) -> Sequences:
    """The first ``lengths[i]`` rows of each series i."""
    if np.array_equal(lengths, data.lengths):
        return data
    rows = np.concatenate([np.arange(a, a + n) for a, n in zip(data.offsets, lengths, strict=False)])
    return _taken(data, rows.astype(np.int64), lengths)


def joined(files: Sequence[Sequences]) -> tuple[Sequences, list[Index]]:
    """Files that continue the same series, one after the other, and the rows each gives to each series.

    Raises:
        DataError: other columns, a series that the first file does not have, or times that do not follow.
    """
    first = files[0]
    names = series_names(first)
    aligned = [first, *(_continues(f, first) for f in files[1:])]
    places = [_places(f, names, first) for f in aligned]
    for i, name in enumerate(names):
        _in_time([(f, place[i]) for f, place in zip(aligned, places, strict=True)], name)
    lengths = [np.array([len(r) for r in place], dtype=np.int64) for place in places]
    shifts = np.cumsum([0, *(len(f.values) for f in aligned)])
    rows = [p[i] + s for i in range(len(names)) for p, s in zip(places, shifts, strict=False)]
    whole = replace(
        first,
        values=np.concatenate([f.values for f in aligned]),
        times=None if first.times is None else np.concatenate([f.times for f in aligned]),
        categories={
            k: np.concatenate([f.categories[k] for f in aligned]) if per_step(first, k) else v
            for k, v in first.categories.items()
        },
    )
    return _taken(whole, np.concatenate(rows), sum(lengths, np.zeros(len(names), np.int64))), lengths


def same_columns(
    data: Sequences,
    channels: Sequence[str],
    targets: Sequence[int],
    known: Sequence[int],
    known_categories: Sequence[str],
) -> Sequences:
    """``data`` with these channels in this order, and these roles.

    Args:
        data: Series of a file.
        channels: Names, in the order of training.
        targets, known: Their positions among them.
        known_categories: Names.

    Raises:
        DataError: a channel is missing.
    """
    missing = [c for c in channels if c not in data.channels]
    if missing:
        raise DataError(
            f"{data.source}: column {missing[0]!r} is missing{did_you_mean(missing[0], data.channels)}; "
            f"the series have {', '.join(channels)}"
        )
    return replace(
        data,
        values=data.values[:, [data.channels.index(c) for c in channels]],
        channels=tuple(channels),
        target_channels=tuple(targets),
        known_channels=tuple(known),
        known_categories=tuple(known_categories),
    )


def check_series(data: Sequences, past: Index, *, allow_nan: bool) -> None:
    """Refuse series without rows, infinities, empty columns, and missing values that nobody allowed.

    In future rows only the channels known ahead are looked at.

    Args:
        data: The series.
        past: ``(series,)`` rows before the future ones.
        allow_nan: Missing values are masked.

    Raises:
        DataError: naming series, row and channel.
    """
    names = series_names(data)
    if not len(data.values) or not len(data):
        raise DataError(f"{data.source}: no rows")
    if not target_positions(data):
        raise DataError(f"{data.source}: every column is known ahead; none is left to be forecast")
    empty = np.flatnonzero(past == 0)
    if empty.size:
        raise DataError(f"{data.source}: series {names[int(empty[0])]!r} has no target value")
    series = np.repeat(np.arange(len(data)), data.lengths)
    step = np.arange(len(data.values)) - data.offsets[:-1][series]

    def of_row(row: int, name: str) -> str:
        where = f"series {names[int(series[row])]!r}, " if len(names) > 1 else ""
        return f"{data.source}: {where}row {int(step[row]) + 1}, column {name!r}"

    def of_series(i: int, name: str) -> str:
        return f"{data.source}: series {names[i]!r}, static column {name!r}"

    ahead, future = np.isin(np.arange(len(data.channels)), data.known_channels), step >= past[series]
    values = np.where(future[:, None] & ~ahead, 0.0, data.values)
    check_finite(values, lambda row, k: of_row(row, data.channels[k]), allow_nan=allow_nan)
    check_not_empty(data.values, data.channels, data.source)
    if data.static is not None:
        check_finite(data.static, lambda i, k: of_series(i, data.static_names[k]), allow_nan=allow_nan)
    for name, given in () if allow_nan else data.categories.items():
        steps = per_step(data, name)
        needed = np.where(future, "-", given) if steps and name not in data.known_categories else given
        check_given(needed, partial(of_row if steps else of_series, name=name))


def _continues(data: Sequences, first: Sequences) -> Sequences:
    per_row = [c for c in first.categories if per_step(first, c) and c not in data.categories]
    if per_row:
        raise DataError(f"{data.source}: column {per_row[0]!r} of {first.source} is missing")
    if (data.times is None) != (first.times is None):
        raise DataError(f"{data.source} and {first.source}: only one of them has times")
    roles = (first.target_channels, first.known_channels, first.known_categories)
    return same_columns(data, first.channels, *roles)


def _taken(data: Sequences, rows: Index, lengths: Index) -> Sequences:
    return replace(
        data,
        values=data.values[rows],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        times=None if data.times is None else data.times[rows],
        categories={k: v[rows] if per_step(data, k) else v for k, v in data.categories.items()},
    )


def _places(data: Sequences, names: list[str], first: Sequences) -> list[Index]:
    """The rows of each named series."""
    own = series_names(data)
    if len(own) == len(names) == 1:
        own = names
    for name in own:
        if name not in names:
            raise DataError(f"{data.source}: series {name!r} is not in {first.source}; every part continues its series")
    where = {name: np.arange(data.offsets[i], data.offsets[i + 1]) for i, name in enumerate(own)}
    return [where.get(name, np.empty(0, np.int64)) for name in names]


def _in_time(parts: list[tuple[Sequences, Index]], name: str) -> None:
    filled = [(f, rows) for f, rows in parts if len(rows)]
    for (before, a), (after, b) in pairwise(filled):
        if before.times is None or after.times is None:
            continue
        if not after.times[b[0]] > before.times[a[-1]]:
            raise DataError(
                f"{after.source}: series {name!r} starts at {after.times[b[0]]}, not after {before.times[a[-1]]}, "
                f"the end of {before.source}"
            )
