"""``--dry-run``: what a search would do, before anything is written."""

from __future__ import annotations

import math

from lstm_automl import plugins
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.sessions import scheduler
from lstm_automl.search.schedulers.outlook import outlook
from lstm_automl.spaces.describe import describe as describe_space
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.problem import Problem


def describe(problem: Problem, space: Space, settings: Search, name: str) -> str:
    """Split sizes, parameters and an estimate of the time."""
    frame, split = problem.frame, problem.split
    fold = split.folds[0]
    test = "none" if split.test is None else f"{len(split.test)}"
    lengths = frame.lengths[fold.train]
    low, high = estimate(problem, space, settings)
    return "\n".join(
        [
            f"search {name}: {problem.task.name}, objective {problem.metric.name} ({problem.metric.direction})",
            f"examples: train {len(fold.train)}, valid {len(fold.valid)}, test {test}; folds {len(split.folds)}",
            f"steps an example: {int(lengths.min())} to {int(lengths.max())}; "
            f"features {frame.features}, static {frame.static}",
            f"trials: {settings.max_trials} of at most {settings.max_epochs} epochs, oracle {settings.oracle}, "
            f"scheduler {settings.scheduler}, {_workers(settings)}",
            f"estimated time: {_clock(low)} to {_clock(high)}"
            + (f", cut at {_clock(settings.time_budget)}" if settings.time_budget else ""),
            "",
            describe_space(space),
        ]
    )


# Seconds on one core, measured on sets of 28 to 1150 examples and 8 to 336 steps: making and tracing a network, a
# training step, and what a time step adds to it.
PER_JOB, PER_STEP, PER_TIME_STEP = 5.0, 0.006, 0.00012
TYPICAL_BATCH, LONGEST = 16, 336


def estimate(problem: Problem, space: Space, settings: Search) -> tuple[float, float]:
    """Seconds, from half to 1.6 times a typical cost; the truth depends on the values drawn and on early stopping."""
    fold, folds = problem.split.folds[0], len(problem.split.folds)
    steps = min(256, max(16, math.ceil(len(fold.train) / TYPICAL_BATCH)))
    length = float(problem.frame.lengths[fold.train].clip(max=LONGEST).mean())
    epoch = steps * (PER_STEP + PER_TIME_STEP * length)
    rungs, epochs = outlook(scheduler(settings, problem, space), settings.max_trials, settings.max_epochs)
    finalists = min(settings.finalists, settings.max_trials)
    runs = folds * (finalists * settings.seeds if finalists > 1 else 0) + settings.ensemble
    work = folds * (PER_JOB * rungs + epoch * epochs) + runs * (PER_JOB + epoch * settings.max_epochs)
    total = 30 + work / (
        settings.concurrency if _elsewhere(settings) else min(settings.processes, settings.concurrency)
    )
    return total * 0.5, total * 1.6


def _elsewhere(settings: Search) -> bool:
    """Whether this machine's cores say nothing of how many trials run at once."""
    return "address" in plugins.find("executor", settings.executor).reads


def _workers(settings: Search) -> str:
    if not _elsewhere(settings):
        return f"{min(settings.processes, settings.concurrency)} workers"
    return f"{settings.workers} of the cluster's workers" if settings.workers else "the cluster's workers"


def _clock(seconds: float) -> str:
    from lstm_automl.cli.progress import clock

    return clock(seconds)
