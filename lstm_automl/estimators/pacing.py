"""A search within its time budget: how long to search on, and what is left for choosing and refitting."""

from __future__ import annotations

import math
from dataclasses import replace

from lstm_automl.estimators import storing
from lstm_automl.estimators.effort import Allowance, Effort, Means, affordable, expected_epochs
from lstm_automl.estimators.selection import refit_epochs
from lstm_automl.estimators.sessions import Session
from lstm_automl.search.contracts import Table, TrialRow
from lstm_automl.search.cut_off import cut_off, settled_table
from lstm_automl.search.observer import Observer
from lstm_automl.search.rows import rank
from lstm_automl.search.view import StoreView

LEAST_SEARCH = 5.0
"""Seconds for which a search is not taken up again."""
EXTENSIONS = 3
"""Times a search is taken up again; one that is complete returns at once."""


def searched(session: Session, allowance: Allowance, seen: Observer) -> tuple[Table, Effort]:
    """The trials, and what can be spent on choosing among them.

    Time that is too short for a selection goes to the search; without any scored epoch, all that is left.

    Raises:
        NoValidTrialError: no trial has a score, not even of an epoch of a rung that was cut off.
    """
    settings, direction = session.settings, session.problem.metric.direction
    asked = Effort(settings.finalists, settings.seeds, settings.ensemble)
    session.driver.search()
    table, effort, more = _standing(session, allowance, asked)
    for _ in range(EXTENSIONS):
        if more < LEAST_SEARCH:
            break
        session.driver.limits = replace(session.driver.limits, time_budget=more)
        session.driver.search()
        table, effort, more = _standing(session, allowance, asked)
    storing.require_valid(table, direction, session.directory)
    cut = cut_off(table, direction)
    if cut is not None:
        seen.on_message(f"time budget: {cut}")
    elif effort != asked:
        seen.on_message(
            f"time budget: {effort.finalists} finalists, {effort.seeds} seeds, {effort.ensemble} refitted "
            f"(asked: {asked.finalists}, {asked.seeds}, {asked.ensemble})"
        )
    return table, effort


def _standing(session: Session, allowance: Allowance, asked: Effort) -> tuple[Table, Effort, float]:
    """The trials now, what can be spent on them, and seconds to search on, 0 = not at all."""
    left, direction = allowance.left(), session.problem.metric.direction
    table = session.driver.settled()
    if not rank(table, direction):
        with StoreView(session.directory) as view:
            table = settled_table(view)
    ranked, folds = rank(table, direction), len(session.problem.split.folds)
    if left is None:
        return table, asked, 0.0
    if not ranked:  # not one epoch: the first is begun again, and shares of what is left would cut it off again
        return table, asked, left
    means = _means(session, table, left)
    if cut_off(table, direction) is None:
        effort = affordable(asked, len(ranked), folds, means)
        return table, effort, 0.0 if effort.seeds else left - means.refits(effort.ensemble)
    effort = affordable(asked, 1, folds, means)
    spare = left - means.refits(effort.ensemble)
    # what a trial gains its refit costs again; where the refit is out of reach, the search's own network counts
    return table, effort, spare / 2 if spare > 0 else left


def refit_seconds(session: Session, table: Table, effort: Effort) -> float:
    """What the refit will take; 0 where nothing is known of it."""
    return _means(session, table, 0.0).refits(effort.ensemble)


def refit_length(session: Session, best: TrialRow, effort: Effort, seconds: float | None) -> int:
    """Epochs of the refit: those it should have or, under a time budget, those that fit in.

    A schedule that is shorter ends as it should, one that is cut off does not. Never fewer than to the best epoch.

    Args:
        session: The open search.
        best: The chosen trial.
        effort: How many copies.
        seconds: For all of them; None = no limit.
    """
    wanted, least = refit_epochs(best, session.settings.max_epochs), best.best_epoch + 1
    if seconds is None:
        return wanted
    rounds = math.ceil(effort.ensemble / session.workers)
    cost = session.costs([best.number])[best.number]
    return min(wanted, max(least, cost.refit_epochs(seconds / rounds)))


def _means(session: Session, table: Table, left: float) -> Means:
    """What is left and what things cost."""
    settings, cut = session.settings, cut_off(table, session.problem.metric.direction)
    finalists = rank(table, session.problem.metric.direction)[: settings.finalists if cut is None else 1]
    costs = session.costs([t.number for t in finalists])
    job = refit = 0.0
    for trial in finalists:
        cost = costs[trial.number]
        wanted = trial.best_epoch + 1 if cut else refit_epochs(trial, settings.max_epochs)
        job = max(job, cost.of(expected_epochs(trial, settings.max_epochs, settings.patience)))
        refit = max(refit, cost.refit(wanted))
    return Means(left, session.workers, job, refit)
