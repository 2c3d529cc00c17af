"""Series an estimator forecasts: which rows train, which are validated, and what must be kept to go on from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.data.split import Fold, Index, Split
from lstm_automl.errors import DataError
from lstm_automl.tasks.forecasting import MOST_VALIDATED
from lstm_automl.tasks.forecasting_parts import SHARE, Bounds, plan
from lstm_automl.tasks.problem import Problem, metric_of
from lstm_automl.tasks.series_arrays import sequences_from_arrays
from lstm_automl.tasks.series_rows import head, past_lengths
from lstm_automl.tasks.task import Prepared, State, Task, TaskOptions


def sequences(y: Any, known: Any, observed: Any, series: Any = None) -> Sequences:
    """One series, a list of them, or a ``(series, T, targets)`` array.

    Args:
        y: The series.
        known: Covariates known ahead, ``(T + future, k)`` a series, or None.
        observed: Covariates known up to now, ``(T, o)`` a series, or None.
        series: Their names; None = their numbers.

    Raises:
        DataError: ranks or lengths do not fit.
    """
    return sequences_from_arrays(_listed(y), _listed(known), _listed(observed), series)


def framed(
    task: Task, data: Sequences, options: TaskOptions, *, horizon: int, share: float, metric: str | None
) -> Problem:
    """The past of the series with their last ``share`` (at least a horizon) as the validation part; no test part.

    Args:
        task, options: Of the problem.
        data: The series.
        horizon: Steps ahead.
        share: Of each series, [0, 1).
        metric: The objective; None = the task's first.

    Raises:
        DataError: a series is too short.
    """
    past = head(data, past_lengths(data))
    held = np.maximum(horizon, np.round(share * past.lengths).astype(np.int64))
    first = past.lengths - held
    if (first < 1).any():
        i = int(np.argmin(first))
        raise DataError(
            f"y: series {i} has {past.lengths[i]} rows; horizon {horizon} needs {2 * horizon + 2}: a past to learn "
            "from, and a horizon to learn and one to check"
        )
    prepared = task.prepare(Parts(head(past, first), _after(past, first)), options)
    return Problem(task, options, prepared, metric_of(task, metric))


def state_of(problem: Problem, train: Index) -> State:
    """Scalers of the training origins."""
    return problem.task.fit_state(problem.frame, train, problem.options)


def parted(problem: Problem, share: float, seed: int = 0) -> Problem:
    """The problem as it is where a ``share`` is validated, else with every origin in the training part.

    The last rows are held out, whatever the seed.
    """
    if share:
        return problem
    refit = problem.split.refit
    fold = Fold(refit, np.empty(0, np.int64))
    return replace(problem, prepared=Prepared(problem.frame, Split((fold,), refit)))


def rolling(problem: Problem, folds: int | None, seed: int = 0) -> Problem:
    """The problem with the folds of a search: ``None`` = rolling origins below 500 of them, else the last part.

    Folds follow time, whatever the seed.

    Raises:
        DataError: so many folds need longer series.
    """
    frame = problem.frame
    offsets = frame.fields["x"].offsets
    assert offsets is not None
    total, info = np.diff(offsets), frame.info
    horizon = int(info["horizon"])
    train = total - np.maximum(horizon, np.round(SHARE * total).astype(np.int64))
    bounds = Bounds(train, total, total, chosen=False, tested=False, names=tuple(info["series"]))
    try:
        found = plan(bounds, horizon, int(info["season"]), int(info["history"]), folds)
    except DataError:
        if folds is not None:
            raise
        return problem
    sequence, origin = np.asarray(frame.examples["sequence"]), frame.lengths
    parts = [tuple(stretch.holds(origin, sequence, horizon) for stretch in pair) for pair in found.folds]
    kept = tuple(Fold(a, b[:: -(-len(b) // MOST_VALIDATED)]) for a, b in parts if len(a) and len(b))
    if not kept:
        return problem
    return replace(problem, prepared=Prepared(frame, Split(kept, problem.split.refit)))


def tail(data: Sequences, rows: int | None) -> Sequences:
    """The last ``rows`` past rows of each series with all that is known ahead; None = everything."""
    if rows is None:
        return data
    return _after(data, np.maximum(0, past_lengths(data) - max(2, rows)))


def with_future(data: Sequences, known: Any) -> Sequences:
    """The series, ending with their past, followed by these rows of what is known ahead.

    Args:
        data: The series.
        known: ``(rows, k)`` or ``(rows,)`` for one series; a list of them, or ``(series, rows, k)``.

    Raises:
        DataError: nothing is known ahead in these series, or the shape does not fit.
    """
    if not data.known_channels:
        raise DataError("known: the model was fitted without covariates known ahead")
    data = head(data, past_lengths(data))
    given = _listed(known)
    many = given if isinstance(given, list | tuple) and np.ndim(given[0]) > 0 else [given]
    if len(many) != len(data):
        raise DataError(f"known has {len(many)} series, the model was fitted on {len(data)}")
    blocks = []
    for i, rows in enumerate(many):
        future = np.asarray(rows, np.float64)
        future = future.reshape(len(future), -1)
        if future.shape[1] != len(data.known_channels):
            raise DataError(f"known of series {i} has {future.shape[1]} columns, not {len(data.known_channels)}")
        block = np.full((len(future), data.values.shape[1]), np.nan)
        block[:, list(data.known_channels)] = future
        blocks.append(np.concatenate([data.sequence(i), block]))
    offsets = np.concatenate([[0], np.cumsum([len(b) for b in blocks])]).astype(np.int64)
    return replace(data, values=np.concatenate(blocks), offsets=offsets)


def _after(data: Sequences, first: Index) -> Sequences:
    """Each series from row ``first[i]`` on."""
    parts = [data.sequence(i)[n:] for i, n in enumerate(first)]
    offsets = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)
    return replace(data, values=np.concatenate(parts), offsets=offsets)


def _listed(arrays: Any) -> Any:
    """A 3-D array as a list of its series."""
    return list(arrays) if getattr(arrays, "ndim", 0) == 3 else arrays
