"""Rungs of successive halving: who has reached them, who may go on. All of it follows from the rows taken in."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence

from lstm_automl.search.contracts import Promote, TrialRow
from lstm_automl.tasks.task import Direction

Key = tuple[float, bool, float, int]
"""Signed score, whether it still waits, loss, number: the smaller the better."""
_WORST = (math.inf, True, math.inf)


def levels(max_epochs: int, factor: int, least: float) -> tuple[int, ...]:
    """Where the rungs end, in epochs; the last is ``max_epochs``, no other below ``least``.

    >>> levels(50, 3, 5), levels(4, 3, 5)
    ((6, 17, 50), (4,))
    """
    found = [max_epochs]
    while max_epochs / factor ** len(found) >= least:
        found.append(round(max_epochs / factor ** len(found)))
    return tuple(reversed(found))


class Ladder:
    """One bracket of asynchronous successive halving.

    A trial that failed or diverged is a result like any other, the worst: it fills its rung, so that others may go
    on. A trial that patience ended has its final score in all rungs above, too, and is not sent there.

    Args:
        ends: Where each rung ends, in epochs, the last at the trials' full length.
        factor: One in so many of a rung's results goes on.
        direction: Of the objective.
    """

    def __init__(self, ends: Sequence[int], factor: int, direction: Direction) -> None:
        self.ends, self._factor, self._sign = tuple(ends), factor, -1.0 if direction == "max" else 1.0
        self._results: list[list[Key]] = [[] for _ in ends]
        self._waiting: list[list[Key]] = [[] for _ in ends]
        self._busy = [0] * len(ends)
        self._rows: dict[int, TrialRow] = {}

    def take(self, row: TrialRow) -> None:
        """Put a trial where it stands now."""
        before = self._rows.get(row.number)
        if before is not None:
            self._change(before, add=False)
        self._rows[row.number] = row
        self._change(row, add=True)

    def promotion(self) -> Promote | None:
        """The best trial of the highest rung in which one is among the best ``1 / factor`` and has not gone on."""
        for i in reversed(range(len(self.ends) - 1)):
            found = self._next(i, len(self._results[i]) // self._factor)
            if found is not None:
                return found
        return None

    def closing(self, keep: int) -> Promote | None:
        """The next of the ``keep`` best of a rung that no further result can reach, when all trials are begun."""
        for i in range(len(self.ends) - 1):
            if self._busy[i]:
                return None
            found = self._next(i, keep)
            if found is not None:
                return found
        return None

    def _next(self, i: int, best: int) -> Promote | None:
        waiting = self._waiting[i]
        if not waiting or bisect_left(self._results[i], waiting[0]) >= best:
            return None
        return Promote(waiting[0][-1], self.ends[i + 1])

    def _change(self, row: TrialRow, *, add: bool) -> None:
        for i, key, waits in self._places(row):
            for keys in (self._results[i], self._waiting[i]) if waits else (self._results[i],):
                if add:
                    insort(keys, key)
                else:
                    del keys[bisect_left(keys, key)]
        if row.status in ("running", "stopped"):
            for i in range(self._level(row.to_epoch), len(self.ends)):
                self._busy[i] += 1 if add else -1

    def _places(self, row: TrialRow) -> Iterator[tuple[int, Key, bool]]:
        """The rungs a row is in: number, key, whether it may go on from there."""
        top = len(self.ends) - 1
        for to_epoch, score in row.rungs:
            i = self._level(to_epoch)
            if score is None or not math.isfinite(score):
                yield i, (*_WORST, row.number), False
                continue
            last = row.status == "completed" and to_epoch == row.to_epoch
            ended = last and bool(row.epochs) and all(len(fold) < to_epoch for fold in row.epochs)
            waits = last and not ended and i < top
            loss = row.loss if waits and row.loss is not None else math.inf
            yield i, (self._sign * score, waits, loss, row.number), waits
            for above in range(i + 1, top + 1) if ended else ():
                yield above, (self._sign * score, False, math.inf, row.number), False

    def _level(self, to_epoch: int) -> int:
        return min(bisect_left(self.ends, to_epoch), len(self.ends) - 1)
