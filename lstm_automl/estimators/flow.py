"""The whole flow, once: prepare, search, select, refit, evaluate, save, register, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_automl.errors import UsageError
from lstm_automl.estimators import preparing, storing
from lstm_automl.estimators.finishing import finish
from lstm_automl.estimators.preparing import Source
from lstm_automl.estimators.request import SEARCH_SHARE, Search
from lstm_automl.estimators.result import SearchResult
from lstm_automl.estimators.selection import Effort, Means, affordable, choose, refit, refit_epochs
from lstm_automl.search.contracts import Table
from lstm_automl.search.observer import Observer
from lstm_automl.search.rows import rank
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.adapting import adapt
from lstm_automl.tasks.problem import Problem

Stop = Callable[[Callable[[], None]], Any]


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
        data: Built-in name, file, or :class:`Sequences`.
        valid, test: Published validation and test part.
        split: Rows (forecasting) or sequences of train, valid and test, in file order.
        settings: How to search; or give its fields as keywords (``max_trials=10``).
        observer: Told of every phase, epoch and trial.
        options: The task's options (``target=...``, ``horizon=...``).

    Raises:
        UsageError: for any mistake in the arguments or the data; nothing has been written then.
        NoValidTrialError: when every trial failed or diverged.

    >>> result = search("classification", "demo", max_trials=2, max_epochs=1)  # doctest: +SKIP
    """
    started = time.monotonic()
    if settings is not None and limits:
        raise UsageError("give either settings=Search(...) or its fields, not both")
    chosen = settings or Search(**limits)
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
    """Everything that can be wrong with the input, found before anything is written."""
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
    """Run or continue the search in ``directory``."""
    started = time.monotonic() if started is None else started
    seen = observer or Observer()
    with storing.opened(directory, settings, seen, started) as session:
        driver, problem = session.driver, session.problem
        if on_driver is not None:
            on_driver(driver)
        direction, folds = problem.metric.direction, len(problem.split.folds)
        seen.on_phase("search", settings.max_trials)
        table = driver.search()
        left = _left(settings, started)
        if left is not None and left > 0 and not rank(table, direction):
            # Better one trial and no selection than a budget spent on nothing.
            driver.limits = replace(driver.limits, time_budget=left * SEARCH_SHARE)
            table = driver.search()
            left = _left(settings, started)
        storing.require_valid(table, direction, directory)
        asked = Effort(settings.finalists, settings.seeds, settings.ensemble)
        effort = affordable(asked, len(rank(table, direction)), folds, _means(session, table, left))
        if effort != asked:
            seen.on_message(
                f"time budget: {effort.finalists} finalists, {effort.seeds} seeds, {effort.ensemble} refitted "
                f"(asked: {asked.finalists}, {asked.seeds}, {asked.ensemble})"
            )
        seen.on_phase("select", effort.finalists * effort.seeds * folds)
        best = choose(driver, table, problem.metric, folds, effort)
        seen.on_phase("refit", effort.ensemble)
        checkpoints = refit(driver, best, effort)
        seen.on_phase("finish", 1)
        return finish(session, table, best, checkpoints, started)


def _left(settings: Search, started: float) -> float | None:
    """Seconds left for selection and refit; None without a time budget."""
    if settings.time_budget is None:
        return None
    return settings.time_budget * (1 - FINISH_SHARE) - (time.monotonic() - started)


def _means(session: storing.Session, table: Table, left: float | None) -> Means | None:
    if left is None:
        return None
    job, epoch = session.costs(table)
    best = rank(table, session.problem.metric.direction)[0]
    # A refit sees the validation part too; building its network takes a few seconds.
    refit = 1.25 * epoch * refit_epochs(best, session.settings.max_epochs) + 3
    return Means(left, session.workers, job, refit)


FINISH_SHARE = 0.1
"""Share of a time budget kept for evaluation, registration and reports."""

__all__ = ["SEARCH_SHARE", "prepare", "run", "search"]
