"""Choose among the finalists with other seeds, then train the chosen one on all but the test part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lstm_automl.search.contracts import RungResult, Table, TrialRow
from lstm_automl.search.driver import Driver, JobRequest
from lstm_automl.search.rows import common_epoch, rank
from lstm_automl.spaces.neutral import read
from lstm_automl.tasks.task import Direction, Metric


@dataclass(frozen=True)
class Effort:
    """How much a selection runs: finalists, seeds of each, refitted copies."""

    finalists: int
    seeds: int
    ensemble: int


@dataclass(frozen=True)
class Means:
    """What is left of a time budget: seconds, workers, and what a selection job and a refit cost."""

    seconds: float
    workers: int
    job: float
    refit: float


def affordable(asked: Effort, finalists: int, folds: int, means: Means | None) -> Effort:
    """The effort cut to what the means allow; without a limit in time, as asked.

    This is the only place in which a measured time decides, as DESIGN says of ``--time-budget``. The refit comes
    first, then as many runs of as many finalists as fit.

    >>> affordable(Effort(3, 3, 3), 3, 1, Means(seconds=60, workers=4, job=10, refit=10))
    Effort(finalists=3, seeds=3, ensemble=3)
    >>> affordable(Effort(3, 3, 3), 3, 5, Means(seconds=30, workers=4, job=10, refit=10))
    Effort(finalists=1, seeds=0, ensemble=3)
    """
    if means is None:
        return asked
    whole = math.ceil(asked.ensemble / means.workers) * means.refit
    ensemble = asked.ensemble if whole <= means.seconds else min(asked.ensemble, means.workers)
    rounds = math.floor((means.seconds - whole) / max(means.job, 1e-9)) * means.workers
    best = Effort(1, 0, ensemble)
    for chosen in range(2, min(asked.finalists, finalists) + 1):
        for seeds in range(1, asked.seeds + 1):
            if chosen * seeds * folds <= rounds and chosen * seeds > best.finalists * best.seeds:
                best = Effort(chosen, seeds, ensemble)
    return best


def choose(driver: Driver, table: Table, objective: Metric, folds: int, effort: Effort) -> TrialRow:
    """Run the best trials again over other seeds and return the best by mean score (ties: lower loss).

    One run's best epoch flatters it; the mean over fresh seeds does not choose by that luck.
    """
    metric, direction = objective.name, objective.direction
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
    again = [_mean(t, results[i * each : (i + 1) * each], metric, direction) for i, t in enumerate(finalists)]
    return (rank(again, direction) or finalists)[0]


def refit(driver: Driver, best: TrialRow, effort: Effort) -> list[Path]:
    """Train ``best`` on training and validation part; one checkpoint a seed."""
    epochs = refit_epochs(best, driver.limits.max_epochs)
    requests = [
        JobRequest(best.number, "refit", -1, seed, to_epoch=epochs, max_epochs=epochs)
        for seed in range(effort.ensemble)
    ]
    results = driver.run(requests)
    return [driver.folder(r.job) / r.checkpoint for r in results if r.status == "completed" and r.checkpoint]


def refit_epochs(best: TrialRow, max_epochs: int) -> int:
    """Epochs of the refit, and the length of its schedule: those to the best epoch.

    A falling learning rate makes its best weights at its end: such a schedule is run whole, and over half of
    ``max_epochs`` at least. Seen on 80 held-out examples of OSULeaf, one seed: .91 in
    the middle of 50 epochs, .94 at the end of a whole schedule of 20.

    >>> refit_epochs(TrialRow(0, {"schedule": "constant"}, "completed", best_epoch=6), 50)
    7
    >>> refit_epochs(TrialRow(0, {"schedule": "cosine"}, "completed", best_epoch=6), 50)
    25
    """
    if read(best.values, "schedule") == "constant":
        return best.best_epoch + 1
    return max(best.best_epoch + 1, max_epochs // 2)


def _mean(trial: TrialRow, results: Sequence[RungResult], metric: str, direction: Direction) -> TrialRow:
    """The trial as these runs saw it together; a seed that diverged makes it worst."""
    curves = [[(e.scores[metric], e.scores["val_loss"]) for e in r.epochs] for r in results]
    if any(r.status != "completed" for r in results) or not all(curves):
        return replace(trial, status="diverged", score=None)
    epoch, score, loss = common_epoch(curves, direction)
    return replace(trial, score=score, loss=loss, best_epoch=epoch)
