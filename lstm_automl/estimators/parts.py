"""The parts an estimator trains on: no test part, which is the caller's to keep."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.combine import take
from lstm_automl.data.frame import Frame
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.data.split import Fold, Index, Split
from lstm_automl.errors import DataError
from lstm_automl.tasks.allotting import allot
from lstm_automl.tasks.problem import Problem, metric_of
from lstm_automl.tasks.splits import HOLD_OUT, SMALL
from lstm_automl.tasks.targets import CUTS, strata
from lstm_automl.tasks.task import Prepared, Task, TaskOptions


def framed(task: Task, data: Sequences, options: TaskOptions, metric: str | None = None) -> Problem:
    """Two sequences or more framed as one part; the folds are to be chosen.

    Args:
        task, options: Of the problem.
        data: Labelled sequences.
        metric: The objective; None = the task's first.

    Raises:
        DataError: the data cannot be framed.
    """
    assert len(data) > 1
    data = _mixed(data)
    prepared = task.prepare(Parts(data), options, sizes=(len(data) - 1, 1))
    return Problem(task, options, prepared, metric_of(task, metric))


def hold_out(problem: Problem, share: float, seed: int) -> Problem:
    """The problem with a share of the sequences held out for validation, classes (or fifths) spread evenly.

    Examples of weight 0 are left out of everything. With less than one sequence to hold out the validation part is
    empty.
    """
    frame = problem.frame
    used = _weighed(frame)
    held = np.zeros(len(used), bool)
    if round(share * len(used)) >= 1:
        rng = np.random.default_rng([seed, len(used)])
        held = allot(_strata(problem, used), np.arange(len(used)), [1 - share, share], rng) == 1
    return _split(problem, used, [held])


def folded(problem: Problem, folds: int | None, seed: int) -> Problem:
    """The problem with the folds of a search: ``None`` = five below 500 sequences, else one part in five.

    One of the sequences at least is held out.

    Raises:
        DataError: there are fewer sequences than folds.
    """
    used = _weighed(problem.frame)
    count = folds
    if count is None:
        count = min(HOLD_OUT, len(used)) if len(used) < SMALL else 1
    if len(used) < max(2, count):
        raise DataError(f"{len(used)} sequences cannot be split into {max(2, count)} parts")
    if count == 1:
        return hold_out(problem, max(1 / HOLD_OUT, 1 / len(used)), seed)
    rng = np.random.default_rng([seed, len(used)])
    part = allot(_strata(problem, used), np.arange(len(used)), [1 / count] * count, rng)
    return _split(problem, used, [part == k for k in range(count)])


def _mixed(data: Sequences) -> Sequences:
    """With another sequence last, where that alone is of a class of its own: it is framed as the other part."""
    targets = data.targets
    if targets is None or data.target_per_row or len(data) < 3 or not (targets[:-1] == targets[0]).all():
        return data
    return take(data, np.roll(np.arange(len(data)), 1))


def _split(problem: Problem, used: Index, held: list[NDArray[np.bool_]]) -> Problem:
    frame = problem.frame
    folds = tuple(Fold(_examples(frame, used[~h]), _scored(frame, used[h])) for h in held)
    return replace(problem, prepared=Prepared(frame, Split(folds, _examples(frame, used))))


def _weighed(frame: Frame) -> Index:
    """Numbers of the sequences that count."""
    sequence = np.asarray(frame.examples["sequence"])
    if "weight" not in frame.fields:
        return np.unique(sequence)
    return np.unique(sequence[np.asarray(frame.fields["weight"].values) > 0])


def _strata(problem: Problem, used: Index) -> NDArray[Any]:
    """Code of each sequence: its class, or the fifth its target lies in."""
    frame = problem.frame
    if frame.info.get("target_per_row"):
        return np.zeros(len(used), np.int64)
    y = np.asarray(frame.fields["y"].values)[used]
    return y if "classes" in frame.info else strata(y)


def _examples(frame: Frame, sequences: Index) -> Index:
    return np.flatnonzero(np.isin(frame.examples["sequence"], sequences)).astype(np.int64)


def _scored(frame: Frame, sequences: Index) -> Index:
    """One example a sequence; of sequences with a target at every row, ten spread over its length."""
    found = _examples(frame, sequences)
    if not frame.info.get("target_per_row"):
        return found
    of = [found[frame.examples["sequence"][found] == s] for s in sequences]
    kept = [rows[np.unique(np.linspace(0, len(rows) - 1, CUTS).round().astype(np.int64))] for rows in of]
    return np.sort(np.concatenate([*kept, np.empty(0, np.int64)])).astype(np.int64)
