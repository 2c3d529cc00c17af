"""What is fitted on training rows, and the truth that forecasts are held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Index
from lstm_automl.errors import DataError
from lstm_automl.tasks.metrics.forecast import seasonal_naive_scale
from lstm_automl.tasks.scaling import moments
from lstm_automl.tasks.task import State

Floats = NDArray[np.floating[Any]]


def fit_series(frame: Frame, train: Index) -> State:
    """Scalers and naive errors of the rows that training origins and their targets cover.

    Arrays: ``x_mean``, ``x_std``, ``y_mean``, ``y_std``, ``static_mean``, ``static_std``, and ``naive_scale``
    ``(series, targets)``, the mean absolute error of the seasonal naive forecast within these rows. A series in which
    that is 0 or unknown takes the median of the others, or the target's deviation.
    """
    x, info = frame.fields["x"].values, frame.info
    targets = list(info["target_channels"])
    spans = _training_spans(frame, train)
    rows = np.concatenate([np.arange(a, b) for a, b in spans]).astype(np.int64)
    arrays: dict[str, NDArray[Any]] = {}
    arrays["x_mean"], arrays["x_std"] = moments(x, rows, range(len(info["channels"]), frame.features))
    arrays["y_mean"], arrays["y_std"] = arrays["x_mean"][targets], arrays["x_std"][targets]
    scales = np.array([seasonal_naive_scale(x[a:b, targets], int(info["season"])) for a, b in spans])
    usual = np.array([np.median(s[np.isfinite(s)]) if np.isfinite(s).any() else np.nan for s in scales.T])
    usual = np.where(np.isfinite(usual), usual, arrays["y_std"])
    arrays["naive_scale"] = np.where(np.isfinite(scales), scales, usual)
    if "static" in frame.fields:
        sequences = np.unique(frame.examples["sequence"][train])
        keep = range(len(info["static_names"]), frame.static)
        arrays["static_mean"], arrays["static_std"] = moments(frame.fields["static"].values, sequences, keep)
    return State({"series": list(info["series"])}, arrays)


def scales_of(frame: Frame, examples: Index, state: State) -> Floats:
    """``(n, targets)`` naive error of each example's series; the median of all for a series training did not have."""
    scale = state.arrays["naive_scale"]
    number = {name: i for i, name in enumerate(state.info["series"])}
    names = list(frame.info["series"])
    if len(number) == len(names) == 1:
        number = dict.fromkeys(names, 0)
    other = np.median(scale, axis=0)
    each = np.array([scale[number[name]] if name in number else other for name in names])
    return np.asarray(each[frame.examples["sequence"][examples]])


def truth_of(frame: Frame, examples: Index) -> Callable[[slice], Floats]:
    """Gives the targets ahead ``(b, horizon, targets)`` of a slice of the examples, in original units.

    Raises:
        DataError: the rows ahead are not there (an origin at the end of a series).
    """
    x, offsets = frame.fields["x"].values, frame.fields["x"].offsets
    end = np.asarray(frame.examples["end"][examples])
    steps, targets = np.arange(int(frame.info["horizon"])), list(frame.info["target_channels"])
    assert offsets is not None
    stop = offsets[np.asarray(frame.examples["sequence"][examples]) + 1]
    if np.any(end + len(steps) > stop) or np.isnan(x[np.minimum(end, len(x) - 1)][:, targets]).any():
        raise DataError(f"forecasts cannot be scored: the {len(steps)} rows after an origin are not known")

    def truth(part: slice) -> Floats:
        return np.asarray(x[end[part][:, None] + steps][..., targets])

    return truth


def _training_spans(frame: Frame, train: Index) -> list[tuple[int, int]]:
    """First row and end of the last target of each series; empty where a series has no training origin."""
    offsets = frame.fields["x"].offsets
    assert offsets is not None
    stops = offsets[:-1].copy()
    np.maximum.at(stops, frame.examples["sequence"][train], frame.examples["end"][train] + int(frame.info["horizon"]))
    return [(int(a), int(b)) for a, b in zip(offsets[:-1], stops, strict=True)]
