"""Small series for the tests of forecasting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.sequences import Sequences


def series(*lengths: int, channels: int = 1, start: str = "2020-01-01", step: str = "h", **more: Any) -> Sequences:
    """Random walks of these lengths, hourly unless told; the ids are ``a``, ``b``, ..."""
    rng = np.random.default_rng(list(lengths))
    values = np.concatenate([rng.normal(size=(n, channels)).cumsum(axis=0) for n in lengths])
    made: dict[str, Any] = {
        "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "channels": tuple(f"c{i}" for i in range(channels)),
        "target_channels": tuple(range(channels)),
        "ids": np.array([chr(97 + i) for i in range(len(lengths))]),
        "times": np.concatenate([times(n, start, step) for n in lengths]),
        "source": "made.csv",
    }
    return Sequences(values, **{**made, **more})


def times(n: int, start: str, step: str) -> NDArray[np.datetime64]:
    """``n`` time stamps."""
    return (np.datetime64(start, step) + np.arange(n)).astype("datetime64[ns]")
