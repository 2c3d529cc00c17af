"""From what the user named to a :class:`Problem`: read, frame, split; nothing is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lstm_automl import plugins
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.errors import UsageError, did_you_mean
from lstm_automl.tasks.problem import Problem, metric_of
from lstm_automl.tasks.task import Task, TaskOptions

Source = str | Path | Sequences


def task_of(name: str) -> Task:
    """The task of that name."""
    task: Task = plugins.load("task", name)()
    return task


def options_of(task: Task, given: Mapping[str, Any]) -> TaskOptions:
    """The task's options, all mistakes at once."""
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
        data: Built-in name, file or sequences.
        valid, test: Published parts.
        sizes: ``--split``: rows (forecasting) or sequences of train, valid and test, in order.
        folds: As in :meth:`Task.prepare`.
    """
    chosen = options_of(task, options)
    objective = metric_of(task, metric)
    if sizes is not None and (valid is not None or test is not None):
        raise UsageError("--split cuts one file into parts: give it without --valid and --test")
    if data == "demo" and not Path("demo").exists():
        train, made = task.demo(0)
        chosen = made.model_copy(update=chosen.model_dump(include=chosen.model_fields_set))
    else:
        train = _read(task, data, chosen)
        chosen = _like(chosen, train, data)
    parts = Parts(train, *(None if other is None else _read(task, other, chosen) for other in (valid, test)))
    return Problem(task, chosen, task.prepare(parts, chosen, seed=seed, folds=folds, sizes=sizes), objective)


def default_name(task: str, data: Source) -> str:
    """``{task}-{data stem}``.

    >>> default_name("classification", "x/GunPoint_TRAIN.ts.gz")
    'classification-GunPoint_TRAIN'
    """
    stem = data.source if isinstance(data, Sequences) else Path(data).name
    stem = re.sub(r"(\.(csv|tsv|txt|parquet|npz|ts|gz))+$", "", Path(stem).name)
    return f"{task}-{re.sub(r'[^A-Za-z0-9_.=+-]+', '_', stem).strip('._') or 'data'}"


def _like(options: TaskOptions, train: Sequences, data: Source) -> TaskOptions:
    """What the reader found out about the training file holds for every later one."""
    like = getattr(options, "like", None)
    if isinstance(data, Sequences) or like is None:
        return options
    chosen: TaskOptions = like(train)
    return chosen


def _read(task: Task, source: Source, options: TaskOptions) -> Sequences:
    from lstm_automl.data import builtin

    if isinstance(source, Sequences):
        return source
    if str(source) in builtin.NAMES and not Path(source).exists():
        return builtin.builtin(str(source))
    return task.read(Path(source), options)
