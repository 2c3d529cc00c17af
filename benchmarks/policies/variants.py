"""Policies under trial beside the shipped ones: rungs of other lengths, pruning by the curve, cheap ones first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from lstm_automl.search.contracts import NewTrial, Promote, Table, TrialRow
from lstm_automl.search.schedulers import asha
from lstm_automl.search.schedulers.ladder import Ladder


class Asha:
    """``asha`` with everything open.

    Args:
        factor: One in so many goes on.
        ends: Of the rungs below the last, as shares of the full length; None = the shipped ones.
        keep: How many of each rung go to the end at least.
        see: Changes the rows before they are looked at.
    """

    def __init__(
        self,
        factor: int = asha.FACTOR,
        ends: Sequence[float] | None = None,
        keep: int = asha.KEEP,
        see: Callable[[TrialRow, Table], TrialRow] | None = None,
    ) -> None:
        self.factor, self.ends, self.keep, self.see = factor, ends, keep, see

    def next(self, table: Table, started: int, max_trials: int, max_epochs: int) -> NewTrial | Promote | None:
        """As the shipped one decides."""
        ends = asha.ends(max_epochs)
        if self.ends is not None:
            ends = (*(round(share * max_epochs) for share in self.ends), max_epochs)
        ladder = Ladder(ends, self.factor, "max")
        for row in table:
            ladder.take(row if self.see is None else self.see(row, table))
        found = ladder.promotion()
        if found is not None:
            return found
        return NewTrial(ladder.ends[0]) if started < max_trials else ladder.closing(self.keep)


class MedianRule:
    """No halving: every few epochs a trial goes on unless it is below the median of all that came as far."""

    def __init__(self, every: int) -> None:
        self.every = every

    def next(self, table: Table, started: int, max_trials: int, max_epochs: int) -> NewTrial | Promote | None:
        """The first trial that may go on; else a new one."""
        ends = [*range(self.every, max_epochs, self.every), max_epochs]
        for row in table:
            if row.status != "completed" or row.to_epoch >= max_epochs or _ended(row):
                continue
            here = [s for r in table for end, s in r.rungs if end == row.to_epoch and s is not None]
            if len(here) < 5 or row.rungs[-1][1] >= median(here):
                return Promote(row.number, ends[ends.index(row.to_epoch) + 1])
        return NewTrial(ends[0]) if started < max_trials else None


def hopeless(max_epochs: int) -> Callable[[TrialRow, Table], TrialRow]:
    """Rows that cannot reach the best by a straight line through their second half are seen as failed."""

    def see(row: TrialRow, table: Table) -> TrialRow:
        if row.status != "completed" or row.to_epoch >= max_epochs or not row.epochs:
            return row
        means = [sum(at) / len(at) for at in zip(*row.epochs, strict=False)]
        best = max((r.score for r in table if r.score is not None), default=-math.inf)
        half = len(means) // 2
        gained = max(means) - max(means[: half + 1])
        hope = max(means) + gained / max(1, len(means) - half) * (max_epochs - len(means))
        if hope >= best:
            return row
        return replace(row, status="failed", score=None, rungs=(*row.rungs[:-1], (row.to_epoch, None)))

    return see


def cheap_first(cost: Callable[[TrialRow], float]) -> Callable[[TrialRow, Table], TrialRow]:
    """Equal scores are parted by what an epoch costs, not by loss."""

    def see(row: TrialRow, table: Table) -> TrialRow:
        return replace(row, loss=cost(row)) if row.loss is not None else row

    return see


def _ended(row: TrialRow) -> Any:
    return all(len(fold) < row.to_epoch for fold in row.epochs)
