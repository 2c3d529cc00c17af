"""Every combination, by number."""

from __future__ import annotations

from typing import Any, ClassVar

from lstm_automl.search.contracts import Table
from lstm_automl.search.oracles.combinations import Combinations, grid_points
from lstm_automl.search.oracles.draws import of_last_space
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.task import Direction


class GridOracle:
    """Combination ``n`` of the space; continuous ranges are cut into 10 points. Needs no table."""

    name: ClassVar[str] = "grid"
    reads_results: ClassVar[bool] = False

    def propose(self, space: Space, seed: int, n: int, table: Table, direction: Direction) -> dict[str, Any] | None:
        """Combination ``n``; None after the last."""
        combinations = _combinations(space)
        return combinations.nth(n) if n < combinations.count else None


@of_last_space
def _combinations(space: Space) -> Combinations:
    return Combinations(space, grid_points(space))
