"""The whole flow, once: prepare, search, select, refit, evaluate, save, register, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_automl.errors import UsageError
from lstm_automl.estimators import preparing, storing
from lstm_automl.estimators.ahead import Ahead
from lstm_automl.estimators.effort import Allowance, Effort, Means, affordable, expected_epochs
from lstm_automl.estimators.finishing import finish, known_baselines
from lstm_automl.estimators.preparing import Source
from lstm_automl.estimators.request import SEARCH_SHARE, Search
from lstm_automl.estimators.result import SearchResult
from lstm_automl.estimators.selection import choose, refit, refit_epochs
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
    seen, allowance = observer or Observer(), Allowance(settings, started)
    with storing.opened(directory, settings, seen, started) as session:
        driver, problem = session.driver, session.problem
        if on_driver is not None:
            on_driver(driver)
        ahead = Ahead(lambda: known_baselines(problem, directory))
        folds = len(problem.split.folds)
        seen.on_phase("search", settings.max_trials)
        table, effort = _search(session, allowance, seen)
        seen.on_phase("select", effort.finalists * effort.seeds * folds)
        kept = _refit_seconds(session, table, effort)
        left = allowance.left()
        best = choose(
            driver, table, problem.metric, folds, effort, seconds=None if left is None else max(0.0, left - kept)
        )
        seen.on_phase("refit", effort.ensemble)
        members = refit(driver, best, effort, seconds=allowance.left())
        seen.on_phase("finish", 1)
        return finish(session, table, best, members, ahead, allowance, started)


def _search(session: storing.Session, allowance: Allowance, seen: Observer) -> tuple[Table, Effort]:
    """The trials, and what can be spent on choosing among them.

    Time that is too short for a selection goes to the search; without any valid trial, most of what is left.
    """
    driver, settings, direction = session.driver, session.settings, session.problem.metric.direction
    asked = Effort(settings.finalists, settings.seeds, settings.ensemble)

    def affords(table: Table) -> tuple[float | None, int, Effort]:
        left, valid = allowance.left(), len(rank(table, direction))
        return left, valid, affordable(asked, valid, len(session.problem.split.folds), _means(session, table, left))

    driver.search()
    left, valid, effort = affords(table := driver.settled())
    for _ in range(_EXTENSIONS):
        if left is None or effort.seeds:
            break
        more = left - _refit_seconds(session, table, effort) if valid else left * SEARCH_SHARE
        if more < _LEAST_SEARCH:
            break
        driver.limits = replace(driver.limits, time_budget=more)
        driver.search()
        left, valid, effort = affords(table := driver.settled())
    storing.require_valid(table, direction, session.directory)
    if effort != asked:
        seen.on_message(
            f"time budget: {effort.finalists} finalists, {effort.seeds} seeds, {effort.ensemble} refitted "
            f"(asked: {asked.finalists}, {asked.seeds}, {asked.ensemble})"
        )
    return table, effort


def _means(session: storing.Session, table: Table, left: float | None) -> Means | None:
    """What is left and what things cost; None without a limit in time or without a trial to go by."""
    valid = rank(table, session.problem.metric.direction)
    if left is None or not valid:
        return None
    settings, finalists = session.settings, valid[: session.settings.finalists]
    costs = session.costs([t.number for t in finalists])
    job = max(costs[t.number].of(expected_epochs(t, settings.max_epochs, settings.patience)) for t in finalists)
    # A refit sees the validation part too.
    refit = max(1.25 * costs[t.number].of(refit_epochs(t, settings.max_epochs)) for t in finalists)
    return Means(left, session.workers, job, refit)


def _refit_seconds(session: storing.Session, table: Table, effort: Effort) -> float:
    means = _means(session, table, 0.0)
    return 0.0 if means is None else means.refits(effort.ensemble)


_LEAST_SEARCH = 5.0
"""Seconds for which a search is not taken up again."""
_EXTENSIONS = 3
"""Times a search is taken up again; one that is complete returns at once."""

__all__ = ["SEARCH_SHARE", "prepare", "run", "search"]
