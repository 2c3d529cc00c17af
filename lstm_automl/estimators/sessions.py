"""An open search: under its lock, with store, tracker and workers, continued as it was."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lstm_automl import plugins
from lstm_automl.errors import StateError
from lstm_automl.estimators import placing, storing
from lstm_automl.estimators.effort import Cost
from lstm_automl.estimators.identity import check_resumed
from lstm_automl.estimators.request import SEARCH_SHARE, Search
from lstm_automl.models.cost import rung_seconds
from lstm_automl.models.schedules import RISING
from lstm_automl.models.steps import steps_per_epoch
from lstm_automl.search.contracts import RungResult, Scheduler
from lstm_automl.search.driver import Driver, Limits
from lstm_automl.search.lock import SearchLock
from lstm_automl.search.observer import Observer
from lstm_automl.search.reading import Expected
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.spaces.neutral import read
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.problem import Problem


@dataclass(frozen=True)
class Session:
    """An open search: everything the flow needs, closed together."""

    directory: Path
    settings: Search
    problem: Problem
    driver: Driver
    tracker: Any
    observer: Observer
    workers: int

    def costs(self, trials: Sequence[int]) -> dict[int, Cost]:
        """What a job of each trial takes, by its rungs so far."""
        rungs: dict[int, list[RungResult]] = {n: [] for n in trials}
        with StoreView(self.directory) as view:
            for job in view.jobs():
                if job.result is not None and job.spec.trial in rungs:
                    rungs[job.spec.trial].append(job.result)
        return {n: _cost(results) for n, results in rungs.items()}


def _cost(results: Sequence[RungResult]) -> Cost:
    epochs = [e.seconds for r in results for e in r.epochs]
    # epochs of an earlier attempt count with their seconds, `seconds` is of the last one
    starts = [max(0.0, r.seconds - sum(e.seconds for e in r.epochs)) for r in results]
    return Cost(statistics.median(starts or [0.0]), statistics.median(epochs or [0.0]))


@contextmanager
def opened(directory: Path, settings: Search, observer: Observer, started: float) -> Iterator[Session]:
    """Lock the directory, open store, tracker and workers; close them in order whatever happens.

    Args:
        directory: Made by :func:`lstm_automl.estimators.storing.create`.
        settings: Of this call.
        observer: Told what happens.
        started: When the search was called, on the monotonic clock.

    Raises:
        LockedError: another driver works on it.
        DifferentSearchError: it was begun by other rules, TensorFlow or device.
        StateError: it is damaged.
        StorageError: it cannot be written.
    """
    with SearchLock(directory), placing.executor(directory, settings, observer) as executor:
        meta, _ = storing.request(directory)
        check_resumed(directory, meta, settings)
        problem = _stored_problem(directory / "data", meta["data_digest"])
        limits = _limits_now(settings, started)
        store = Store.open_or_create(directory, {**meta, "name": directory.name, "limits": _limits(settings)})
        tracker = _tracker(directory, settings, observer)
        try:
            space = Space.from_json(meta["space"])
            driver = Driver(
                directory, store, executor, space=space, oracle=plugins.load("oracle", settings.oracle)(),
                scheduler=scheduler(settings, problem, space), direction=problem.metric.direction, seed=settings.seed,
                folds=len(problem.split.folds), limits=limits, concurrency=settings.concurrency,
                patience=settings.patience, observer=observer, cost=predicted(problem),
            )  # fmt: skip
            yield Session(directory, settings, problem, driver, tracker, observer, executor.capacity)
        finally:
            executor.close()
            store.close()
            if tracker is not None:
                tracker.close(timeout=_patience(settings, started))


def _limits_now(settings: Search, started: float) -> Limits:
    """Of this call: a time budget leaves the search its share, less what is spent already."""
    seconds = settings.time_budget
    if seconds is not None:
        seconds = max(1.0, seconds * SEARCH_SHARE - (time.monotonic() - started))
    return Limits(max_trials=settings.max_trials, max_epochs=settings.max_epochs, time_budget=seconds)


CLOSING_SECONDS, GRACE = 20.0, 8.0
"""What a server may take to hear the end of a search, and how far beyond a time budget."""


def _patience(settings: Search, started: float) -> float:
    if settings.time_budget is None:
        return CLOSING_SECONDS
    left = started + settings.time_budget + GRACE - time.monotonic()
    return min(CLOSING_SECONDS, max(1.0, left))


def scheduler(settings: Search, problem: Problem, space: Space) -> Scheduler:
    """How far trials of this space are trained on this problem."""
    batch_size = read(space.defaults(), "batch_size")
    steps = steps_per_epoch(len(problem.split.folds[0].train), batch_size)
    schedule = space.parameters.get("schedule")
    warm_up = schedule is not None and any(map(schedule.contains, RISING))
    made: Scheduler = plugins.load("scheduler", settings.scheduler)(
        direction=problem.metric.direction, steps=steps, warm_up=warm_up
    )
    return made


def predicted(problem: Problem) -> Expected:
    """What so many epochs of a trial take on this problem; see :func:`lstm_automl.models.cost.rung_seconds`."""
    examples, length = len(problem.split.folds[0].train), round(float(problem.frame.lengths.mean()))
    return partial(rung_seconds, examples=examples, length=length, features=problem.frame.features)


def _stored_problem(folder: Path, digest: str) -> Problem:
    """The problem as it was framed; what the disk has done to it since is found before anything is trained on it."""
    try:
        problem = Problem.load(folder)
        now = problem.digest()
    except Exception as wrong:
        raise StateError(f"{folder} is damaged: {wrong}") from wrong
    if now != digest:
        raise StateError(f"{folder} is damaged: its digest is {now:.12}, {digest:.12} when the search was made")
    return problem


def _limits(settings: Search) -> dict[str, Any]:
    return {k: getattr(settings, k) for k in ("max_trials", "max_epochs", "time_budget")}


def _tracker(directory: Path, settings: Search, observer: Observer) -> Any:
    if not settings.track:
        return None
    from lstm_automl.tracking.tracker import Tracker

    tracker = Tracker(directory, settings.tracking_uri, directory.name, on_message=observer.on_message)
    tracker.start()
    return tracker
