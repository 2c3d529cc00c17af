"""Choose among the finalists with other seeds, then train the chosen one on all but the test part."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lstm_automl.errors import StateError
from lstm_automl.estimators.effort import Effort
from lstm_automl.search.attempts import attempts
from lstm_automl.search.contracts import RungResult, Table, TrialRow
from lstm_automl.search.driver import Driver, JobRequest
from lstm_automl.search.resuming import CHECKPOINT
from lstm_automl.search.rows import common_epoch, rank
from lstm_automl.search.view import StoreView
from lstm_automl.spaces.neutral import read
from lstm_automl.tasks.task import Direction, Metric

NEAR = 3
"""Trials among which curves decide where there are no fresh runs."""


def choose(
    driver: Driver, table: Table, objective: Metric, folds: int, effort: Effort, *, seconds: float | None = None
) -> TrialRow:
    """Run the best trials again over other seeds and return the best, with the mean score of these runs.

    One run's best epoch flatters it; the mean over fresh seeds does not. The choice is by the mean over all runs, the
    search's own included: what it says of a trial is worth more than its flattery costs (``benchmarks/selection.py``).
    Without fresh runs it is among the three best: a good epoch between two bad ones is luck that a refit will not have.

    Args:
        driver: Of the finished search.
        table: Its trials; those with a score are ranked.
        objective: What decides.
        folds: Runs of a trial with one seed.
        effort: How many finalists, and seeds of each.
        seconds: For all of it, None = no limit. Of runs that are cut then, only seeds with all folds count.

    Raises:
        Stopped: the driver was told to stop.
    """
    metric, direction = objective.name, objective.direction
    finalists = rank(table, direction)[: effort.finalists]
    if effort.seeds < 1:
        return _steadiest(rank(table, direction)[:NEAR], direction)
    if len(finalists) < 2:
        return finalists[0]
    requests = [
        JobRequest(t.number, "seed", fold, seed, to_epoch=driver.limits.max_epochs)
        for seed in range(1, effort.seeds + 1)
        for t in finalists
        for fold in range(folds)
    ]
    runs: dict[int, list[list[RungResult]]] = {t.number: [] for t in finalists}
    results = driver.run(requests, seconds=seconds)
    for i in range(0, len(requests), folds):
        if all(r.status != "stopped" for r in results[i : i + folds]):
            runs[requests[i].trial].append(results[i : i + folds])
    again = {t.number: _mean(t, [r for run in runs[t.number] for r in run], metric, direction) for t in finalists}
    ranked = rank([_together(t, again[t.number], len(runs[t.number])) for t in finalists], direction)
    return again[ranked[0].number] if ranked else finalists[0]


def _steadiest(ranked: Sequence[TrialRow], direction: Direction) -> TrialRow:
    """The best by its best epoch and the better one beside it, the mean over folds; the first where none is whole."""
    sign = -1.0 if direction == "max" else 1.0

    def key(trial: TrialRow) -> float:
        found = [_with_the_next(trial.best_epoch, [sign * v for v in curve]) for curve in trial.epochs if curve]
        return sum(found) / len(found) if found else sign * (trial.score or 0.0)

    return min((t for t in ranked if t.status == "completed"), key=key, default=ranked[0])


def _with_the_next(best: int, curve: Sequence[float]) -> float:
    at = min(best, len(curve) - 1)
    return (curve[at] + min((curve[e] for e in (at - 1, at + 1) if 0 <= e < len(curve)), default=curve[at])) / 2


@dataclass(frozen=True)
class Members:
    """The networks of the final model.

    Args:
        checkpoints: One each, all trained on the same examples.
        fold: That whose training part they were trained on; None = training and validation part.
        ended: No later call would train one of them further, or others beside them.
    """

    checkpoints: Sequence[Path]
    fold: int | None = None
    ended: bool = False

    @property
    def lost(self) -> bool:
        """A checkpoint has been removed since a model was made of it."""
        return not all(path.is_file() for path in self.checkpoints)


def refit(
    driver: Driver, best: TrialRow, effort: Effort, epochs: int, *, seconds: float | None = None, again: bool = False
) -> Members:
    """Train ``best`` on training and validation part; one checkpoint a seed.

    Args:
        driver: Of the finished search.
        best: The chosen trial.
        effort: How many copies.
        epochs: How long, and the length of the schedule.
        seconds: For all of it, None = no limit. Runs that are cut then are used only where none was whole; where the
            search's own networks of the trial have been trained for longer, the one trained longest is.
        again: Those whose checkpoint has been removed are trained anew, as far as there is time.

    Raises:
        Stopped: the driver was told to stop.
    """
    requests = [
        JobRequest(best.number, "refit", -1, seed, to_epoch=epochs, max_epochs=epochs)
        for seed in range(effort.ensemble)
    ]
    results = driver.run(requests, seconds=seconds, again=again)
    ended = all(r.status != "stopped" for r in results)
    paths = {r.job: driver.folder(r.job) / r.checkpoint for r in results if r.checkpoint}
    trained = [r for r in results if r.job in paths and (not again or paths[r.job].is_file())]
    usable = [r for r in trained if r.status == "completed"]
    if not usable:
        cut = [r for r in trained if r.status == "stopped" and r.epochs]
        longest = max((len(r.epochs) for r in cut), default=0)
        fold, reached, own = _of_the_search(driver, best.number)
        if own is not None and reached > longest:
            return Members([own], fold)
        usable = cut
    return Members([paths[r.job] for r in usable], ended=ended)


def _of_the_search(driver: Driver, trial: int) -> tuple[int, int, Path | None]:
    """Fold, epochs and checkpoint of the trial's network that was trained longest; of the first fold among equals."""
    from lstm_automl.models import checkpoint

    with StoreView(driver.directory) as view:
        jobs = [j.spec for j in view.jobs() if (j.spec.trial, j.spec.purpose) == (trial, "search")]
    found: tuple[int, int, Path | None] = (0, 0, None)
    for spec in sorted(jobs, key=lambda spec: spec.fold):
        for path in (folder / CHECKPOINT for folder in attempts(driver.directory, spec.job)):
            # also of a rung that has no result: its worker was killed when its time was over
            with contextlib.suppress(StateError, KeyError):
                epochs = int(checkpoint.read(path)[1]["progress"]["next_epoch"])
                if epochs > found[1]:
                    found = spec.fold, epochs, path
    return found


