"""Asynchronous successive halving (Li et al. 2020): many trials begun, the better ones trained on."""

from __future__ import annotations

from typing import ClassVar

from lstm_automl.search.contracts import NewTrial, Promote, Table
from lstm_automl.search.derived import Derived
from lstm_automl.search.schedulers.ladder import Ladder, levels
from lstm_automl.tasks.task import Direction

FACTOR = 3
LEAST = 5
"""Epochs of the shortest rung."""
KEEP = 3
"""Trials trained to the end at least: as many as a selection runs again."""


class AshaScheduler:
    """One trial in three goes on to a rung three times as long, up to ``max_epochs``.

    A trial is promoted as soon as it is among the best third of the results of its rung, so nobody waits for a rung to
    fill. When all trials are begun, the best three of each rung that is complete go on in any case.

    Args:
        direction: Of the objective.

    >>> AshaScheduler().next((), 0, 10, 50)
    NewTrial(to_epoch=6)
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
        return Ladder(levels(max_epochs, FACTOR, LEAST), FACTOR, self._direction)
