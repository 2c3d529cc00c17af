"""Means and deviations of the training rows, whatever else the data holds."""

from __future__ import annotations

import numpy as np

from lstm_automl.data.frame import Field, Frame
from lstm_automl.tasks import scaling
from lstm_automl.tasks.scaling import moments, training_rows


def test_moments_leave_missing_values_out(monkeypatch) -> None:
    monkeypatch.setattr(scaling, "SLICE", 7)
    rng = np.random.default_rng(0)
    values = rng.normal(1000, 3, (50, 3)).astype(np.float32)
    values[rng.random(values.shape) < 0.3] = np.nan
    rows = np.arange(5, 45)
    mean, std = moments(values, rows)
    assert np.allclose(mean, np.nanmean(values[rows].astype(np.float64), axis=0))
    assert np.allclose(std, np.nanstd(values[rows].astype(np.float64), axis=0))


def test_columns_that_do_not_vary_keep_their_scale() -> None:
    values = np.column_stack([np.full(1000, 518.67), np.full(1000, np.nan), np.zeros(1000), np.arange(1000) % 2])
    mean, std = moments(values, np.arange(1000), keep=[3])
    assert np.allclose(mean, [518.67, 0, 0, 0])
    assert std.tolist() == [1, 1, 1, 1]


def test_a_column_of_zeros_and_ones_that_is_never_one_says_nothing_elsewhere() -> None:
    values = np.column_stack([np.arange(10) >= 8, np.arange(10) % 2]).astype(np.float32)
    mean, std = moments(values, np.arange(8), keep=[0, 1])
    scaled = (values - mean.astype(np.float32)) / std.astype(np.float32)
    assert np.abs(scaled[:, 0]).max() < 1e-20
    assert scaled[:, 1].tolist() == values[:, 1].tolist()


def test_training_rows_are_those_that_training_examples_read() -> None:
    examples = {"sequence": [0, 0, 1], "low": [0, 0, 6], "end": [2, 4, 9]}
    frame = Frame({"x": Field(np.zeros((9, 1)))}, {k: np.array(v) for k, v in examples.items()})
    assert training_rows(frame, np.array([0, 1])).tolist() == [0, 1, 2, 3]
    assert training_rows(frame, np.array([0, 2])).tolist() == [0, 1, 6, 7, 8]
