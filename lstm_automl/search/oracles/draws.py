"""What all drawing oracles share: derived seeds, the space's own first trials, no combination twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lstm_automl.search.contracts import Table
from lstm_automl.search.oracles.combinations import Combinations, all_points
from lstm_automl.search.results import canonical
from lstm_automl.spaces.space import Space, Value

Draw = Callable[[int], Mapping[str, Value]]


def derived_seed(*key: int) -> int:
    """A seed in 1..2**31-1 from any whole numbers of at least 0; never 0, which some libraries take for random.

    >>> derived_seed(0, 0) == derived_seed(0, 0) != derived_seed(0, 1)
    True
    """
    return int(np.random.SeedSequence(key).generate_state(1)[0]) % (2**31 - 1) + 1


def propose_new(space: Space, seed: int, n: int, table: Table, draw: Draw, redraws: int = 20) -> dict[str, Any] | None:
    """The space's first trials, then draws that are not in the table; None when the space has no other.

    Args:
        draw: Values from a seed.
        redraws: Draws before another combination is taken by number.
    """
    starts = space.starts()
    if n < len(starts):
        return starts[n]
    seen = {canonical(dict(row.values)) for row in table}
    points = all_points(space)
    finite = None if points is None else Combinations(space, points)
    start = derived_seed(seed, n)
    if finite is not None and finite.count <= len(seen):
        return finite.unseen(start % finite.count, seen)
    values: dict[str, Any] = {}
    for attempt in range(redraws):
        values = dict(draw(derived_seed(seed, n, attempt)))
        if canonical(values) not in seen:
            return values
    return values if finite is None else finite.unseen(start % finite.count, seen)
