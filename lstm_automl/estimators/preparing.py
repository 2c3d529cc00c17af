"""From what the user named to a :class:`Problem`: read, frame, split; nothing is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Integral
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lstm_automl import plugins
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.errors import UsageError, did_you_mean
from lstm_automl.estimators.request import Search
from lstm_automl.tasks import sources
from lstm_automl.tasks.problem import Problem, metric_of
from lstm_automl.tasks.sources import Source
from lstm_automl.tasks.task import Task, TaskOptions


def task_of(name: str) -> Task:
    """The task of that name."""
    task: Task = plugins.load("task", name)()
    return task


def options_of(task: Task, given: Mapping[str, Any]) -> TaskOptions:
    """The task's options, all mistakes at once.

    Raises:
        UsageError: naming every option that is unknown or cannot be.
    """
    try:
        return task.options(**given)
    except ValidationError as wrong:
        lines = []
        for e in wrong.errors():
            name = ".".join(str(p) for p in e["loc"]) or "options"
            if e["type"] == "extra_forbidden":
                lines.append(f"unknown option {name!r} of {task.name}{did_you_mean(name, task.options.model_fields)}")
            else:
                lines.append(
                    f"--{name.replace('_', '-')}: {e['msg'].removeprefix('Value error, ')} (got {e['input']!r})"
                )
        raise UsageError("\n".join(lines)) from None


def settings_of(task: str, limits: Mapping[str, Any]) -> Search:
    """Settings of a search from keywords; an option of the task among them is told from a misspelt setting.

    Raises:
        UsageError: naming what is no setting, or cannot be one.
    """
    own = plugins.load("task", task).options.model_fields
    for name in limits:
        if name in own and name not in Search.model_fields:
            raise UsageError(f"{name} is an option of {task}, not of the search: give options={{{name!r}: ...}}")
    return Search(**limits)


def make_problem(
    task: Task,
    options: Mapping[str, Any],
    data: Source,
    *,
    valid: Source | None = None,
    test: Source | None = None,
    sizes: tuple[int, ...] | None = None,
    folds: int | None = None,
    seed: int = 0,
    metric: str | None = None,
) -> Problem:
    """Read, frame and split.

    Args:
        task: What the data means.
        options: Of the task, by name.
        data: Built-in name, file, sequences or ``(X, y)``.
        valid, test: Published parts.
        sizes: ``split``: rows (forecasting) or sequences of train, valid and test, in order.
        folds: As in :meth:`Task.prepare`.
        seed: Of the split.
        metric: The objective; None = the task's first.

    Raises:
        UsageError: an option, a part or a metric that cannot be used.
        DataError: a file that cannot be read or framed.
    """
    chosen = options_of(task, options)
    objective, sizes = metric_of(task, metric), _whole(sizes)
    if sizes is not None and (valid is not None or test is not None):
        raise UsageError("--split cuts one file into parts: give it without --valid and --test")
    sources.refuse_columns(chosen, data, valid, test)
    train, chosen = sources.training(task, data, chosen)
    others = (None if other is None else sources.read_another(task, other, chosen) for other in (valid, test))
    parts = Parts(train, *others)
    return Problem(task, chosen, task.prepare(parts, chosen, seed=seed, folds=folds, sizes=sizes), objective)


def default_name(task: str, data: Source) -> str:
    """``{task}-{data stem}``.

    >>> default_name("classification", "x/GunPoint_TRAIN.ts.gz")
    'classification-GunPoint_TRAIN'
    """
    stem = data.source if isinstance(data, Sequences) else "data" if isinstance(data, tuple) else Path(data).name
    stem = re.sub(r"(\.(csv|tsv|txt|parquet|npz|ts|gz))+$", "", Path(stem).name)
    return f"{task}-{re.sub(r'[^A-Za-z0-9_.=+-]+', '_', stem).strip('._') or 'data'}"


def _whole(sizes: Any) -> tuple[int, ...] | None:
    """``split=`` as whole numbers; how many and how large, the task says."""
    if sizes is None:
        return None
    if not isinstance(sizes, tuple | list) or not all(
        isinstance(s, Integral) and not isinstance(s, bool) for s in sizes
    ):
        raise UsageError(f"split={sizes!r}: whole numbers are needed, train, valid and perhaps test: split=(100, 20)")
    return tuple(int(s) for s in sizes)
