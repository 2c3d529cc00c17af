"""Floors for classification and regression: what a model must beat to be worth its training.

``majority`` or ``mean`` and ``median`` know the targets alone; ``logistic`` or ``ridge`` are linear in summary features
(mean, deviation, extremes, ends, slope, quartiles of each channel); ``nearest_neighbour`` is 1-NN by Euclidean distance
for classification of equal lengths. Each is fitted on a training part and scored on its validation part (the mean over
folds), and for the test part fitted on training and validation part together, as the final model is.

The cost is bounded: the learned ones train on at most 5,000 examples, drawn by a fixed seed, and are scored on at most
10,000.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.tasks.summary import VALUES_AT_ONCE, steps, summaries
from lstm_automl.tasks.task import Outputs, Prepared, Scores, State

if TYPE_CHECKING:
    from lstm_automl.tasks.task import Task, TaskOptions

Floats = NDArray[np.float64]
Baseline = Callable[[Frame, Index, Index, State, int], Outputs]
"""``(frame, train, scored, state, outputs) -> outputs`` as a network would give them."""

TRAIN_LIMIT = 5_000
SCORED_LIMIT = 10_000
VALUES_LIMIT = 20_000_000
"""Numbers that the training examples of one baseline may hold."""


def run(
    task: Task, prepared: Prepared, options: TaskOptions, baselines: Mapping[str, Baseline], outputs: int
) -> dict[str, dict[str, Scores]]:
    """Scores of each baseline on the validation and test part.

    Args:
        task, options: Of the problem.
        prepared: Frame and split.
        baselines: By name.
        outputs: Width of what each returns.
    """
    frame, split = prepared.frame, prepared.split
    out: dict[str, dict[str, Scores]] = {}
    pairs = [(f.train, f.valid) for f in split.folds]
    states = [task.fit_state(frame, train, options) for train, _ in pairs]
    final = task.fit_state(frame, split.refit, options) if split.test is not None else None
    for name, baseline in baselines.items():
        limited = [
            _scores(task, frame, baseline, *pair, state, outputs) for pair, state in zip(pairs, states, strict=True)
        ]
        out[name] = {"valid": {k: float(np.mean([s[k] for s in limited])) for k in limited[0]}}
        if split.test is not None and final is not None:
            out[name]["test"] = _scores(task, frame, baseline, split.refit, split.test, final, outputs)
    return out


def majority(frame: Frame, train: Index, scored: Index, state: State, outputs: int) -> Outputs:
    """The class frequencies of training, for every example."""
    counts = np.bincount(_codes(frame, train), minlength=outputs)
    return np.tile(counts / counts.sum(), (len(scored), 1))


def mean(frame: Frame, train: Index, scored: Index, state: State, outputs: int) -> Outputs:
    """The training mean, for every example: 0 on the training scale."""
    return np.zeros((len(scored), outputs))


def median(frame: Frame, train: Index, scored: Index, state: State, outputs: int) -> Outputs:
    """The training median, for every example."""
    return np.full((len(scored), outputs), np.median(_scaled(frame, train, state)))


def logistic(frame: Frame, train: Index, scored: Index, state: State, outputs: int) -> Outputs:
    """Logistic regression on summary features."""
    from sklearn.linear_model import LogisticRegression

    train = sample(frame, train)
    codes = _codes(frame, train)
    if len(np.unique(codes)) == 1:
        return majority(frame, train, scored, state, outputs)
    fitted, seen = _standardised(summaries(frame, train, state), summaries(frame, scored, state))
    with warnings.catch_warnings():  # not converged after 200 steps is good enough for a floor
        warnings.simplefilter("ignore")
        model = LogisticRegression(max_iter=200).fit(fitted, codes)
    out = np.zeros((len(scored), outputs))
    out[:, model.classes_] = model.predict_proba(seen)
    return out


def ridge(frame: Frame, train: Index, scored: Index, state: State, outputs: int) -> Outputs:
    """Ridge regression on summary features; its strength is chosen by leave-one-out within the training part."""
    from sklearn.linear_model import RidgeCV

    train = sample(frame, train)
    fitted, seen = _standardised(summaries(frame, train, state), summaries(frame, scored, state))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = RidgeCV(alphas=np.logspace(-1, 4, 11)).fit(fitted, _scaled(frame, train, state))
    return np.asarray(model.predict(seen), np.float64).reshape(len(scored), outputs)


def nearest_neighbour(frame: Frame, train: Index, scored: Index, state: State, outputs: int) -> Outputs:
    """The class of the nearest training example; all lengths must be equal."""
    train = sample(frame, train)
    known, codes = _flat(frame, train, state), _codes(frame, train)
    norms = (known**2).sum(axis=1)
    out = np.zeros((len(scored), outputs))
    size = max(1, VALUES_AT_ONCE // max(known.shape[1], len(known)))
    for start in range(0, len(scored), size):
        asked = _flat(frame, scored[start : start + size], state)
        nearest = np.argmin(norms - 2 * (asked @ known.T), axis=1)
        out[np.arange(start, start + len(asked)), codes[nearest]] = 1.0
    return out


def equal_lengths(frame: Frame) -> bool:
    """Whether every example has the same number of steps."""
    return len(np.unique(frame.lengths)) == 1


def sample(frame: Frame, train: Index, limit: int = TRAIN_LIMIT) -> Index:
    """At most ``limit`` training examples, and at most ``VALUES_LIMIT`` numbers, drawn by a fixed seed."""
    mean_size = float(np.mean(frame.lengths[train])) * frame.features
    limit = min(limit, max(20, int(VALUES_LIMIT / max(mean_size, 1.0))))
    if len(train) <= limit:
        return train
    return np.sort(np.random.default_rng(0).choice(train, limit, replace=False))


def _scores(
    task: Task, frame: Frame, baseline: Baseline, train: Index, scored: Index, state: State, outputs: int
) -> Scores:
    if baseline not in (majority, mean, median):
        scored = sample(frame, scored, SCORED_LIMIT)
    return task.score(frame, scored, baseline(frame, train, scored, state, outputs), state)


def _codes(frame: Frame, examples: Index) -> NDArray[np.int64]:
    return np.asarray(frame.fields["y"].values[examples], dtype=np.int64)


def _scaled(frame: Frame, examples: Index, state: State) -> Floats:
    y = np.asarray(frame.fields["y"].values[examples], dtype=np.float64)
    return np.asarray((y - state.arrays["y_mean"][0]) / state.arrays["y_std"][0])


def _flat(frame: Frame, examples: Index, state: State) -> NDArray[np.float32]:
    """``(n, time * features)`` scaled."""
    out = np.empty((len(examples), int(frame.lengths[examples[0]]) * frame.features), np.float32)
    size = max(1, VALUES_AT_ONCE // out.shape[1])
    for start in range(0, len(examples), size):
        part = examples[start : start + size]
        out[start : start + size] = steps(frame, part, state).reshape(len(part), -1)
    return out


def _standardised(train: Floats, scored: Floats) -> tuple[Floats, Floats]:
    """Both by the training mean and deviation; far outliers are cut, so that one odd row does not rule a floor."""
    centre, spread = train.mean(axis=0), train.std(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    return (train - centre) / scale, np.clip((scored - centre) / scale, -20, 20)
