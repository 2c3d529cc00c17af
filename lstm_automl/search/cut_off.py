"""Trials that time cut off in their first rung: what they have shown all the same. Nothing of it is ever stored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lstm_automl.search.contracts import Epoch, Table, TrialRow
from lstm_automl.search.pieces import common_epoch, piece, settled
from lstm_automl.search.rows import JobRow, rank
from lstm_automl.search.view import StoreView
from lstm_automl.tasks.task import Direction


def settled_table(view: StoreView) -> Table:
    """All trials, each as its last finished rung left it.

    Where none is valid so, those in their first rung have the score of the epochs they had; they stay ``running`` or
    ``stopped``, and a search that is continued knows nothing of it.
    """
    meta = view.meta()
    metric, direction = str(meta["metric"]), meta["direction"]
    table = tuple(settled(row, direction) for row in view.table())
    if rank(table, direction):
        return table
    of_trial: dict[int, list[JobRow]] = {row.number: [] for row in table}
    for job in view.jobs():
        if job.spec.purpose == "search":
            of_trial[job.spec.trial].append(job)
    epochs: dict[int, list[Epoch]] = {}
    for row in view.epochs():
        epochs.setdefault(row.job, []).append(row.epoch)
    return tuple(so_far(row, of_trial[row.number], epochs, metric, direction) for row in table)


def so_far(
    row: TrialRow, jobs: Sequence[JobRow], epochs: Mapping[int, Sequence[Epoch]], metric: str, direction: Direction
) -> TrialRow:
    """A trial in its first rung, scored by the epochs that its folds have had, the last of each kept for later ones.

    Args:
        row: The trial.
        jobs: Of its search.
        epochs: Job -> its epochs, stored as they came.
        metric, direction: The objective.
    """
    ended = {piece(job.spec, job.result, metric).status for job in jobs}
    if row.status not in ("running", "stopped") or row.rungs or ended & {"failed", "diverged"}:
        return row
    folds: dict[int, list[tuple[float, float]]] = {job.spec.fold: [] for job in jobs}
    for job in jobs:
        told = sorted((e for e in epochs.get(job.number, ()) if metric in e.scores), key=lambda e: e.epoch)
        folds[job.spec.fold] += [(e.scores[metric], e.scores.get("val_loss", math.inf)) for e in told]
    curves = [folds[fold] for fold in sorted(folds)]
    if not any(curves):
        return row
    best, score, loss = common_epoch([curve for curve in curves if curve], direction)
    under_way = any(job.result is None and job.started is not None for job in jobs)
    scores = tuple(tuple(score for score, _ in curve) for curve in curves)
    return TrialRow(
        row.number, row.values, "running" if under_way else "stopped", score, loss, best, scores, row.to_epoch
    )


class CutOff(NamedTuple):
    """How little the best of a search rests on.

    Args:
        trials: How many had a scored epoch.
        epochs: Of the best.
        to_epoch: Where its first rung ends.
        folds, of: Folds of it with a scored epoch, and all.
    """

    trials: int
    epochs: int
    to_epoch: int
    folds: int
    of: int

    def __str__(self) -> str:
        """One sentence for people, of a search that has ended."""
        return (
            f"no trial has finished its first {self.to_epoch} epochs: chosen by what was there, "
            f"{self._little()} cut off"
        )

    def so_far(self) -> str:
        """The same of a search that is under way."""
        return f"no trial has finished its first {self.to_epoch} epochs so far: the best by {self._little()}"

    def _little(self) -> str:
        folds = f" on {self.folds} of {self.of} folds" if self.of > 1 else ""
        return (
            f"{self.epochs} epoch{'s' if self.epochs != 1 else ''}{folds}, among {self.trials} "
            f"trial{'s' if self.trials != 1 else ''}"
        )


def cut_off(table: Table, direction: Direction) -> CutOff | None:
    """What the best trial rests on where all were cut off; None where one is valid, or none has a scored epoch.

    >>> row = TrialRow(0, {}, "stopped", 0.5, 1.0, 0, epochs=((0.5,), ()), to_epoch=12)
    >>> print(cut_off([row], "max"))
    no trial has finished its first 12 epochs: chosen by what was there, 1 epoch on 1 of 2 folds, among 1 trial cut off
    """
    ranked = rank(table, direction)
    if not ranked or ranked[0].status == "completed":
        return None
    best, scored = ranked[0], sum(row.score is not None for row in table)
    lengths = [len(fold) for fold in best.epochs]
    return CutOff(scored, max(lengths), best.to_epoch, sum(map(bool, lengths)), len(lengths))
