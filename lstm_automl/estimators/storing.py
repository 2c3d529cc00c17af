"""The search directory: made once from good input, opened under its lock, continued as it was."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_automl import plugins
from lstm_automl.errors import NoValidTrialError, StateError, StorageError, UsageError, as_typed
from lstm_automl.estimators import placing
from lstm_automl.estimators.effort import Cost
from lstm_automl.estimators.identity import check_resumed, compare, identity
from lstm_automl.estimators.request import SEARCH_SHARE, Search
from lstm_automl.models.schedules import RISING
from lstm_automl.models.steps import steps_per_epoch
from lstm_automl.search.contracts import RungResult, Scheduler, Table
from lstm_automl.search.driver import Driver, Limits
from lstm_automl.search.lock import SearchLock
from lstm_automl.search.observer import Observer
from lstm_automl.search.rows import rank
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.spaces.neutral import read
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import Direction

REQUEST = "request.json"
# What a search that was killed while it was being made leaves behind.
_UNBORN = {"lock", "data.tmp", "data", "request.tmp"}


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


def create(directory: Path, problem: Problem, space: Space, settings: Search) -> Path:
    """Make the directory, or check that the one there is of the same search.

    Args:
        directory: The search's folder.
        problem: The framed data, written into it once.
        space: What is searched.
        settings: How; kept for ``resume``.

    Raises:
        DifferentSearchError: listing what differs.
        LockedError: another driver works on it.
        UsageError: the cluster that was asked for does not answer.
        StorageError: it cannot be written.
    """
    meta = identity(problem, space, settings)
    check_place(directory)
    placing.reach(settings)
    with SearchLock(directory):
        try:
            if (directory / REQUEST).exists():
                before = request(directory)[0]
                compare(directory, before, meta)
                meta["device"] = meta["device"] or before.get("device")
            else:
                _build(directory, problem)
            write_json(directory / REQUEST, {"meta": meta, "settings": settings.model_dump(), "name": directory.name})
        except OSError as wrong:
            raise StorageError(f"{directory}: {wrong.strerror or wrong}") from wrong
    return directory


def check_place(directory: Path) -> None:
    """Raise UsageError where no search can be made: on a file, or among files of something else."""
    for place in (directory, *directory.parents):
        if place.exists() and not place.is_dir():
            raise UsageError(f"{place} is a file; a search needs a folder: choose another --name or --home")
    if directory.is_dir() and not (directory / REQUEST).exists():
        others = sorted({p.name for p in directory.iterdir()} - _UNBORN)
        if others:
            raise UsageError(f"{directory} is not a search (it holds {others[0]}): choose another --name or --home")


def remember(directory: Path, settings: Search) -> None:
    """Keep new limits for the next ``resume``."""
    meta, _ = request(directory)
    write_json(directory / REQUEST, {"meta": meta, "settings": settings.model_dump(), "name": directory.name})


def request(directory: Path) -> tuple[dict[str, Any], Search]:
    """The identity and settings a search was last called with.

    Raises:
        UsageError: the folder holds no search.
        StateError: what it holds is damaged.
    """
    path = directory / REQUEST
    if not path.exists():
        raise UsageError(f"{directory} is not a search (it has no {REQUEST})")
    try:
        data = json.loads(path.read_text())
        return data["meta"], Search(**data["settings"])
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise StateError(f"{path} is damaged: {wrong}") from None


@contextmanager
def opened(directory: Path, settings: Search, observer: Observer, started: float) -> Iterator[Session]:
    """Lock the directory, open store, tracker and workers; close them in order whatever happens.

    Args:
        directory: Made by :func:`create`.
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
        meta, _ = request(directory)
        check_resumed(directory, meta, settings)
        problem = _stored_problem(directory / "data", meta["data_digest"])
        space = Space.from_json(meta["space"])
        limits = Limits(
            max_trials=settings.max_trials,
            max_epochs=settings.max_epochs,
            time_budget=None
            if settings.time_budget is None
            else max(1.0, settings.time_budget * SEARCH_SHARE - (time.monotonic() - started)),
        )
        store = Store.open_or_create(directory, {**meta, "name": directory.name, "limits": _limits(settings)})
        tracker = _tracker(directory, settings, observer)
        try:
            driver = Driver(
                directory,
                store,
                executor,
                space=space,
                oracle=plugins.load("oracle", settings.oracle)(),
                scheduler=scheduler(settings, problem, space),
                direction=problem.metric.direction,
                seed=settings.seed,
                folds=len(problem.split.folds),
                limits=limits,
                concurrency=settings.concurrency,
                patience=settings.patience,
                observer=observer,
            )
            yield Session(directory, settings, problem, driver, tracker, observer, executor.capacity)
        finally:
            executor.close()
            store.close()
            if tracker is not None:
                tracker.close(timeout=_patience(settings, started))


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


def require_valid(table: Table, direction: Direction, directory: Path) -> None:
    """Raise when no trial has a score."""
    if rank(table, direction):
        return
    counts: dict[str, int] = {}
    for t in table:
        counts[t.status] = counts.get(t.status, 0) + 1
    said = ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "none begun"
    if counts.keys() & {"failed", "diverged"}:
        raise NoValidTrialError(f"no valid trial ({said}); see 'lstm-automl runs show {as_typed(directory.name)}'")
    raise NoValidTrialError(
        f"no valid trial ({said}): there was no time for one epoch; "
        f"'lstm-automl resume {as_typed(directory.name)} --time-budget T' goes on"
    )


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


def _build(directory: Path, problem: Problem) -> None:
    made = directory / "data.tmp"
    shutil.rmtree(made, ignore_errors=True)
    shutil.rmtree(directory / "data", ignore_errors=True)
    problem.save(made)
    os.replace(made, directory / "data")


def _limits(settings: Search) -> dict[str, Any]:
    return {k: getattr(settings, k) for k in ("max_trials", "max_epochs", "time_budget")}


def _tracker(directory: Path, settings: Search, observer: Observer) -> Any:
    if not settings.track:
        return None
    from lstm_automl.tracking.tracker import Tracker

    tracker = Tracker(directory, settings.tracking_uri, directory.name, on_message=observer.on_message)
    tracker.start()
    return tracker


def write_json(path: Path, data: Any) -> None:
    """Write whole or not at all."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(data, sort_keys=True, indent=1, default=str))
    os.replace(temporary, path)
