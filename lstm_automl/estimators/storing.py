"""The search directory: made once from good input, opened under its lock, continued as it was."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_automl import plugins
from lstm_automl.errors import DifferentSearchError, NoValidTrialError, UsageError
from lstm_automl.estimators.request import SEARCH_SHARE, Search
from lstm_automl.search.contracts import Table
from lstm_automl.search.driver import Driver, Limits
from lstm_automl.search.lock import SearchLock
from lstm_automl.search.observer import Observer
from lstm_automl.search.rows import rank
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import Direction

# What makes two searches different; limits, workers and places may change between calls.
IDENTITY = ("task", "space", "data_digest", "metric", "seed", "concurrency", "oracle", "scheduler", "folds",
            "max_epochs", "patience")  # fmt: skip
REQUEST = "request.json"


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

    def job_seconds(self, table: Table) -> float:
        """Median wall time of a finished job of the best ten trials; 0 without one."""
        best = {t.number for t in rank(table, self.problem.metric.direction)[:10]}
        with StoreView(self.directory) as view:
            seconds = [j.result.seconds for j in view.jobs() if j.result and j.spec.trial in best]
        return statistics.median(seconds) if seconds else 0.0


def identity(problem: Problem, space: Space, settings: Search) -> dict[str, Any]:
    """The facts that decide a search's table."""
    return {
        "task": problem.task.name,
        "space": space.to_json(),
        "data_digest": problem.digest(),
        "metric": problem.metric.name,
        "direction": problem.metric.direction,
        "seed": settings.seed,
        "concurrency": settings.concurrency,
        "oracle": settings.oracle,
        "scheduler": settings.scheduler,
        "folds": len(problem.split.folds),
        "max_epochs": settings.max_epochs,
        "patience": settings.patience,
    }


def create(directory: Path, problem: Problem, space: Space, settings: Search) -> Path:
    """Make the directory, or check that the one there is of the same search.

    Raises:
        DifferentSearchError: listing what differs.
    """
    meta = identity(problem, space, settings)
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file; a search needs a folder: choose another --name or --home")
    if (directory / REQUEST).exists():
        _compare(directory, meta)
    elif directory.exists() and any(directory.iterdir()):
        raise UsageError(f"{directory} exists and is not a search: choose another --name or --home")
    else:
        _build(directory, problem, meta)
    _write_json(directory / REQUEST, {"meta": meta, "settings": settings.model_dump(), "name": directory.name})
    return directory


def remember(directory: Path, settings: Search) -> None:
    """Keep new limits for the next ``resume``."""
    meta, _ = request(directory)
    _write_json(directory / REQUEST, {"meta": meta, "settings": settings.model_dump(), "name": directory.name})


def request(directory: Path) -> tuple[dict[str, Any], Search]:
    """The identity and settings a search was last called with."""
    path = directory / REQUEST
    if not path.exists():
        raise UsageError(f"{directory} is not a search (it has no {REQUEST})")
    try:
        data = json.loads(path.read_text())
        return data["meta"], Search(**data["settings"])
    except (ValueError, KeyError, TypeError) as wrong:
        from lstm_automl.errors import StateError

        raise StateError(f"{path} is damaged: {wrong}") from None


@contextmanager
def opened(directory: Path, settings: Search, observer: Observer, started: float) -> Iterator[Session]:
    """Lock the directory, open store, tracker and workers; close them in order whatever happens."""
    with SearchLock(directory):
        meta, _ = request(directory)
        problem = Problem.load(directory / "data")
        space = Space.from_json(meta["space"])
        limits = Limits(
            max_trials=settings.max_trials,
            max_epochs=settings.max_epochs,
            time_budget=None
            if settings.time_budget is None
            else max(1.0, settings.time_budget * SEARCH_SHARE - (time.monotonic() - started)),
        )
        store = Store.open_or_create(directory, {**meta, "name": directory.name, "limits": _limits(settings)})
        tracker = _tracker(directory, settings)
        executor = plugins.load("executor", settings.executor)(
            workers=min(settings.processes, settings.concurrency), directory=directory
        )
        try:
            driver = Driver(
                directory,
                store,
                executor,
                space=space,
                oracle=plugins.load("oracle", settings.oracle)(),
                scheduler=plugins.load("scheduler", settings.scheduler)(),
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
                tracker.close(timeout=20.0)


def require_valid(table: Table, direction: Direction, directory: Path) -> None:
    """Raise when no trial has a score."""
    if not rank(table, direction):
        counts: dict[str, int] = {}
        for t in table:
            counts[t.status] = counts.get(t.status, 0) + 1
        said = ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "none finished"
        raise NoValidTrialError(f"no valid trial ({said}); see 'lstm-automl runs show {directory.name}'")


def _build(directory: Path, problem: Problem, meta: dict[str, Any]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    made = directory / "data.tmp"
    shutil.rmtree(made, ignore_errors=True)
    problem.save(made)
    os.replace(made, directory / "data")


def _compare(directory: Path, meta: dict[str, Any]) -> None:
    old, _ = request(directory)
    differs = [k for k in IDENTITY if json.dumps(old.get(k), sort_keys=True) != json.dumps(meta[k], sort_keys=True)]
    if differs:
        lines = [f"  {k}: {_short(k, old.get(k))} there, {_short(k, meta[k])} now" for k in differs]
        raise DifferentSearchError(
            f"{directory} holds a search made with something else:\n"
            + "\n".join(lines)
            + "\nGive the same values to continue it, or another --name."
        )


def _short(key: str, value: Any) -> str:
    if key == "space":
        import hashlib

        return "space " + hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]
    return f"{value:.12}" if key == "data_digest" and isinstance(value, str) else repr(value)


def _limits(settings: Search) -> dict[str, Any]:
    return {k: getattr(settings, k) for k in ("max_trials", "max_epochs", "time_budget")}


def _tracker(directory: Path, settings: Search) -> Any:
    if not settings.track:
        return None
    from lstm_automl.tracking.tracker import Tracker

    tracker = Tracker(directory, settings.tracking_uri, directory.name)
    tracker.start()
    return tracker


def _write_json(path: Path, data: Any) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(data, sort_keys=True, indent=1, default=str))
    os.replace(temporary, path)
