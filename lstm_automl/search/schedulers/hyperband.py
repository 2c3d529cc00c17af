"""Hyperband (Li et al. 2018), asynchronous: brackets that differ in how soon they begin to halve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from lstm_automl.search.contracts import NewTrial, Promote, Table, TrialRow
from lstm_automl.search.derived import Derived
from lstm_automl.search.schedulers.asha import FACTOR, ends
from lstm_automl.search.schedulers.ladder import Ladder
from lstm_automl.tasks.task import Direction

KEEP = 1
"""Trials of each bracket trained to the end at least."""


def shares(brackets: int, factor: int) -> tuple[int, ...]:
    """Trials of each bracket in one round of Hyperband, the bracket that halves most first.

    >>> shares(3, 3)
    (9, 5, 3)
    """
    return tuple(math.ceil(brackets / (s + 1) * factor**s) for s in reversed(range(brackets)))


class HyperbandScheduler:
    """As ``asha``, but some trials are trained to the end at once: slow starters are not all cut off.

    One in three with two rungs, 3 in 25 with three.

    The bracket of a trial follows from its number, so that failed trials cannot keep one from filling.

    Args:
        direction: Of the objective.
        steps: Optimiser steps of an epoch, at least 1; None = many.
        warm_up: Learning rates of the space may rise before they fall.

    >>> HyperbandScheduler().next((), 0, 20, 50), HyperbandScheduler().next((), 5, 20, 50)
    (NewTrial(to_epoch=12), NewTrial(to_epoch=50))
    """

    name: ClassVar[str] = "hyperband"

    def __init__(self, direction: Direction = "max", steps: int | None = None, *, warm_up: bool = True) -> None:
        self._direction: Direction = direction
        self._steps, self._warm_up = steps, warm_up
        self._brackets: Derived[_Brackets] = Derived()

    def next(self, table: Table, started: int, max_trials: int, max_epochs: int) -> NewTrial | Promote | None:
        """A promotion if one is due, else a new trial; None while more must be known, and at the end."""
        brackets = self._brackets.of(table, lambda: self._empty(max_epochs), max_epochs)
        for ladder in brackets.ladders:
            found = ladder.promotion()
            if found is not None:
                return found
        if started < max_trials:
            return NewTrial(brackets.of(started).ends[0])
        for ladder in brackets.ladders:
            found = ladder.closing(KEEP)
            if found is not None:
                return found
        return None

    def _empty(self, max_epochs: int) -> _Brackets:
        return _Brackets(ends(max_epochs, self._steps, warm_up=self._warm_up), self._direction)


class _Brackets:
    """A ladder for each bracket, and which trial stands on which."""

    def __init__(self, ends: Sequence[int], direction: Direction) -> None:
        self.ladders = [Ladder(ends[i:], FACTOR, direction) for i in range(len(ends))]
        self._round = [i for i, count in enumerate(shares(len(ends), FACTOR)) for _ in range(count)]

    def of(self, trial: int) -> Ladder:
        """The bracket of a trial."""
        return self.ladders[self._round[trial % len(self._round)]]

    def take(self, row: TrialRow) -> None:
        """Put a trial where it stands now."""
        self.of(row.number).take(row)
