from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from lstm_automl import LSTMRegressor
from lstm_automl.data.arrays import from_arrays
from lstm_automl.estimators.parts import framed, hold_out
from lstm_automl.estimators.weighing import weighted_state
from lstm_automl.tasks.regression import Regression, RegressionOptions


def test_learns(cube: Any, tiny: dict[str, Any]) -> None:
    y = 100 + 10 * cube[:, :, 0].mean(axis=1)
    made = LSTMRegressor(**{**tiny, "max_epochs": 8}).fit(cube, y)
    assert made.score(cube, y) > 0.8
    assert made.predict(cube).dtype == np.float64
    assert np.array_equal(pickle.loads(pickle.dumps(made)).predict(cube), made.predict(cube))
    assert "window" not in made.best_params_


def test_cap(cube: Any, tiny: dict[str, Any]) -> None:
    made = LSTMRegressor(**tiny, cap=2.0).fit(cube, np.linspace(0, 10, 60))
    assert made.predict(cube).max() <= 2.0


def test_weight_is_repetition() -> None:
    """Scalers of weighted sequences are those of repeated ones."""
    rng = np.random.default_rng(0)
    X, y = [rng.normal(size=(n, 2)) for n in (3, 5, 4, 6)], np.array([1.0, 5.0, 2.0, 7.0])
    times = np.array([2, 0, 1, 3])
    static = rng.normal(size=(4, 1))
    task, options = Regression(), RegressionOptions()
    weighted = hold_out(framed(task, from_arrays(X, y, static=static, sample_weight=times), options), 0.0, 0)
    which = np.repeat(np.arange(4), times)
    repeated = hold_out(
        framed(task, from_arrays([X[i] for i in which], y[which], static=static[which]), options), 0.0, 0
    )
    found = weighted_state(weighted, weighted.split.refit).arrays
    wanted = weighted_state(repeated, repeated.split.refit).arrays
    for name in ("x_mean", "x_std", "y_mean", "y_std"):
        assert found[name] == pytest.approx(wanted[name], rel=1e-12), name


def test_bad_targets(cube: Any) -> None:
    for y, said in ((np.full(60, np.nan), "NaN"), (np.full(60, np.inf), "inf"), (["a"] * 60, "numbers are needed")):
        with pytest.raises(ValueError, match=said):
            LSTMRegressor(units=4).fit(cube, y)
