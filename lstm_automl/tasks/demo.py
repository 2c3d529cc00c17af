"""Small sets that tasks make themselves: equal seed, equal bytes; an LSTM learns each in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.sequences import Sequences

COUNT = 200


def passing_bump(seed: int = 0) -> Sequences:
    """A bump that passes three sensors: labels ``left``, ``right`` and ``still`` say which way.

    200 sequences of 20 to 40 steps. When and how strongly it passes is random, so that no single step tells.
    """
    rng = np.random.default_rng([seed, 1])
    names = np.array(["left", "right", "still"])
    sequences, labels = [], names[rng.permutation(np.arange(COUNT) % len(names))]
    for label in labels:
        length = int(rng.integers(20, 41))
        time, start = np.arange(length)[:, None], rng.uniform(0.3, 0.7) * length
        delay = {"left": -4.0, "right": 4.0, "still": 0.0}[str(label)]
        centres = start + delay * np.array([-1.0, 0.0, 1.0])
        bump = rng.uniform(0.8, 1.6) * np.exp(-0.5 * ((time - centres) / 2.5) ** 2)
        sequences.append(bump + rng.normal(0, 0.15, bump.shape))
    return _gather(sequences, labels, ("sensor_0", "sensor_1", "sensor_2"))


def damped_oscillation(seed: int = 0) -> Sequences:
    """A swing that dies away: the target is its time constant in steps, 5 to 30.

    200 sequences of 30 to 50 steps with random strength, period and phase.
    """
    rng = np.random.default_rng([seed, 2])
    constants = rng.uniform(5, 30, COUNT)
    sequences = []
    for constant in constants:
        time = np.arange(int(rng.integers(30, 51)))
        wave = np.cos(2 * np.pi * (time / rng.uniform(5, 10) + rng.random()))
        swing = rng.uniform(0.8, 1.2) * np.exp(-time / constant) * wave
        sequences.append((swing + rng.normal(0, 0.03, len(time)))[:, None])
    return _gather(sequences, np.round(constants, 3), ("position",))


def _gather(sequences: list[Any], targets: NDArray[Any], channels: tuple[str, ...]) -> Sequences:
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in sequences])]).astype(np.int64)
    values = np.concatenate(sequences).astype(np.float32)
    ids = np.arange(len(sequences))
    return Sequences(values, offsets, channels, targets=targets, ids=ids, source="demo")
