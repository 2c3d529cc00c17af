"""Asynchronous successive halving (Li et al. 2020): many trials begun, the better ones trained on."""

from __future__ import annotations

from typing import ClassVar

from lstm_automl.search.contracts import NewTrial, Promote, Table
from lstm_automl.search.derived import Derived
from lstm_automl.search.schedulers.ladder import Ladder, levels
from lstm_automl.tasks.task import Direction

FACTOR = 4
LEAST = 3
"""Epochs of the shortest rung, at least."""
SHARE = 0.2
"""Of ``max_epochs``, the shortest rung, at least: before a learning rate has risen to its peak, scores tell little."""
KEEP = 3
"""Trials trained to the end at least: as many as a selection runs again."""


def ends(max_epochs: int) -> tuple[int, ...]:
    """Where the rungs of a search end.

    >>> ends(50), ends(30), ends(6)
    ((12, 50), (8, 30), (6,))
    """
    return levels(max_epochs, FACTOR, max(LEAST, SHARE * max_epochs))


class AshaScheduler:
    """Every trial is trained for a quarter of ``max_epochs``, one in four to the end.

    A trial is promoted as soon as it is among the best quarter of the results of its rung, so nobody waits for a rung
    to fill. When all trials are begun, the best three go on in any case.

    Args:
        direction: Of the objective.

    >>> AshaScheduler().next((), 0, 10, 50)
    NewTrial(to_epoch=12)
    """

    name: ClassVar[str] = "asha"

    def __init__(self, direction: Direction = "max") -> None:
        self._direction: Direction = direction
        self._ladders: Derived[Ladder] = Derived()

    def next(self, table: Table, started: int, max_trials: int, max_epochs: int) -> NewTrial | Promote | None:
        """A promotion if one is due, else a new trial; None while more must be known, and at the end."""
        ladder = self._ladders.of(table, lambda: self._empty(max_epochs), max_epochs)
        found = ladder.promotion()
        if found is not None:
            return found
        return NewTrial(ladder.ends[0]) if started < max_trials else ladder.closing(KEEP)

    def _empty(self, max_epochs: int) -> Ladder:
        return Ladder(ends(max_epochs), FACTOR, self._direction)
