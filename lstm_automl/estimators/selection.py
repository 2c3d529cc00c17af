"""Choose among the finalists with other seeds, then train the chosen one on all but the test part."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lstm_automl.search.contracts import RungResult, Table, TrialRow
from lstm_automl.search.driver import Driver, JobRequest
from lstm_automl.search.rows import rank
from lstm_automl.tasks.task import Direction


@dataclass(frozen=True)
class Effort:
    """How much a selection runs: finalists, seeds of each, refitted copies."""

    finalists: int
    seeds: int
    ensemble: int


def affordable(effort: Effort, table: Table, folds: int, seconds: float | None, job: float, workers: int) -> Effort:
    """The effort cut to what fits into ``seconds`` when a job takes ``job`` seconds; None = no limit.

    A limit in time is the only case in which a measured time decides, as DESIGN says of ``--time-budget``.
    """
    if seconds is None or job <= 0:
        return effort
    refit = math.ceil(effort.ensemble / workers) * job * 1.5
    rounds = max(0, math.floor((seconds - refit) / job)) * workers
    best = Effort(1, 0, 1 if seconds < refit else effort.ensemble)
    for finalists in range(2, min(effort.finalists, len(table)) + 1):
        for seeds in range(1, effort.seeds + 1):
            if finalists * seeds * folds <= rounds and finalists * seeds > best.finalists * best.seeds:
                best = replace(best, finalists=finalists, seeds=seeds)
    return best


def choose(driver: Driver, table: Table, direction: Direction, folds: int, effort: Effort) -> TrialRow:
    """Run the best trials again over other seeds and return the best by mean score (ties: lower loss).

    One run's best epoch flatters it; the mean over fresh seeds does not choose by that luck.
    """
    finalists = rank(table, direction)[: effort.finalists]
    if len(finalists) < 2 or effort.seeds < 1:
        return finalists[0]
    requests = [
        JobRequest(t.number, "seed", fold, seed, to_epoch=driver.limits.max_epochs)
        for t in finalists
        for seed in range(1, effort.seeds + 1)
        for fold in range(folds)
    ]
    results = driver.run(requests)
    each = len(requests) // len(finalists)
    again = [_mean(t, results[i * each : (i + 1) * each]) for i, t in enumerate(finalists)]
    return (rank(again, direction) or finalists)[0]


def refit(driver: Driver, best: TrialRow, effort: Effort) -> list[Path]:
    """Train ``best`` on training and validation part for its best epoch; one checkpoint a seed."""
    requests = [
        JobRequest(best.number, "refit", -1, seed, to_epoch=best.best_epoch + 1) for seed in range(effort.ensemble)
    ]
    results = driver.run(requests)
    return [driver.folder(r.job) / r.checkpoint for r in results if r.status == "completed" and r.checkpoint]


def _mean(trial: TrialRow, results: Sequence[RungResult]) -> TrialRow:
    """The trial with the mean of these runs; a seed that diverged makes it worst."""
    if any(r.status != "completed" or r.score is None for r in results):
        return replace(trial, status="diverged", score=None)
    epochs = sorted(r.best_epoch for r in results)
    return replace(
        trial,
        score=statistics.fmean(r.score for r in results if r.score is not None),
        loss=statistics.fmean(r.loss for r in results if r.loss is not None) if results[0].loss is not None else None,
        best_epoch=int(statistics.median_high(epochs)),
    )
