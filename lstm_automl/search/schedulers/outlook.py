"""How much a search will train, before it is begun."""

from __future__ import annotations

from lstm_automl.search.contracts import Promote, Scheduler, TrialRow

PLAYED = 60
"""Trials played at most; more of them do the same."""


def outlook(scheduler: Scheduler, max_trials: int, max_epochs: int) -> tuple[float, float]:
    """Rungs and epochs of a search in which each result is known at once and nothing fails.

    >>> from lstm_automl.search.schedulers.none import NoScheduler
    >>> outlook(NoScheduler(), 40, 50)
    (40.0, 2000.0)
    """
    trials, rungs, epochs = min(max_trials, PLAYED), 0, 0
    table: list[TrialRow] = []
    while (decision := scheduler.next(tuple(table), len(table), trials, max_epochs)) is not None:
        number = decision.number if isinstance(decision, Promote) else len(table)
        before = table[number] if number < len(table) else TrialRow(number, {}, "completed")
        score = (number * 37 % PLAYED) / PLAYED  # no order in which good trials come
        reached = (*before.rungs, (decision.to_epoch, score))
        table[number:] = [
            TrialRow(number, {}, "completed", score, to_epoch=decision.to_epoch, rungs=reached),
            *table[number + 1 :],
        ]
        rungs, epochs = rungs + 1, epochs + decision.to_epoch - before.to_epoch
    share = max_trials / trials
    return rungs * share, epochs * share