def refit_epochs(best: TrialRow, max_epochs: int) -> int:
    """Epochs of the refit, and the length of its schedule: those to the best epoch.

    A falling learning rate makes its best weights at its end: such a schedule is run whole, and over half of
    ``max_epochs`` at least.

    >>> refit_epochs(TrialRow(0, {"schedule": "constant"}, "completed", best_epoch=6), 50)
    7
    >>> refit_epochs(TrialRow(0, {"schedule": "cosine"}, "completed", best_epoch=6), 50)
    25
    """
    if read(best.values, "schedule") == "constant":
        return best.best_epoch + 1
    return max(best.best_epoch + 1, max_epochs // 2)


def _mean(trial: TrialRow, results: Sequence[RungResult], metric: str, direction: Direction) -> TrialRow:
    """The trial as these runs saw it together; one that diverged, or none at all, makes it worst."""
    curves = [[(e.scores[metric], e.scores["val_loss"]) for e in r.epochs] for r in results]
    if not results or any(r.status != "completed" for r in results) or not all(curves):
        return replace(trial, status="diverged", score=None)
    epoch, score, loss = common_epoch(curves, direction)
    return replace(trial, score=score, loss=loss, best_epoch=epoch)


def _together(search: TrialRow, again: TrialRow, runs: int) -> TrialRow:
    """The trial with the mean over its run in the search and ``runs`` further ones."""

    def mean(first: float | None, others: float | None) -> float | None:
        return None if first is None or others is None else (first + runs * others) / (1 + runs)

    return replace(again, score=mean(search.score, again.score), loss=mean(search.loss, again.loss))
