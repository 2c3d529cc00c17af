from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from lstm_automl import LSTMForecaster

WAVE = np.sin(np.arange(150) / 4)
TINY: dict[str, Any] = {"cell": "gru", "units": 4, "bidirectional": False, "window": 24, "patch": 1, "max_epochs": 3,
                        "loss": "mae", "random_state": 0}  # fmt: skip


@pytest.fixture(scope="module")
def one() -> LSTMForecaster:
    return LSTMForecaster(5, **TINY).fit(WAVE)


def test_one_series(one: LSTMForecaster) -> None:
    found = one.predict()
    assert found.shape == (1, 5, 1)
    assert found.dtype == np.float64
    assert np.array_equal(one.predict(WAVE), found)
    assert one.predict([WAVE[:60], WAVE[:90]]).shape == (2, 5, 1)
    assert one.score(WAVE[:100]) < 0
    assert {"score", "val_loss", "loss"} <= set(one.trials_.columns)
    assert one.trials_.loc[0, "loss"] == "mae"


def test_learns_more_than_repeating() -> None:
    y = np.sin(np.arange(300) / 4)
    made = LSTMForecaster(5, **{**TINY, "max_epochs": 15, "learning_rate": 0.01}).fit(y[:250])
    assert np.abs(made.predict()[0, :, 0] - y[250:255]).mean() < np.abs(y[249] - y[250:255]).mean()


def test_many_series_with_covariates() -> None:
    y = [np.c_[WAVE, 2 * WAVE], np.c_[WAVE[:120], WAVE[:120] + 1]]
    known, observed = [np.arange(155.0) % 5, np.arange(125.0) % 5], [WAVE, WAVE[:120]]
    made = LSTMForecaster(5, **TINY).fit(y, known=known, observed=observed, series=["a", "b"])
    found = made.predict()
    assert found.shape == (2, 5, 2)
    assert made.series_.tolist() == ["a", "b"]
    assert np.allclose(made.predict(known=[k[-5:] for k in known]), found)
    assert np.allclose(made.predict(y, known=known, observed=observed), found)
    assert not np.allclose(made.predict(known=[k[-5:] + 3 for k in known]), found)
    with pytest.raises(ValueError, match="needs 5 future rows"):
        made.predict(known=[k[-3:] for k in known])
    with pytest.raises(ValueError, match="was fitted on"):
        made.predict(y)


def test_array_of_series() -> None:
    y = np.stack([np.c_[WAVE], np.c_[WAVE + 1], np.c_[WAVE * 2]])
    assert LSTMForecaster(2, **{**TINY, "max_epochs": 1}).fit(y).predict().shape == (3, 2, 1)


def test_manners(one: LSTMForecaster) -> None:
    assert clone(one).get_params() == one.get_params()
    stored = pickle.dumps(one)
    assert b"keras" not in stored
    assert np.array_equal(pickle.loads(stored).predict(), one.predict())


def test_full_batch_trains_on_all() -> None:
    made = LSTMForecaster(5, **{**TINY, "batch_size": None, "dtype": "float64"}).fit(WAVE[:60])
    assert list(made.history_.columns) == ["epoch", "loss"]


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (WAVE[:8], "rows"),
        ([], "not empty"),
        (np.full(60, np.nan), "missing value.*allow_nan=True"),
        (np.r_[WAVE, np.inf], "infinite"),
        ("abc", "numbers"),
        (np.zeros((2, 2, 2, 2)), "T, columns"),
    ],
)
def test_bad_series(y: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LSTMForecaster(5, **TINY).fit(y)


@pytest.mark.parametrize("given", [{"horizon": 0}, {"season": 0}, {"window": 0}, {"patch": "x"}])
def test_bad_arguments(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))) as raised:
        LSTMForecaster(**{**TINY, **given}).fit(WAVE)
    assert "--" not in str(raised.value)
