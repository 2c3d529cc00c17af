"""What all drawing oracles share: derived seeds, the space's own first trials, no combination twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from lstm_automl.search.contracts import Table, TrialRow
from lstm_automl.search.derived import Derived
from lstm_automl.search.oracles.combinations import Combinations, all_points
from lstm_automl.search.results import canonical
from lstm_automl.spaces.space import Space, Value

Draw = Callable[[int], Mapping[str, Value]]
T = TypeVar("T")


def derived_seed(*key: int) -> int:
    """A seed in 1..2**31-1 from any whole numbers of at least 0; never 0, which some libraries take for random.

    >>> derived_seed(0, 0) == derived_seed(0, 0) != derived_seed(0, 1)
    True
    """
    return int(np.random.SeedSequence(key).generate_state(1)[0]) % (2**31 - 1) + 1


class Tried:
    """The combinations in a table, as canonical JSON."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def take(self, row: TrialRow) -> None:
        """Add a row's values; they never change."""
        self.seen.add(canonical(dict(row.values)))


_TRIED: Derived[Tried] = Derived()


def of_last_space(make: Callable[[Space], T]) -> Callable[[Space], T]:
    """``make``, remembering what it made of the last space: a search asks about one, thousands of times."""
    kept: list[tuple[Space, T]] = []

    @wraps(make)
    def made(space: Space) -> T:
        entry = kept[0] if kept else None
        if entry is None or entry[0] is not space:
            entry = space, make(space)
            kept[:] = [entry]
        return entry[1]

    return made


@of_last_space
def _finite(space: Space) -> Combinations | None:
    points = all_points(space)
    return None if points is None else Combinations(space, points)


def propose_new(space: Space, seed: int, n: int, table: Table, draw: Draw, redraws: int = 20) -> dict[str, Any] | None:
    """The space's first trials, then draws that are not in the table; None when the space has no other.

    Args:
        space: What is searched.
        seed: Of the search.
        n: Number of the trial.
        table: All earlier trials.
        draw: Values from a seed.
        redraws: Draws before another combination is taken by number.
    """
    starts = space.starts() if n <= len(space.first) else []
    if n < len(starts):
        return starts[n]
    seen, finite = _TRIED.of(table, Tried).seen, _finite(space)
    start = derived_seed(seed, n)
    if finite is not None and finite.count <= len(seen):
        return finite.unseen(start % finite.count, seen)
    values: dict[str, Any] = {}
    for attempt in range(redraws):
        values = dict(draw(derived_seed(seed, n, attempt)))
        if canonical(values) not in seen:
            return values
    return values if finite is None else finite.unseen(start % finite.count, seen)
