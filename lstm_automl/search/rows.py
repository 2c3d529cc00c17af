"""The rows of a search: jobs and epochs as stored, trials as oracles and leaderboards see them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lstm_automl.errors import NoValidTrialError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, Table, TrialRow, Values
from lstm_automl.search.pieces import common_epoch, piece, row_of
from lstm_automl.tasks.task import Direction

__all__ = ["EpochRow", "JobRow", "best", "common_epoch", "join", "rank", "spec_from_json", "spec_to_json",
           "trial_row", "trial_table"]  # fmt: skip

# What a machine, not the search, decides: never stored.
LOCAL = ("directory", "folder", "deadline", "spent")


@dataclass(frozen=True)
class JobRow:
    """A job as stored.

    Args:
        number: Of the job.
        spec: What to do, without what a machine decides.
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


def stored(spec: RungSpec) -> RungSpec:
    """A spec as a store keeps it: without what a machine decides."""
    local = spec.directory or spec.folder or spec.deadline is not None or spec.spent
    return replace(spec, directory="", folder="", deadline=None, spent=0.0) if local else spec


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
    """A trial from its search jobs; see :func:`lstm_automl.search.pieces.row_of`."""
    return row_of(number, values, [piece(job.spec, job.result, metric) for job in jobs], direction)


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
    """The completed trials, best first: by score, then lower loss, then lower number.

    Where there is none, those of the trials cut off in their first rung that most folds have scored: see
    :mod:`lstm_automl.search.cut_off`, which alone gives such trials a score.
    """
    sign = -1.0 if direction == "max" else 1.0
    scored = [t for t in table if t.score is not None and math.isfinite(t.score)]
    valid = [t for t in scored if t.status == "completed"]
    if not valid:
        folds = {t.number: sum(map(bool, t.epochs)) for t in scored if t.status in ("running", "stopped")}
        valid = [t for t in scored if t.number in folds and folds[t.number] == max(folds.values())]

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
