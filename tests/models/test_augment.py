"""Augmented batches: changed where there is data, untouched in the padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from lstm_automl.errors import UnknownNameError
from lstm_automl.models.augment import AUGMENTATIONS, augment, mix, mixup_shares

LENGTHS = np.array([5, 3, 4], np.int32)
MASK = np.arange(5)[None, :] < LENGTHS[:, None]
X = np.where(MASK[:, :, None], np.arange(1, 31, dtype=np.float32).reshape(3, 5, 2), 0)


def applied(name: str, seed: tuple[int, int] = (1, 2), masked: bool = True) -> np.ndarray:
    batch: dict[str, Any] = {"x": tf.constant(X)} | ({"mask": tf.constant(MASK)} if masked else {})
    lengths = LENGTHS if masked else np.full(3, 5, np.int32)
    return np.asarray(augment(name, batch, tf.constant(lengths), tf.constant(seed))["x"])


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("masked", [True, False])
def test_the_seed_decides_and_padding_stays(name: str, masked: bool) -> None:
    found = applied(name, masked=masked)
    assert found.shape == X.shape
    assert np.array_equal(found, applied(name, masked=masked))
    if masked:
        assert (found[~MASK] == 0).all()
    unchanged = name in ("none", "mixup")
    assert np.array_equal(found, X) == unchanged
    assert np.array_equal(found, applied(name, (3, 4), masked)) == unchanged


def test_a_shift_is_a_rotation_of_the_valid_part() -> None:
    shifts = set()
    for seed in range(20):
        found = applied("circular_shift", (seed, 0))
        for row, length in enumerate(LENGTHS):
            rotations = [np.roll(X[row, :length], -k, axis=0).tolist() for k in range(length)]
            assert found[row, :length].tolist() in rotations
            shifts.add((row, rotations.index(found[row, :length].tolist())))
    assert len(shifts) == LENGTHS.sum()  # every rotation occurs


def test_scaling_is_one_factor_a_channel() -> None:
    factors = applied("scaling", masked=False)[0] / X[0]
    assert np.allclose(factors, factors[:1])
    assert factors[0, 0] != factors[0, 1]


def test_mix_keeps_a_share() -> None:
    found = {k: np.asarray(v) for k, v in mix({"x": tf.constant(X), "mask": tf.constant(MASK)}, 0.75).items()}
    assert np.allclose(found["x"], 0.75 * X + 0.25 * np.roll(X, 1, axis=0))
    assert np.array_equal(found["mask"], MASK | np.roll(MASK, 1, axis=0))


def test_shares() -> None:
    shares = mixup_shares(500, np.random.default_rng(0))
    assert shares.dtype == np.float32
    assert (shares >= 0.5).all()
    assert (shares <= 1).all()
    assert shares.std() > 0.05


def test_unknown() -> None:
    with pytest.raises(UnknownNameError, match="unknown augmentation 'jiter'; did you mean 'jitter'"):
        applied("jiter")
