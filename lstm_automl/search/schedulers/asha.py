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
"""Of ``max_epochs``, the shortest rung, at least, where learning rates rise first: until near their peak, scores tell
little."""
STEPS = 400
"""Optimiser steps of the shortest rung, at least: small sets learn slowly by the epoch, and regularised trials, the
better ones there, most slowly."""
KEEP = 3
"""Trials trained to the end at least: as many as a selection runs again."""


def ends(max_epochs: int, steps: int | None = None, *, warm_up: bool = True) -> tuple[int, ...]:
    """Where the rungs of a search end.

    Args:
        max_epochs: Epochs of a whole trial.
        steps: Optimiser steps of an epoch; None = many.
        warm_up: Learning rates may rise before they fall.

    >>> ends(50), ends(30), ends(6), ends(50, 16), ends(50, 256, warm_up=False)
    ((12, 50), (8, 30), (6,), (50,), (3, 12, 50))
    """
    return levels(max_epochs, FACTOR, max(LEAST, SHARE * max_epochs if warm_up else 0, STEPS / steps if steps else 0))


class AshaScheduler:
    """Every trial is trained for a quarter of ``max_epochs``, one in four to the end.

    A trial is promoted as soon as it is among the best quarter of the results of its rung, so nobody waits for a rung
    to fill. When all trials are begun, the best three go on in any case. Where a quarter is less than 400 optimiser
    steps, every trial is trained to the end; where a sixteenth is as much, and no learning rate rises first, every
    trial begins with that.

    Args:
        direction: Of the objective.
        steps: Optimiser steps of an epoch, at least 1; None = many.
        warm_up: Learning rates of the space may rise before they fall.

    >>> AshaScheduler().next((), 0, 10, 50), AshaScheduler(warm_up=False).next((), 0, 10, 50)
    (NewTrial(to_epoch=12), NewTrial(to_epoch=3))
    """

    name: ClassVar[str] = "asha"

    def __init__(self, direction: Direction = "max", steps: int | None = None, *, warm_up: bool = True) -> None:
        self._direction: Direction = direction
        self._steps, self._warm_up = steps, warm_up
        self._ladders: Derived[Ladder] = Derived()

    def next(self, table: Table, started: int, max_trials: int, max_epochs: int) -> NewTrial | Promote | None:
        """A promotion if one is due, else a new trial; None while more must be known, and at the end."""
        ladder = self._ladders.of(table, lambda: self._empty(max_epochs), max_epochs)
        found = ladder.promotion()
        if found is not None:
            return found
        return NewTrial(ladder.ends[0]) if started < max_trials else ladder.closing(KEEP)

    def _empty(self, max_epochs: int) -> Ladder:
        return Ladder(ends(max_epochs, self._steps, warm_up=self._warm_up), FACTOR, self._direction)
