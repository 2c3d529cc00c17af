"""Small problems and runs that the tests of the training loop share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from lstm_automl import plugins
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.models.trainer import Trainer
from lstm_automl.tasks.problem import Problem, metric_of

TINY: Mapping[str, Any] = {"units": 4, "learning_rate": 0.01, "batch_size": 16}
# What each task needs besides.
OWN: Mapping[str, Mapping[str, Any]] = {"classification": {}, "regression": {}, "forecasting": {"window": 12}}


@cache
def problem(name: str) -> Problem:
    """A task on its own demo set: ragged labels, ragged numbers, or two series with a covariate known ahead."""
    task = plugins.load("task", name)()
    data, options = task.demo(0)
    return Problem(task, options, task.prepare(Parts(data), options, folds=1), metric_of(task, None))


@cache
def equal_lengths(n: int = 60, steps: int = 6) -> Problem:
    """Two classes of univariate series of equal length: rising and falling, with noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    values = np.linspace(0, 1, steps) * np.where(labels, 1, -1)[:, None] + 0.1 * rng.normal(size=(n, steps))
    data = Sequences(
        values.reshape(-1, 1).astype(np.float32),
        np.arange(n + 1) * steps,
        ("level",),
        targets=np.where(labels, "up", "down"),
    )
    task = plugins.load("task", "classification")()
    options = task.options()
    return Problem(task, options, task.prepare(Parts(data), options, folds=1), metric_of(task, None))


def trainer(found: Problem, key: tuple[int, ...] = (1, 2), max_epochs: int = 10, **values: Any) -> Trainer:
    """A trainer on the first fold."""
    state = found.task.fit_state(found.frame, found.split.folds[0].train, found.options)
    return Trainer(
        found.task,
        found.frame,
        state,
        {**TINY, **OWN[found.task.name], **values},
        seed_key=key,
        options=found.options,
        max_epochs=max_epochs,
    )
