"""Small data and the smallest networks that learn it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]
TINY: dict[str, Any] = {"cell": "gru", "num_layers": 1, "units": 4, "bidirectional": False, "random_state": 0}


@pytest.fixture(scope="session")
def tiny() -> dict[str, Any]:
    return {**TINY, "front_end": "none", "augment": "none", "learning_rate": 0.02, "max_epochs": 3}


@pytest.fixture(scope="session")
def cube() -> Array:
    """``(60, 7, 2)``; the second half lies higher in the first channel."""
    X = np.random.default_rng(0).normal(size=(60, 7, 2))
    X[30:, :, 0] += 2
    return X


@pytest.fixture(scope="session")
def labels() -> Array:
    return np.array(["low"] * 30 + ["up"] * 30)


@pytest.fixture(scope="session")
def ragged(cube: Array) -> list[Array]:
    lengths = np.random.default_rng(1).integers(3, 8, len(cube))
    return [x[:n] for x, n in zip(cube, lengths, strict=True)]
