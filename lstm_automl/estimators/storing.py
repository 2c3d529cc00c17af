"""The search directory: made once from good input, and what it was asked for."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from lstm_automl.errors import NoValidTrialError, StateError, StorageError, UsageError, as_typed
from lstm_automl.estimators import placing
from lstm_automl.estimators.identity import compare, identity
from lstm_automl.estimators.request import Search
from lstm_automl.search.contracts import Table
from lstm_automl.search.lock import SearchLock
from lstm_automl.search.rows import rank
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import Direction

REQUEST = "request.json"
# What a search that was killed while it was being made leaves behind.
_UNBORN = {"lock", "data.tmp", "data", "request.tmp"}


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
        UsageError: the cluster that was asked for does not answer, or MLflow takes no such store.
        StorageError: it cannot be written.
    """
    meta = identity(problem, space, settings)
    check_place(directory)
    _check_tracking(settings)
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
    """Keep new limits for the next ``resume``.

    Raises:
        UsageError: MLflow takes no such store.
        StateError: what is kept there is damaged.
    """
    _check_tracking(settings)
    meta, _ = request(directory)
    write_json(directory / REQUEST, {"meta": meta, "settings": settings.model_dump(), "name": directory.name})


def _check_tracking(settings: Search) -> None:
    if settings.track:
        from lstm_automl.tracking import client

        client.resolve(settings.tracking_uri)


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


def _build(directory: Path, problem: Problem) -> None:
    made = directory / "data.tmp"
    shutil.rmtree(made, ignore_errors=True)
    shutil.rmtree(directory / "data", ignore_errors=True)
    problem.save(made)
    os.replace(made, directory / "data")


def write_json(path: Path, data: Any) -> None:
    """Write whole or not at all; it is on the disk before anything that comes later."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(data, sort_keys=True, indent=1, default=str))
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
