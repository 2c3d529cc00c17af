"""Which forecast origins train, which are validated and which are tested: chronological, per series."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lstm_automl.data.split import Index
from lstm_automl.errors import DataError, UsageError
from lstm_automl.tasks.splits import warn_of_rest

SMALL = 500
"""Below this many training origins one hold-out part says little: rolling origins instead."""
ROLLS = 5
SHARE = 0.2


@dataclass(frozen=True)
class Stretch:
    """Origins of each series, as rows counted from its start.

    Args:
        first: ``(series,)`` first origin.
        stop: ``(series,)`` row that no target may reach: origins ``o`` have ``first <= o <= stop - horizon``.
    """

    first: Index
    stop: Index

    def count(self, horizon: int) -> int:
        """Origins in all series together."""
        return int(np.maximum(0, self.stop - horizon - self.first + 1).sum())

    def holds(self, origin: Index, series: Index, horizon: int) -> Index:
        """Numbers of the examples whose origin lies here."""
        inside = (origin >= self.first[series]) & (origin + horizon <= self.stop[series])
        return np.flatnonzero(inside).astype(np.int64)


Pairs = tuple[tuple[Stretch, Stretch], ...]
"""Training and validation part of each fold."""


@dataclass(frozen=True)
class Bounds:
    """Rows of each series where its parts end: training ``[0, train)``, validation, test ``[valid, total)``.

    ``chosen`` says that the user fixed the validation part; ``tested`` that there is a test part. For messages:
    ``names`` of the series, ``file`` their rows in a training file that other parts are cut from, and its ``source``.
    """

    train: Index
    valid: Index
    total: Index
    chosen: bool
    tested: bool
    names: tuple[str, ...] = ()
    file: Index | None = None
    source: str = "data"


@dataclass(frozen=True)
class Plan:
    """Stretches of all parts. ``history``: least rows behind an origin, the same for every part and trial."""

    folds: Pairs
    refit: Stretch
    test: Stretch | None
    history: int


def bounds_of_sizes(
    lengths: Index, sizes: tuple[int, ...], names: tuple[str, ...] = (), source: str = "data"
) -> Bounds:
    """``--split A,B[,C]``: rows of each series for training, validation and test, from its first row on.

    >>> b = bounds_of_sizes(np.array([17420]), (8640, 2880, 2880))
    >>> int(b.train[0]), int(b.valid[0]), int(b.total[0])
    (8640, 11520, 14400)
    """
    if len(sizes) not in (2, 3) or min(sizes) < 1:
        raise UsageError(f"--split takes two or three positive row counts (train,valid[,test]), got {sizes}")
    if sum(sizes) > lengths.min():
        raise DataError(
            f"{source}: --split {','.join(map(str, sizes))} needs {sum(sizes)} rows in each series; "
            f"{_shortest(lengths, names)}"
        )
    warn_of_rest(sizes, int(lengths.min()), "rows", source)
    train, valid, total = (np.full_like(lengths, sum(sizes[:k])) for k in (1, 2, 3))
    return Bounds(train, valid, total, chosen=True, tested=len(sizes) == 3, names=names, source=source)


def bounds_of_files(
    train: Index,
    valid: Index | None,
    test: Index | None,
    horizon: int,
    names: tuple[str, ...] = (),
    source: str = "data",
) -> Bounds:
    """Parts given as files of so many rows; what is not given is cut from the end of the training file."""
    if valid is not None:
        end = train + valid
        total = end if test is None else end + test
        return Bounds(train, end, total, chosen=True, tested=test is not None, names=names, source=source)
    share = _share(train, horizon)
    if test is not None:
        return Bounds(train - share, train, train + test, False, True, names, file=train, source=source)
    return Bounds(train - 2 * share, train - share, train, False, True, names, file=train, source=source)


def _share(rows: Index, horizon: int) -> Index:
    """Rows of a part that is cut from so many."""
    return np.maximum(horizon, np.round(SHARE * rows).astype(np.int64))


def plan(bounds: Bounds, horizon: int, season: int, history: int | None, folds: int | None) -> Plan:
    """The origins of every part.

    Training targets end before the first validation origin, validation targets before the test part; windows may
    reach back. Folds roll: the second half of the rows before the test part is cut into blocks of origins, each
    validated by what was trained on the rows before it.

    Args:
        bounds: Where the parts end.
        horizon: Steps ahead.
        season: Rows in a season.
        history: Least rows behind an origin; None = a season or a horizon, less in short series.
        folds: None = one part, or up to five where fewer than 500 origins train; 1; or K.

    Raises:
        DataError: a series is too short; the message says how many rows are needed.
        UsageError: folds asked for beside a chosen validation part.
    """
    if folds is not None and folds < 1:
        raise UsageError(f"the number of folds is {folds}; 1 (a hold-out part) or more is needed")
    if folds is not None and folds > 1 and bounds.chosen:
        raise UsageError(f"--cv {folds} and a given validation part (--valid, --split) exclude each other")
    _cut(bounds, horizon, history)
    behind = history or _history(bounds.train, horizon, season)
    single = Stretch(np.full_like(bounds.train, behind), bounds.train)
    pairs: Pairs = ((single, Stretch(bounds.train, bounds.valid)),)
    few = folds is None and not bounds.chosen and single.count(horizon) < SMALL
    if few or (folds or 1) > 1:
        start = np.maximum(bounds.valid // 2, (history or 2) + horizon)
        behind = history or _history(np.minimum(start, bounds.train), horizon, season)
        pairs = _rolling(bounds, start, behind, horizon, folds, history or 2)
    test = Stretch(bounds.valid, bounds.total) if bounds.tested else None
    return Plan(pairs, Stretch(np.full_like(bounds.valid, behind), bounds.valid), test, behind)


def _history(rows: Index, horizon: int, season: int) -> int:
    """A season or a horizon, unless that would leave less than half of the training rows for origins."""
    return max(2, min(max(season, horizon), (int(rows.min()) - horizon) // 2))


def _rolling(
    bounds: Bounds, start: Index, history: int, horizon: int, folds: int | None, least: int
) -> tuple[tuple[Stretch, Stretch], ...]:
    """Blocks of validation origins from row ``start`` on; at least one each, so fewer than five in short series."""
    origins = bounds.valid - horizon - start + 1
    most = int(origins.min())
    if folds is not None and most < folds:
        needed = folds + 2 * horizon - 1 + max(least, folds - 2)
        raise DataError(
            f"{bounds.source}: {folds} rolling validation parts at horizon {horizon} need {needed} rows before the "
            f"test part in each series; {_shortest(bounds.valid, bounds.names)}"
        )
    count = min(folds or ROLLS, most)
    edges = [start + origins * k // count for k in range(count + 1)]
    first = np.full_like(start, history)
    return tuple((Stretch(first, low), Stretch(low, high - 1 + horizon)) for low, high in pairwise(edges))


def _cut(bounds: Bounds, horizon: int, history: int | None) -> None:
    """Refuse parts too short for one origin."""
    behind = history or 2
    if bounds.file is not None and bounds.train.min() < behind + horizon:
        cut = 2 if bounds.total.max() == bounds.file.max() else 1
        needed = behind + (1 + cut) * horizon
        while needed - cut * _share(np.array(needed), horizon) < behind + horizon:
            needed += 1
        raise DataError(
            f"{bounds.source}: horizon {horizon} needs at least {needed} rows in each series, for training"
            f"{', validation and test' if cut > 1 else ' and validation'}; {_shortest(bounds.file, bounds.names)}"
        )
    parts = [("training", bounds.train, behind + horizon), ("validation", bounds.valid - bounds.train, horizon)]
    if bounds.tested:
        parts.append(("test", bounds.total - bounds.valid, horizon))
    for what, rows, needed in parts:
        if rows.min() < needed:
            raise DataError(
                f"{bounds.source}: horizon {horizon} needs at least {needed} rows in the {what} part of each series; "
                f"{_shortest(rows, bounds.names)}"
            )


def _shortest(rows: Index, names: tuple[str, ...]) -> str:
    who = (
        "there are" if len(rows) == 1 else f"series {names[int(rows.argmin())]!r} has" if names else "the shortest has"
    )
    return f"{who} {int(rows.min())}"
