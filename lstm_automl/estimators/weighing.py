"""Scalers and class weights under sample weights: an example of weight 2 counts as two examples, everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.scaling import training_rows
from lstm_automl.tasks.task import State

Floats = NDArray[np.float64]


def weighted_state(problem: Problem, train: Index) -> State:
    """What :meth:`Task.fit_state` fits, with every row, sequence and target weighed as its example is."""
    frame = problem.frame
    state = problem.task.fit_state(frame, train, problem.options)
    if "weight" not in frame.fields:
        return state
    arrays = dict(state.arrays)
    weight = np.asarray(frame.fields["weight"].values, np.float64)[train]
    sequence = np.asarray(frame.examples["sequence"])[train]
    offsets = frame.fields["x"].offsets
    assert offsets is not None
    of_sequence = np.zeros(len(offsets) - 1)
    of_sequence[sequence] = weight
    rows = training_rows(frame, train)
    row_weight = of_sequence[np.searchsorted(offsets, rows, side="right") - 1]
    _put(arrays, "x", frame, rows, row_weight, len(frame.info["channels"]))
    if "static" in frame.fields:
        some = np.unique(sequence)
        _put(arrays, "static", frame, some, of_sequence[some], len(frame.info["static_names"]))
    if "y_mean" in arrays and "y" in frame.fields:
        arrays["y_mean"], arrays["y_std"] = _moments(np.asarray(frame.fields["y"].values)[train][:, None], weight)
    return replace(state, arrays=arrays)


def with_class_weights(state: State, weights: Sequence[float] | Floats) -> State:
    """The state with these weights of the classes, in the order of the frame's."""
    return replace(state, arrays={**state.arrays, "class_weight": np.asarray(weights, np.float64)})


def _put(arrays: dict[str, Any], name: str, frame: Frame, rows: Index, weight: Floats, plain: int) -> None:
    """Replace the scales of the first ``plain`` columns; the others hold zeros and ones and keep theirs."""
    mean, std = _moments(np.asarray(frame.fields[name].values[rows][:, :plain], np.float64), weight)
    for part, found in (("mean", mean), ("std", std)):
        arrays[f"{name}_{part}"] = np.concatenate([found, arrays[f"{name}_{part}"][plain:]])


def _moments(values: NDArray[Any], weight: Floats) -> tuple[Floats, Floats]:
    known = np.isfinite(values)
    each = known * weight[:, None]
    total = np.maximum(each.sum(axis=0), np.finfo(np.float64).tiny)
    mean = (np.where(known, values, 0) * each).sum(axis=0) / total
    std = np.sqrt((np.where(known, values - mean, 0) ** 2 * each).sum(axis=0) / total)
    std[(std <= 1e-9 * np.abs(mean)) | (std == 0)] = 1.0
    return mean, std
