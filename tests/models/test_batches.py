"""Which examples a step sees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_automl.models.batches import epoch_batches, one_pass, prediction_batches

KEY = (3, 1)


def stream(n: int, batch_size: int, epochs: int) -> np.ndarray:
    lengths = np.full(n, 5)
    return np.concatenate([epoch_batches(np.arange(n), lengths, batch_size, KEY, e) for e in range(epochs)])


@given(n=st.integers(1, 90), size=st.integers(1, 40), number=st.integers(0, 3), ragged=st.booleans())
def test_a_pass_sees_every_example_and_few_twice(n: int, size: int, number: int, ragged: bool) -> None:
    size = min(size, n)
    lengths = np.arange(1, n + 1) if ragged else np.ones(n, int)
    found = one_pass(lengths, size, KEY, number)
    counts = np.bincount(found.ravel(), minlength=n)
    assert found.shape == (-(-n // size), size)
    assert counts.min() == 1
    assert counts.max() <= 2
    assert (counts == 2).sum() == -n % size


def test_passes_go_on_across_epochs() -> None:
    # 300 batches a pass, 256 steps an epoch: the 300 batches from the first on are one pass.
    found = stream(300, 1, 2)
    assert found.shape == (512, 1)
    assert sorted(found[:300, 0]) == list(range(300))
    assert not np.array_equal(found[:212], found[300:])


def test_a_tiny_set_repeats_in_other_orders() -> None:
    found = epoch_batches(np.array([7, 8, 9]), np.ones(3, int), 32, KEY, 0)
    assert found.shape == (16, 3)
    assert {tuple(sorted(row)) for row in found} == {(7, 8, 9)}
    assert len({tuple(row) for row in found}) > 1


def test_full_batch_keeps_the_order() -> None:
    found = epoch_batches(np.array([5, 3]), np.array([1, 9]), None, KEY, 4)
    assert found.tolist() == [[5, 3]] * 16


def test_same_key_same_batches_other_key_others() -> None:
    lengths = np.ones(50, int)
    first = epoch_batches(np.arange(50), lengths, 8, (1, 2), 3)
    assert np.array_equal(first, epoch_batches(np.arange(50), lengths, 8, (1, 2), 3))
    assert not np.array_equal(first, epoch_batches(np.arange(50), lengths, 8, (1, 3), 3))
    assert not np.array_equal(first, epoch_batches(np.arange(50), lengths, 8, (1, 2), 4))


def test_ragged_batches_hold_similar_lengths_in_random_order() -> None:
    lengths = np.random.default_rng(0).integers(5, 500, size=640)
    found = one_pass(lengths, 16, KEY, 0)
    padded = (lengths[found].max(axis=1)[:, None] - lengths[found]).sum()
    assert padded < 0.35 * lengths.sum()  # at random it is about 0.9
    longest = lengths[found].max(axis=1)
    assert not (np.diff(longest) >= 0).all()
    other = one_pass(lengths, 16, KEY, 1)
    assert {tuple(sorted(b)) for b in found} != {tuple(sorted(b)) for b in other}


@pytest.mark.parametrize("exact", [True, False])
def test_prediction_batches_cover_all_within_bounds(exact: bool) -> None:
    lengths = np.random.default_rng(1).integers(1, 60, size=300)
    found = prediction_batches(lengths, exact=exact, rows=200, most=50)
    assert sorted(np.concatenate(found)) == list(range(300))
    for batch in found:
        assert len(batch) <= 50
        assert len(batch) * lengths[batch].max() <= 200
        assert not exact or len(set(lengths[batch])) == 1


def test_a_sequence_beyond_the_bound_stands_alone() -> None:
    assert [b.tolist() for b in prediction_batches(np.array([900, 10]), exact=False, rows=100)] == [[1], [0]]
