"""How a time budget is spent: shares of the phases, and how much selection and refit what is left allows."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from lstm_automl.estimators.request import Search
from lstm_automl.search.contracts import TrialRow
from lstm_automl.spaces.neutral import read

FINISH_SHARE, FINISH_SECONDS = 0.1, 8.0
"""Of a time budget, kept for evaluation, registration and reports: this share, at most so many seconds."""

REFIT = 1.25
"""Time of an epoch of a refit, as a multiple of one in the search."""


class Allowance:
    """What is left of a search's time budget for training.

    Args:
        settings: Their ``time_budget`` is in seconds, None = no limit.
        started: When the search was called, on the monotonic clock.
    """

    def __init__(self, settings: Search, started: float) -> None:
        self._until, self._kept = None, 0.0
        if settings.time_budget is not None:
            self._kept = min(FINISH_SHARE * settings.time_budget, FINISH_SECONDS)
            self._until = started + settings.time_budget - self._kept

    def left(self) -> float | None:
        """Seconds, at least 0; None without a limit."""
        return None if self._until is None else max(0.0, self._until - time.monotonic())

    def to_the_end(self) -> float | None:
        """Seconds for evaluation, registration and reports, at least 2; None without a limit."""
        return None if self._until is None else max(2.0, self._until + self._kept - time.monotonic())


@dataclass(frozen=True)
class Effort:
    """How much a selection runs: finalists, seeds of each, refitted copies."""

    finalists: int
    seeds: int
    ensemble: int


@dataclass(frozen=True)
class Means:
    """What is left of a time budget: seconds, workers, and what a selection job and a refit cost."""

    seconds: float
    workers: int
    job: float
    refit: float

    def refits(self, ensemble: int) -> float:
        """Seconds of all refits, side by side."""
        return math.ceil(ensemble / self.workers) * self.refit


@dataclass(frozen=True)
class Cost:
    """Seconds that a job of a trial takes: to its first epoch, and for each epoch."""

    start: float
    epoch: float

    def of(self, epochs: int) -> float:
        """Seconds of a job of so many epochs."""
        return self.start + epochs * self.epoch

    def refit(self, epochs: int) -> float:
        """Seconds of a refit of so many epochs: it sees the validation part too."""
        return REFIT * self.of(epochs)

    def refit_epochs(self, seconds: float) -> int:
        """Epochs of the longest refit within so many seconds.

        >>> Cost(2.0, 1.0).refit_epochs(10.0)
        6
        """
        return math.floor((seconds / REFIT - self.start) / max(self.epoch, 1e-9))


def affordable(asked: Effort, finalists: int, folds: int, means: Means | None) -> Effort:
    """The effort cut to what the means allow; without a limit in time, as asked.

    The only place in which a measured time decides, and only under a time budget. The refit comes first, then as many
    runs of as many finalists as fit.

    >>> affordable(Effort(3, 3, 3), 3, 1, Means(seconds=60, workers=4, job=10, refit=10))
    Effort(finalists=3, seeds=3, ensemble=3)
    >>> affordable(Effort(3, 3, 3), 3, 5, Means(seconds=30, workers=4, job=10, refit=10))
    Effort(finalists=1, seeds=0, ensemble=3)
    """
    if means is None:
        return asked
    whole = means.refits(asked.ensemble)
    ensemble = asked.ensemble if whole <= means.seconds else min(asked.ensemble, means.workers)
    rounds = math.floor((means.seconds - whole) / max(means.job, 1e-9)) * means.workers
    best = Effort(1, 0, ensemble)
    for chosen in range(2, min(asked.finalists, finalists) + 1):
        for seeds in range(1, asked.seeds + 1):
            if chosen * seeds * folds <= rounds and chosen * seeds > best.finalists * best.seeds:
                best = Effort(chosen, seeds, ensemble)
    return best


def expected_epochs(trial: TrialRow, max_epochs: int, patience: int | None) -> int:
    """How long a run of a trial goes on before patience ends it.

    >>> expected_epochs(TrialRow(0, {"schedule": "constant"}, "completed", best_epoch=6), 50, 10)
    17
    >>> expected_epochs(TrialRow(0, {"schedule": "cosine"}, "completed", best_epoch=6), 50, 10)
    36
    """
    if patience is None:
        return max_epochs
    since = trial.best_epoch if read(trial.values, "schedule") == "constant" else max(trial.best_epoch, max_epochs // 2)
    return min(max_epochs, since + patience + 1)
