"""``--dry-run``: what a search would do, before anything is written."""

from __future__ import annotations

import math

from lstm_automl.estimators.request import Search
from lstm_automl.spaces.describe import describe as describe_space
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.problem import Problem


def describe(problem: Problem, space: Space, settings: Search, name: str) -> str:
    """Split sizes, parameters and an estimate of the time."""
    frame, split = problem.frame, problem.split
    fold = split.folds[0]
    test = "none" if split.test is None else f"{len(split.test)}"
    lengths = frame.lengths[fold.train]
    low, high = estimate(problem, settings)
    return "\n".join(
        [
            f"search {name}: {problem.task.name}, objective {problem.metric.name} ({problem.metric.direction})",
            f"examples: train {len(fold.train)}, valid {len(fold.valid)}, test {test}; folds {len(split.folds)}",
            f"steps an example: {int(lengths.min())} to {int(lengths.max())}; "
            f"features {frame.features}, static {frame.static}",
            f"trials: {settings.max_trials} of at most {settings.max_epochs} epochs, oracle {settings.oracle}, "
            f"{settings.processes} workers",
            f"estimated time: {_clock(low)} to {_clock(high)}"
            + (f", cut at {_clock(settings.time_budget)}" if settings.time_budget else ""),
            "",
            describe_space(space),
        ]
    )


def estimate(problem: Problem, settings: Search) -> tuple[float, float]:
    """Seconds, from a rough cost of a training step; the truth depends on the values drawn."""
    fold = problem.split.folds[0]
    steps = min(256, max(16, math.ceil(len(fold.train) / 32)))
    length = float(problem.frame.lengths[fold.train].clip(max=336).mean())
    job = settings.max_epochs * steps * (0.002 + 0.0003 * length)
    runs = settings.max_trials * len(problem.split.folds) + settings.finalists * settings.seeds * len(
        problem.split.folds
    )
    total = job * (runs + settings.ensemble) / min(settings.processes, settings.concurrency) + 30
    return total * 0.3, total * 1.5


def _clock(seconds: float) -> str:
    from lstm_automl.cli.progress import clock

    return clock(seconds)
