"""Small ragged sets with every kind of column."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstm_automl.data.sequences import Sequences


def ragged(n: int = 60, seed: int = 0, shortest: int = 3, longest: int = 9) -> Sequences:
    """``n`` sequences of two channels without targets."""
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(shortest, longest + 1, n))]).astype(np.int64)
    values = rng.normal([5.0, 100.0], [1.0, 20.0], (int(offsets[-1]), 2))
    ids = np.array([f"s{i}" for i in range(n)])
    return Sequences(values, offsets, ("a", "b"), ids=ids, source="set.csv")


@pytest.fixture
def rich() -> Sequences:
    """Missing values, static numbers, categories of both kinds, weights."""
    data = ragged()
    rng = np.random.default_rng(1)
    values = data.values.copy()
    values[::7, 1] = np.nan
    return replace(
        data,
        values=values,
        static=rng.normal(40, 5, (len(data), 1)),
        static_names=("age",),
        categories={
            "mode": np.array(["on", "off"])[rng.integers(0, 2, len(values))],
            "site": np.array(["north", "south", "west"])[np.arange(len(data)) % 3],
        },
        static_categories=("site",),
        weights=rng.random(len(data)),
        targets=np.array(["lo", "hi"])[np.arange(len(data)) % 2],
    )


@pytest.fixture
def engines() -> Sequences:
    """Thirty engines that run to failure; the target is the life left at each row."""
    data = ragged(30, longest=80, shortest=40)
    left = np.repeat(data.offsets[1:], data.lengths) - 1.0 - np.arange(len(data.values))
    values = np.column_stack([left + np.random.default_rng(0).normal(0, 2, len(left)), data.values[:, 1]])
    return replace(data, values=values, targets=left, target_per_row=True)
