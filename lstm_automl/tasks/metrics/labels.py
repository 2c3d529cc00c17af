"""Metrics of labels: accuracy, balanced accuracy, macro F1, cross-entropy and AUROC.

True labels are codes ``(n,)`` from 0; -1 is a label that training never saw, which nothing predicts.
Scores are probabilities ``(n, classes)``.

>>> probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7]])
>>> round(accuracy(np.array([0, 0, 1]), probabilities), 3)
0.667
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]


def accuracy(true: Codes, probabilities: Floats) -> float:
    """Share of examples whose most probable class is the true one."""
    return float(np.mean(_predicted(probabilities) == true))


def balanced_accuracy(true: Codes, probabilities: Floats) -> float:
    """Mean recall over the classes that occur in ``true``: chance is one over their number, however rare each is."""
    hit = _predicted(probabilities) == true
    return float(np.mean([np.mean(hit[true == label]) for label in np.unique(true)]))


def f1_macro(true: Codes, probabilities: Floats) -> float:
    """Mean F1 over the classes that occur in ``true`` or are predicted."""
    predicted = _predicted(probabilities)
    labels = np.union1d(true, predicted)
    both = np.array([np.sum((true == k) & (predicted == k)) for k in labels])
    either = np.array([np.sum(true == k) + np.sum(predicted == k) for k in labels])
    return float(np.mean(2 * both / either))


def log_loss(true: Codes, probabilities: Floats) -> float:
    """Mean cross-entropy in nats. Probabilities are kept off 0 by the resolution of their dtype.

    A label that training never saw has probability 0.
    """
    floor = float(np.finfo(probabilities.dtype).eps)
    scale = probabilities.sum(axis=1, dtype=np.float64)
    chosen = probabilities[np.arange(len(true)), np.maximum(true, 0)] / scale
    chosen = np.where(true < 0, 0.0, chosen)
    return float(np.mean(-np.log(np.clip(chosen, floor, 1.0))))


def auroc(true: Codes, probabilities: Floats) -> float:
    """Area under the ROC curve: of class 1 for two classes, else the mean of one class against the rest.

    Classes without a positive or a negative example are left out; 0.5, which ranks nothing, when none is left,
    so that the score of a tiny part is still a number.
    """
    if not np.all(np.isfinite(probabilities)):
        return float("nan")
    classes = [1] if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = [_area(true == k, probabilities[:, k]) for k in classes]
    known = [a for a in areas if a is not None]
    return float(np.mean(known)) if known else 0.5


def _area(positive: NDArray[np.bool_], score: Floats) -> float | None:
    """Mann-Whitney: how often a positive example stands above a negative one; ties count half."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return None
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _predicted(probabilities: Floats) -> Codes:
    """The most probable class; -2, equal to no label, where a probability is not a number."""
    best = np.asarray(np.argmax(probabilities, axis=1), dtype=np.int64)
    return np.where(np.isnan(probabilities).any(axis=1), -2, best)
