"""What a user gives as data: a file, the name of a set that needs none, or what Python holds."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from lstm_automl.data.load import options_for
from lstm_automl.data.options import DataOptions, refuse
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import UsageError
from lstm_automl.tasks.task import Task, TaskOptions

Source = str | Path | Sequences | tuple[Any, Any]
"""Built-in name, file, sequences, or ``(X, y)`` of arrays as estimators take them."""

_COLUMNS = tuple(name for name in DataOptions.model_fields if name != "allow_nan")


def is_file(source: Any) -> bool:
    """Whether it names a file, which alone has columns to be named."""
    return isinstance(source, str | PathLike) and (str(source) not in _names() or Path(source).exists())


def training(task: Task, source: Source, options: TaskOptions) -> tuple[Sequences, TaskOptions]:
    """The training data, and the options with what reading it has decided for every later file.

    Raises:
        UsageError: nothing that can be read, or a file that cannot be.
    """
    if isinstance(source, str | PathLike) and str(source) == "demo" and not is_file(source):
        data, made = task.demo(0)
        return data, made.model_copy(update=options.model_dump(include=options.model_fields_set))
    data, like = read(task, source, options), getattr(options, "like", None)
    return data, options if like is None or not is_file(source) else like(data)


def read_another(task: Task, source: Source, options: TaskOptions) -> Sequences:
    """Another part, by the options of the training data, whatever the format of either.

    Raises:
        UsageError: nothing that can be read, or a file that cannot be.
    """
    if isinstance(source, str | PathLike) and str(source) == "demo" and not is_file(source):
        raise UsageError("'demo' is given with --data alone: its parts are made from it; name a file")
    named: Any = options
    if isinstance(named, DataOptions) and isinstance(source, str | PathLike) and is_file(source):
        named = options_for(source, named, series="horizon" in task.options.model_fields)
    return read(task, source, named)


def read(task: Task, source: Source, options: TaskOptions) -> Sequences:
    """One part of the data.

    Raises:
        UsageError: nothing that can be read, or a file that cannot be.
    """
    from lstm_automl.data import arrays, builtin

    if isinstance(source, Sequences):
        return source
    if is_file(source):
        return task.read(Path(source), options)  # type: ignore[arg-type]
    if isinstance(source, str | PathLike):
        return builtin.builtin(str(source))
    series = "horizon" in task.options.model_fields
    if series or not isinstance(source, tuple) or len(source) != 2:
        raise UsageError(_taken(source, series))
    given = {name: getattr(options, name) for name in ("layout", "allow_nan") if hasattr(options, name)}
    return arrays.from_arrays(*source, **given)


def refuse_columns(options: Any, *given: Source | None) -> None:
    """Raise DataError where options name columns and there is no file that has any, neither for training nor later."""
    first = given[0]
    if not isinstance(options, DataOptions) or any(is_file(source) for source in given):
        return
    if isinstance(first, str | PathLike):
        refuse(options, _COLUMNS, str(first), "a built-in set comes with its columns")
    elif isinstance(first, tuple):
        refuse(options, [name for name in _COLUMNS if name != "layout"], "X", "arrays have no columns")


def _names() -> tuple[str, ...]:
    from lstm_automl.data import builtin

    return ("demo", *builtin.NAMES)


def _taken(source: Any, series: bool) -> str:
    names = ", ".join(map(repr, _names()))
    found = f"not {type(source).__name__}" if not isinstance(source, tuple) else f"not a tuple of {len(source)}"
    if series:
        return (
            f"data: give a file, {names} or Sequences, {found}; series in arrays are what "
            "LSTMForecaster(horizon, search=Search(...)).fit(y) takes"
        )
    table = "; a table: write it with to_parquet" if hasattr(source, "to_parquet") else ""
    return f"data: give a file, {names}, Sequences or (X, y), X an array (n, time, channels), {found}{table}"
