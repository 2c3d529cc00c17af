"""The whole flow, once: prepare, search, select, refit, evaluate, save, register, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_automl.errors import UsageError
from lstm_automl.estimators import pacing, preparing, sessions, storing
from lstm_automl.estimators.ahead import Ahead
from lstm_automl.estimators.effort import Allowance, Effort
from lstm_automl.estimators.finishing import finish, known_baselines, saved
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.result import SearchResult
from lstm_automl.estimators.selection import Members, choose, refit
from lstm_automl.search.contracts import TrialRow
from lstm_automl.search.observer import Observer
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.adapting import adapt
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.sources import Source


def search(
    task: str,
    data: Source,
    *,
    valid: Source | None = None,
    test: Source | None = None,
    split: tuple[int, ...] | None = None,
    settings: Search | None = None,
    observer: Observer | None = None,
    options: Mapping[str, Any] | None = None,
    **limits: Any,
) -> SearchResult:
    """Find, log, register and return a good model for a data set.

    Args:
        task: Registered task.
        data: Built-in name, file, :class:`Sequences` or ``(X, y)`` of arrays as :class:`LSTMClassifier` takes them.
        valid, test: Published validation and test part.
        split: Rows (forecasting) or sequences of train, valid and test, in file order.
        settings: How to search; or give its fields as keywords (``max_trials=10``).
        observer: Told of every phase, epoch and trial.
        options: The task's options (``target=...``, ``horizon=...``).

    Raises:
        UsageError: for any mistake in the arguments or the data, found before anything is written.
        NoValidTrialError: when every trial failed or diverged.
        LockedError, DifferentSearchError: another process works on the search of that name, or it was made of
            something else.
        StateError: what is stored of it is damaged.
        StorageError: the disk is full, read-only or gone.

    >>> result = search("classification", "demo", max_trials=2, max_epochs=1)  # doctest: +SKIP
    """
    started = time.monotonic()
    if settings is not None and limits:
        raise UsageError("give either settings=Search(...) or its fields, not both")
    chosen = settings or preparing.settings_of(task, limits)
    problem, space, name = prepare(task, data, chosen, valid=valid, test=test, split=split, options=options)
    directory = storing.create(Path(chosen.home) / name, problem, space, chosen)
    return run(directory, chosen, observer=observer, started=started)


def prepare(
    task: str,
    data: Source,
    settings: Search,
    *,
    valid: Source | None = None,
    test: Source | None = None,
    split: tuple[int, ...] | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[Problem, Space, str]:
    """Everything that can be wrong with the input, found before anything is written.

    Args:
        task: Registered task.
        data, valid, test, split, options: As of :func:`search`.
        settings: How to search.

    Returns:
        The framed data, the space fitted to it, and the search's name.

    Raises:
        UsageError: for any mistake in the arguments or the data.
    """
    from lstm_automl.spaces.loader import load

    kind = preparing.task_of(task)
    space = load(settings.space or task, overrides=dict(settings.set), task=task)
    problem = preparing.make_problem(
        kind,
        options or {},
        data,
        valid=valid,
        test=test,
        sizes=split,
        folds=settings.cv,
        seed=settings.seed,
        metric=settings.metric,
    )
    if settings.space is None:
        space = adapt(space, problem.prepared)
    return problem, space, settings.name or preparing.default_name(task, data)


def run(
    directory: Path,
    settings: Search,
    *,
    observer: Observer | None = None,
    started: float | None = None,
    on_driver: Callable[[Any], None] | None = None,
) -> SearchResult:
    """Run or continue the search in ``directory``.

    Args:
        directory: Made by :func:`storing.create`.
        settings: How to search.
        observer: Told of every phase, epoch and trial.
        started: When it was called, on the monotonic clock; None = now. A time budget counts from there.
        on_driver: Given the driver before it starts, for whoever is to stop it.

    Raises:
        NoValidTrialError: every trial failed or diverged.
        DifferentSearchError, LockedError, StateError, StorageError: see :func:`sessions.opened`.
        Stopped: the driver was told to stop.
    """
    started = time.monotonic() if started is None else started
    seen, allowance = observer or Observer(), Allowance(settings, started)
    with sessions.opened(directory, settings, seen, started) as session:
        driver, problem = session.driver, session.problem
        if on_driver is not None:
            on_driver(driver)
        # epochs are to be seen in MLflow at once, the model is saved at the end
        begun = (lambda: True) if session.tracker is None else session.tracker.begun
        ahead = Ahead(lambda: known_baselines(problem, directory), after=begun)
        folds = len(problem.split.folds)
        seen.on_phase("search", settings.max_trials)
        table, effort = pacing.searched(session, allowance, seen)
        if effort.seeds:
            seen.on_phase("select", effort.finalists * effort.seeds * folds)
        left = allowance.left()
        seconds = None if left is None else max(0.0, left - pacing.refit_seconds(session, table, effort))
        best = choose(driver, table, problem.metric, folds, effort, seconds=seconds)
        seen.on_phase("refit", effort.ensemble)
        members = _refitted(session, best, effort, allowance)
        seen.on_phase("finish", 1)
        return finish(session, table, best, members, ahead, allowance, started)


def _refitted(session: sessions.Session, best: TrialRow, effort: Effort, allowance: Allowance) -> Members:
    left = allowance.left()
    epochs = pacing.refit_length(session, best, effort, left)
    # of fewer than were asked for, a later call with more time needs the checkpoints beside those of the others
    whole = effort.ensemble == session.settings.ensemble

    def refitted(seconds: float | None, *, again: bool = False) -> Members:
        members = refit(session.driver, best, effort, epochs, seconds=seconds, again=again)
        return replace(members, ended=members.ended and whole)

    members = refitted(left)
    if members.lost and not saved(session.directory, best, members):
        members = refitted(allowance.left(), again=True)
    return members
