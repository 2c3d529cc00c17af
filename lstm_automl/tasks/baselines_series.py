"""Floors every forecast must beat: repeat the last value, repeat the last season, ridge regression on lags."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.tasks.task import Prepared, Scores, Task, TaskOptions

Floats = NDArray[np.float64]
Forecast = Callable[[Frame, Floats, Index, Index, Floats], Floats]
"""``(frame, y, train, examples, y_std)`` -> ``(n, horizon, targets)`` in original units; ``y`` from :func:`filled`."""

MOST_LAGS = 168
MOST_ORIGINS = 5_000
MOST_KNOWN = 500
PENALTY = 1e-3
"""Of the ridge, as a share of the mean squared length of a training row."""


def run(task: Task, prepared: Prepared, options: TaskOptions) -> dict[str, dict[str, Scores]]:
    """Scores of each floor on validation (the mean over folds) and test, fitted as the models they stand beside."""
    frame, split = prepared.frame, prepared.split
    y = filled(frame)
    floors: dict[str, Forecast] = {"repeat_last": repeat_last, "ridge": ridge}
    if int(frame.info["season"]) > 1:
        floors["seasonal_naive"] = seasonal_naive
    parts = [(fold.train, fold.valid) for fold in split.folds]
    parts += [] if split.test is None else [(split.refit, split.test)]
    rows: dict[str, list[Scores]] = {name: [] for name in floors}
    for train, scored in parts:
        state = task.fit_state(frame, train, options)
        mean, std = state.arrays["y_mean"], state.arrays["y_std"]
        for name, floor in floors.items():
            outputs = (floor(frame, y, train, scored, std) - mean) / std
            rows[name].append(task.score(frame, scored, outputs, state))
    n = len(split.folds)
    return {
        name: {"valid": {k: float(np.mean([s[k] for s in found[:n]])) for k in found[0]}}
        | ({"test": found[n]} if len(found) > n else {})
        for name, found in rows.items()
    }


def filled(frame: Frame) -> Floats:
    """``(rows, targets)``: missing values replaced by the last one before, or the first one after."""
    x = frame.fields["x"]
    y = np.array(x.values[:, frame.info["target_channels"]], dtype=np.float64)
    if not np.isnan(y).any() or x.offsets is None:
        return y
    for a, b in zip(x.offsets, x.offsets[1:], strict=False):
        rows = np.arange(b - a)
        for k in range(y.shape[1]):
            known = np.isfinite(y[a:b, k])
            last = np.maximum.accumulate(np.where(known, rows, -1))
            last[last < 0] = np.argmax(known)
            y[a:b, k] = y[a:b, k][last]
    return np.nan_to_num(y)


def repeat_last(frame: Frame, y: Floats, train: Index, examples: Index, y_std: Floats) -> Floats:
    """The last value for every step ahead."""
    last = y[frame.examples["end"][examples] - 1]
    return np.repeat(last[:, None, :], int(frame.info["horizon"]), axis=1)


def seasonal_naive(frame: Frame, y: Floats, train: Index, examples: Index, y_std: Floats) -> Floats:
    """The last season again and again; the last value where a series has not had one season yet."""
    season, horizon = int(frame.info["season"]), int(frame.info["horizon"])
    end, low = frame.examples["end"][examples][:, None], frame.examples["low"][examples][:, None]
    rows = end - season + np.arange(horizon) % season
    return y[np.where(end - low >= season, rows, end - 1)]


def ridge(frame: Frame, y: Floats, train: Index, examples: Index, y_std: Floats) -> Floats:
    """Direct linear forecasts of each target from its own lags relative to its last value, and from known covariates.

    Series are pooled; at most 5,000 origins, evenly spaced, are fitted.

    Args:
        frame: Of the problem.
        y: ``(rows, targets)`` from :func:`filled`.
        train: Examples it is fitted on.
        examples: Those forecast.
        y_std: ``(targets,)`` deviations, which make targets comparable.
    """
    fitted = train[np.linspace(0, len(train) - 1, min(len(train), MOST_ORIGINS)).round().astype(np.int64)]
    known = _known(frame)
    x = np.asarray(frame.fields["x"].values)
    lags = _lags(frame, fitted)
    ahead = frame.examples["end"][fitted][:, None] + np.arange(int(frame.info["horizon"]))
    covariates = np.nan_to_num(x[:, known])
    if known:
        seen = covariates[np.unique(ahead)]
        spread = seen.std(axis=0)
        covariates = (covariates - seen.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    out = np.empty((len(examples), ahead.shape[1], y.shape[1]))
    for k in range(y.shape[1]):
        column = y[:, k] / y_std[k]
        design, last = _design(frame, column, fitted, lags, covariates)
        weights = _solve(design, column[ahead] - last[:, None])
        asked, last = _design(frame, column, examples, lags, covariates)
        out[:, :, k] = (asked @ weights + last[:, None]) * y_std[k]
    return out


def _known(frame: Frame) -> list[int]:
    known = list(frame.info["known_channels"])
    return known if len(known) * int(frame.info["horizon"]) <= MOST_KNOWN else []


def _lags(frame: Frame, train: Index) -> int:
    """Two seasons or the horizon, not more than a third of what the longest training window holds."""
    wanted = max(2 * int(frame.info["season"]), int(frame.info["horizon"]), 4)
    return max(1, min(wanted, MOST_LAGS, int(frame.lengths[train].max()) // 3))


def _design(frame: Frame, column: Floats, examples: Index, lags: int, known: Floats) -> tuple[Floats, Floats]:
    """``(n, features)`` with an intercept, and the last value of each example."""
    end, low = frame.examples["end"][examples][:, None], frame.examples["low"][examples][:, None]
    last = column[end[:, 0] - 1]
    window = column[np.maximum(low, end - lags + np.arange(lags))] - last[:, None]
    parts = [np.ones((len(examples), 1)), window[:, :-1]]
    if known.shape[1]:
        ahead = known[end + np.arange(int(frame.info["horizon"]))]
        parts.append(ahead.reshape(len(examples), -1))
    return np.concatenate(parts, axis=1), last


def _solve(design: Floats, wanted: Floats) -> Floats:
    """Ridge weights; the intercept is penalised with the rest, which the tiny penalty makes harmless."""
    square = design.T @ design
    penalty = PENALTY * max(float(np.trace(square)) / len(square), 1e-12)
    return np.asarray(np.linalg.solve(square + penalty * np.eye(len(square)), design.T @ wanted))
