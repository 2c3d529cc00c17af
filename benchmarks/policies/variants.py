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
        steps: Optimiser steps of an epoch.
    """

    def __init__(
        self,
        factor: int = asha.FACTOR,
        ends: Sequence[float] | None = None,
        keep: int = asha.KEEP,
        see: Callable[[TrialRow, Table], TrialRow] | None = None,
        steps: int | None = None,
    ) -> None:
        self.factor, self.ends, self.keep, self.see, self.steps = factor, ends, keep, see, steps

    def next(self, table: Table, started: int, max_trials: int, max_epochs: int) -> NewTrial | Promote | None:
        """As the shipped one decides."""
        ends = asha.ends(max_epochs, self.steps)
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
    """No halving: from ``first`` on, every so often, a trial goes on unless it is below the median of all there.

    Args:
        first, every: Shares of the full length.
    """

    def __init__(self, first: float, every: float) -> None:
        self.first, self.every = first, every

    def next(self, table: Table, started: int, max_trials: int, max_epochs: int) -> NewTrial | Promote | None:
        """The first trial that may go on; else a new one."""
        count = int((1 - self.first) / self.every + 1e-9)
        ends = [*(round((self.first + i * self.every) * max_epochs) for i in range(count)), max_epochs]
        for row in table:
            if row.status != "completed" or row.to_epoch >= max_epochs or _ended(row):
                continue
            here = [s for r in table for end, s in r.rungs if end == row.to_epoch and s is not None]
            if len(here) < 4 or row.rungs[-1][1] >= median(here):
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


def cheap_first(cost: Callable[[TrialRow], float], close: float = 0.0) -> Callable[[TrialRow, Table], TrialRow]:
    """Equal scores are parted by what an epoch costs, not by loss; ``close``: what counts as equal."""

    def see(row: TrialRow, table: Table) -> TrialRow:
        if row.loss is None:
            return row
        coarse = [(end, s if s is None or not close else round(s / close) * close) for end, s in row.rungs]
        return replace(row, loss=cost(row), rungs=tuple(coarse))

    return see


def _ended(row: TrialRow) -> Any:
    return all(len(fold) < row.to_epoch for fold in row.epochs)
