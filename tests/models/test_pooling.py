"""Pooling and the arithmetic of padded batches against plain NumPy."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from lstm_automl.errors import UnknownNameError
from lstm_automl.models import masks
from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.parts import Signal
from lstm_automl.models.pooling import pool
from lstm_automl.testing import network as n

SPEC = InputSpec(2)
BATCH = n.ragged(SPEC)
ROWS = [BATCH["x"][i, :steps] for i, steps in enumerate(n.LENGTHS)]


def _run(graph: Callable[[Signal], keras.KerasTensor]) -> NDArray[np.floating]:
    return n.run(n.network(SPEC, lambda t: graph(Signal(t["x"], t["mask"]))), BATCH)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("last", lambda r: r[-1]),
        ("mean", lambda r: r.mean(axis=0)),
        ("max", lambda r: r.max(axis=0)),
        ("mean_max", lambda r: np.concatenate([r.mean(axis=0), r.max(axis=0)])),
    ],
)
def test_pooling_over_valid_steps(name: str, expected: Callable[[NDArray[np.floating]], NDArray[np.floating]]) -> None:
    found = _run(lambda s: pool(name, s))
    np.testing.assert_allclose(found, np.stack([expected(r) for r in ROWS]), atol=1e-6)


def test_an_unknown_pooling_names_all() -> None:
    with pytest.raises(UnknownNameError, match="last, max, mean, mean_max"):
        _run(lambda s: pool("attention", s))


def test_aligned_right() -> None:
    found = _run(masks.aligned_right)
    for row, expected in zip(found, ROWS, strict=True):
        np.testing.assert_array_equal(row[-len(expected) :], expected)
        assert not row[: -len(expected)].any()


def test_latest_steps() -> None:
    found = _run(lambda s: masks.latest(s, 4).x)
    assert found.shape[1] == 4
    for row, expected in zip(found, ROWS, strict=True):
        kept = expected[-4:]
        np.testing.assert_array_equal(row[: len(kept)], kept)
        assert not row[len(kept) :].any()


@pytest.mark.parametrize("size", [2, 3, 5, 12, 20])
def test_the_last_patch_ends_at_the_last_step(size: int) -> None:
    found, valid = _run(lambda s: masks.patched(s, size).x), _run(lambda s: masks.patched(s, size).mask)
    for row, mask, steps in zip(found, valid, ROWS, strict=True):
        missing = -len(steps) % size
        whole = np.concatenate([np.repeat(steps[:1], missing, axis=0), steps])
        patches = whole.reshape(-1, size * 2)
        assert mask.sum() == len(patches)
        np.testing.assert_array_equal(row[: len(patches)], patches)
        assert not row[len(patches) :].any()


@pytest.mark.parametrize("length", [None, 7])
def test_patches_without_a_mask(length: int | None) -> None:
    spec = InputSpec(2, mask=False, length=length)
    batch = n.ragged(spec, steps=7)
    model = n.network(spec, lambda t: masks.patched(Signal(t["x"]), 3).x)
    whole = np.concatenate([np.repeat(batch["x"][:, :1], 2, axis=1), batch["x"]], axis=1)
    np.testing.assert_array_equal(n.run(model, batch), whole.reshape(len(whole), 3, 6))


def test_difference_is_zero_at_the_first_step_and_standardised() -> None:
    model = n.network(SPEC, lambda t: masks.with_difference(Signal(t["x"], t["mask"])).x)
    found = n.run(model, BATCH, training=True)
    np.testing.assert_array_equal(found[..., :2], BATCH["x"])
    change = np.concatenate([np.diff(r, axis=0, prepend=r[:1]) for r in ROWS])
    scaled = (change - change.mean(axis=0)) / np.sqrt(change.var(axis=0) + 1e-3)
    scaled[np.cumsum([0, *n.LENGTHS[:-1]])] = 0
    np.testing.assert_allclose(found[BATCH["mask"]][:, 2:], scaled, atol=1e-5)
    assert not found[~BATCH["mask"]].any()


def test_addition_broadcasts_where_keras_takes_a_bias() -> None:
    x, y = np.zeros((4, 4, 1), "float32"), np.arange(4, dtype="float32").reshape(4, 1, 1)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(masks.plus(x, y)), x + y)
