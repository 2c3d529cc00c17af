"""Which examples each optimiser step sees: a pure function of the seed key and the epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.split import Index
from lstm_automl.models.steps import steps_per_epoch

SeedKey = tuple[int, ...]

# Separate streams of one seed key; a stream is never read for two things.
WEIGHTS, PASS, EPOCH, DROPOUT = 1, 2, 3, 4

# Lengths are compared with this much noise, so that the batches of a ragged set differ from pass to pass.
LENGTH_NOISE = 0.2


def generator(key: SeedKey, *stream: int) -> np.random.Generator:
    """A generator of its own for one stream of a seed key."""
    return np.random.default_rng(np.random.SeedSequence((*key, *stream)))


def epoch_batches(
    train: Index, lengths: NDArray[np.int64], batch_size: int | None, key: SeedKey, epoch: int
) -> NDArray[np.int64]:
    """``(steps, batch)`` example numbers of one epoch.

    Passes over the data follow each other without regard to epochs: each is a permutation of its own, cut
    into batches whose last one is filled up from the beginning of the same permutation, so no step is wasted
    on empty places. In a ragged set examples of similar length share a batch.

    Args:
        train: Example numbers to train on.
        lengths: Steps of each of them (after any window), same length as ``train``.
        batch_size: None = every step sees all examples, in order.
        key: Seed key of the run.
        epoch: From 0.

    >>> epoch_batches(np.arange(5), np.ones(5, int), None, (0,), 0).shape
    (16, 5)
    >>> epoch_batches(np.arange(100), np.ones(100, int), 4, (0,), 3).shape
    (25, 4)
    """
    n = len(train)
    steps = steps_per_epoch(n, batch_size)
    if batch_size is None:
        return np.tile(train, (steps, 1))
    size = min(batch_size, n)
    per_pass = -(-n // size)
    first, last = epoch * steps, (epoch + 1) * steps
    parts = []
    for p in range(first // per_pass, -(-last // per_pass)):
        low, high = max(first - p * per_pass, 0), min(last - p * per_pass, per_pass)
        parts.append(one_pass(lengths, size, key, p)[low:high])
    return np.asarray(train[np.concatenate(parts)])


def one_pass(lengths: NDArray[np.int64], size: int, key: SeedKey, number: int) -> NDArray[np.int64]:
    """``(batches, size)`` positions: every example once, the last batch filled up.

    Args:
        lengths: Steps of each example.
        size: Of a batch.
        key: Seed key of the run.
        number: Of the pass, from 0.
    """
    rng = generator(key, PASS, number)
    n = len(lengths)
    order = rng.permutation(n)
    order = np.concatenate([order, order[: -n % size]])
    if lengths.min() == lengths.max():
        return order.reshape(-1, size)
    noisy = lengths[order] * (1 + LENGTH_NOISE * rng.random(len(order)))
    by_length = order[np.argsort(noisy, kind="stable")].reshape(-1, size)
    return by_length[rng.permutation(len(by_length))]


def prediction_batches(
    lengths: NDArray[np.int64], *, exact: bool, rows: int = 32_768, most: int = 512
) -> list[NDArray[np.int64]]:
    """Positions of all examples in batches of similar (``exact``: equal) length, bounded in rows.

    Args:
        lengths: Steps of each example.
        exact: Examples of a batch are of one length.
        rows: Steps of all examples of a batch together, at most.
        most: Examples in a batch, at most.

    >>> [b.tolist() for b in prediction_batches(np.array([3, 1, 3]), exact=True)]
    [[1], [0, 2]]
    """
    order = np.argsort(lengths, kind="stable")
    cuts = np.flatnonzero(np.diff(lengths[order])) + 1 if exact else np.empty(0, int)
    out = []
    for group in np.split(order, cuts):
        start = 0
        while start < len(group):
            size = max(1, min(most, rows // max(1, int(lengths[group[start]]))))
            # Sorted by length, so the last one of a batch is the longest: shrink until it fits too.
            while size > 1 and size * int(lengths[group[min(start + size, len(group)) - 1]]) > rows:
                size //= 2
            out.append(group[start : start + size])
            start += size
    return out
