"""The rows of a search: jobs and epochs as stored, trials as oracles and leaderboards see them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median_low
from typing import Any

from lstm_automl.errors import NoValidTrialError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, Status, Table, TrialRow, Values
from lstm_automl.tasks.task import Direction

# What a machine, not the search, decides: never stored.
LOCAL = ("directory", "folder", "deadline")
_WORST: Sequence[Status] = ("failed", "diverged", "stopped", "completed")


@dataclass(frozen=True)
class JobRow:
    """A job as stored.

    Args:
        number: Of the job.
        spec: What to do; ``directory``, ``folder`` and ``deadline`` are empty.
        result: What came out; None until it ends.
        started, ended: Seconds since the epoch, of the last attempt; None until then.
    """

    number: int
    spec: RungSpec
    result: RungResult | None = None
    started: float | None = None
    ended: float | None = None

    @property
    def finished(self) -> bool:
        """It ended by itself: a ``stopped`` rung is continued, not finished."""
        return self.result is not None and self.result.status != "stopped"


@dataclass(frozen=True)
class EpochRow:
    """An epoch as stored; ``time`` is seconds since the epoch, ``rowid`` grows with every row."""

    rowid: int
    job: int
    epoch: Epoch
    time: float


def spec_to_json(spec: RungSpec) -> dict[str, Any]:
    """A spec without what a machine decides: equal for every attempt on a job."""
    return {k: v for k, v in spec.to_json().items() if k not in LOCAL}


def spec_from_json(data: Mapping[str, Any]) -> RungSpec:
    """Inverse of :func:`spec_to_json`."""
    return RungSpec(**{**data, "directory": "", "folder": ""})


def join(before: RungResult | None, after: RungResult) -> RungResult:
    """The result of a rung that was stopped and continued: all its epochs, the last state."""
    if before is None:
        return after
    epochs = {e.epoch: e for e in (*before.epochs, *after.epochs)}
    kept = after
    if after.best_epoch < 0 <= before.best_epoch and after.status in ("completed", "stopped"):
        kept = replace(after, best_epoch=before.best_epoch, score=before.score, loss=before.loss)
    return replace(kept, epochs=tuple(epochs[e] for e in sorted(epochs)), seconds=before.seconds + after.seconds)


def trial_row(
    number: int, values: Values, jobs: Iterable[JobRow], metric: str, direction: Direction = "max"
) -> TrialRow:
    """A trial from its search jobs: one fold is scored at its best epoch, several at one epoch common to all.

    The best of many epochs flatters a small validation part: with 7 examples a fold, the folds' own bests
    averaged .92 where no epoch was better than .81 over all of them.
    """
    folds: dict[int, list[JobRow]] = {}
    for job in sorted(jobs, key=lambda j: (j.spec.fold, j.spec.to_epoch)):
        folds.setdefault(job.spec.fold, []).append(job)
    results = [rungs[-1].result for rungs in folds.values()]
    if not results or any(r is None for r in results):
        return TrialRow(number, dict(values), "running")
    last = [r for r in results if r is not None]
    status = min((_status(r) for r in last), key=_WORST.index)
    epochs = tuple(
        tuple(e.scores[metric] for job in rungs if job.result for e in job.result.epochs if metric in e.scores)
        for rungs in folds.values()
    )
    if status != "completed":
        return TrialRow(number, dict(values), status, epochs=epochs)
    if len(folds) > 1 and all(epochs):
        at, score, loss = common_epoch([_curve(rungs, metric) for rungs in folds.values()], direction)
        return TrialRow(number, dict(values), status, score, loss, at, epochs)
    losses = [r.loss for r in last if r.loss is not None and math.isfinite(r.loss)]
    return TrialRow(
        number,
        dict(values),
        status,
        score=fmean(r.score for r in last if r.score is not None),
        loss=fmean(losses) if len(losses) == len(last) else None,
        best_epoch=int(median_low(r.best_epoch for r in last)),
        epochs=epochs,
    )


Curve = Sequence[tuple[float, float]]


def common_epoch(folds: Sequence[Curve], direction: Direction) -> tuple[int, float, float]:
    """The epoch with the best mean over folds, its mean score and loss; ties go to the lower loss.

    Args:
        folds: Score and ``val_loss`` of each epoch of each fold; a fold that ended early keeps its last.

    >>> common_epoch([[(0.5, 1.0), (1.0, 0.5)], [(0.9, 0.1)]], "max")
    (1, 0.95, 0.3)
    """
    sign = -1.0 if direction == "max" else 1.0
    means = []
    for epoch in range(max(map(len, folds))):
        at = [curve[min(epoch, len(curve) - 1)] for curve in folds]
        means.append((fmean(score for score, _ in at), fmean(loss for _, loss in at)))
    best = min(range(len(means)), key=lambda e: (sign * means[e][0], means[e][1], e))
    return best, *means[best]


def _curve(rungs: Sequence[JobRow], metric: str) -> Curve:
    epochs = [e for job in rungs if job.result for e in job.result.epochs if metric in e.scores]
    return [(e.scores[metric], e.scores.get("val_loss", math.inf)) for e in epochs]


def _status(result: RungResult) -> Status:
    if result.status == "completed" and (result.score is None or not math.isfinite(result.score)):
        return "diverged"
    return result.status


def trial_table(
    trials: Mapping[int, Values], jobs: Iterable[JobRow], metric: str, direction: Direction = "max"
) -> Table:
    """All trials in number order; seed and refit jobs have no part in it."""
    by_trial: dict[int, list[JobRow]] = {n: [] for n in trials}
    for job in jobs:
        if job.spec.purpose == "search" and job.spec.trial in by_trial:
            by_trial[job.spec.trial].append(job)
    return tuple(trial_row(n, trials[n], by_trial[n], metric, direction) for n in sorted(trials))


def rank(table: Table, direction: Direction) -> list[TrialRow]:
    """The completed trials, best first: by score, then lower loss, then lower number."""
    sign = -1.0 if direction == "max" else 1.0
    valid = [t for t in table if t.status == "completed" and t.score is not None and math.isfinite(t.score)]

    def key(t: TrialRow) -> tuple[float, float, int]:
        return sign * (t.score or 0.0), math.inf if t.loss is None else t.loss, t.number

    return sorted(valid, key=key)


def best(table: Table, direction: Direction) -> TrialRow:
    """The best trial.

    Raises:
        NoValidTrialError: every trial failed or diverged.
    """
    ranked = rank(table, direction)
    if not ranked:
        counts: dict[str, int] = {}
        for t in table:
            counts[t.status] = counts.get(t.status, 0) + 1
        said = ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "none was finished"
        raise NoValidTrialError(f"no trial has a valid score ({said})")
    return ranked[0]
