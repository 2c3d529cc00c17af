"""A shipped space follows the data: windows, strides, batches, augmentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lstm_automl.data.arrays import from_arrays
from lstm_automl.data.sequences import Parts
from lstm_automl.spaces.loader import load
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.adapting import adapt
from lstm_automl.tasks.classification import Classification
from lstm_automl.tasks.forecasting import Forecasting
from lstm_automl.tasks.series_arrays import sequences_from_arrays


def _classified(n: int, steps: int, ragged: bool = False, **overrides: object) -> Space:
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(steps - (i % 3 if ragged else 0), 1)) for i in range(n)]
    task = Classification()
    prepared = task.prepare(Parts(from_arrays(x, np.arange(n) % 2)), task.options())
    return adapt(load("classification", overrides=overrides), prepared)


@pytest.mark.parametrize(
    ("steps", "values", "default"), [(8, (1, 2), 1), (100, (1, 2, 4), 2), (200, (1, 2, 4), 4), (500, (2, 4), 4)]
)
def test_strides_follow_the_length(steps: int, values: tuple[int, ...], default: int) -> None:
    stride = _classified(20, steps).parameters["conv_stride"]
    assert (stride.values, stride.default) == (values, default)


def test_batches_follow_the_number_of_examples() -> None:
    assert _classified(30, 8).parameters["batch_size"].values == (8,)
    many = _classified(4000, 4).parameters["batch_size"]
    assert (many.values, many.default) == ((32, 64), 32)


def _wave(i: int, length: float = 50) -> Any:
    return np.sin(np.arange(50) * 2 * np.pi / length + i)


@pytest.mark.parametrize(
    ("series", "shifted"),
    [
        (_wave, True),
        (lambda i: np.where(np.arange(50) == 7, np.nan, _wave(i)), True),
        (lambda i: np.zeros(50), True),
        (lambda i: np.sin(np.arange(50 - i % 3) * 2 * np.pi / (50 - i % 3)), False),
        (lambda i: np.arange(50.0) + i, False),
        (lambda i: _wave(i, 75), False),
        (lambda i: np.stack([1000 * _wave(i), np.arange(50.0)], axis=1), False),
        (lambda i: np.stack([1000 * _wave(i), _wave(i)], axis=1), True),
    ],
    ids=[
        "closed",
        "closed, with gaps",
        "constant",
        "ragged",
        "rising",
        "two thirds of a cycle",
        "one channel rises",
        "two channels",
    ],
)
def test_a_circular_shift_is_for_closed_sequences(series: Callable[[int], Any], shifted: bool) -> None:
    task = Classification()
    options, x = task.options(allow_nan=True), [series(i).reshape(len(series(i)), -1) for i in range(20)]
    prepared = task.prepare(Parts(from_arrays(x, np.arange(20) % 2, allow_nan=True)), options)
    space = adapt(load("classification"), prepared)
    assert ("circular_shift" in space.parameters["augment"].values) is shifted
    assert any(start["augment"] == "circular_shift" for start in space.starts()) is shifted


def test_a_value_the_user_holds_stays() -> None:
    assert _classified(20, 8, conv_stride="4").parameters["conv_stride"].default == 4


def test_a_short_series_limits_the_window_and_one_channel_is_not_taken_apart() -> None:
    task = Forecasting()
    options = task.options(horizon=4)
    space = load("forecasting")
    one = adapt(space, task.prepare(Parts(sequences_from_arrays(np.arange(90.0) % 7)), options))
    two = adapt(space, task.prepare(Parts(sequences_from_arrays(np.ones((90, 2)).cumsum(0) % 7)), options))
    assert max(one.parameters["window"].grid()) <= 90
    assert "channel_independent" not in one.parameters
    assert "channel_independent" in two.parameters
