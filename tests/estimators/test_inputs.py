from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstm_automl import LSTMClassifier, LSTMRegressor
from lstm_automl.estimators.inputs import is_table

OBJECTS = np.empty(2, dtype=object)
OBJECTS[:] = [np.zeros((2, 1)), np.zeros((3, 1))]


@pytest.mark.parametrize(
    ("X", "table"),
    [
        (np.zeros((3, 4)), True),
        (np.zeros((3, 4, 1)), False),
        (np.zeros(3), True),
        ([[1, 2], [3, 4]], True),
        ([np.zeros(4), np.zeros(4)], True),
        ([[1, 2], [3]], False),
        ([[[1], [2]], [[3]]], False),
        (OBJECTS, False),
        (pd.DataFrame({"a": [1.0]}), True),
        (pd.DataFrame({"sequence": [[[1.0]]]}), False),
        ([], True),
    ],
)
def test_is_table(X: Any, table: bool) -> None:
    assert is_table(X) is table


@pytest.fixture(scope="module")
def tall(cube: Any, labels: Any, tiny: dict[str, Any]) -> LSTMClassifier:
    return LSTMClassifier(**tiny).fit(cube, labels)


@pytest.fixture(scope="module")
def flat(cube: Any, labels: Any, tiny: dict[str, Any]) -> LSTMClassifier:
    return LSTMClassifier(**tiny).fit(cube[:, :, 0], labels)


def test_sequences_of_any_length(tall: LSTMClassifier, cube: Any, ragged: Any) -> None:
    assert tall.n_features_in_ == 2
    whole = tall.predict_proba(cube)
    assert np.allclose(tall.predict_proba(list(cube)), whole, atol=1e-6)
    assert np.allclose(tall.predict_proba(cube[:, :4]), tall.predict_proba([x[:4] for x in cube]), atol=1e-6)
    short = tall.predict_proba(ragged)
    objects = np.empty(len(ragged), dtype=object)
    objects[:] = ragged
    assert np.array_equal(tall.predict_proba(objects), short)
    served = pd.DataFrame({"sequence": [x.tolist() for x in ragged]})
    assert np.allclose(tall.predict_proba(served), short, atol=1e-6)
    assert np.allclose(tall.predict_proba(ragged[3:4]), short[3:4], atol=1e-6)


def test_two_dimensions_are_a_table(flat: LSTMClassifier, cube: Any) -> None:
    assert flat.n_features_in_ == 7
    frame = pd.DataFrame(cube[:, :, 0])
    assert np.array_equal(flat.predict_proba(frame), flat.predict_proba(cube[:, :, 0]))
    with pytest.raises(ValueError, match="X has 5 features, but LSTMClassifier is expecting 7 features as input"):
        flat.predict(cube[:, :5, 0])
    with pytest.raises(ValueError, match="fitted on 2-D X"):
        flat.predict(cube)


def test_layout(cube: Any, labels: Any, tiny: dict[str, Any]) -> None:
    turned = LSTMClassifier(**tiny, layout="NCT").fit(cube.transpose(0, 2, 1), labels)
    assert turned.n_features_in_ == 2
    plain = LSTMClassifier(**tiny).fit(cube, labels)
    assert np.array_equal(turned.predict_proba(cube.transpose(0, 2, 1)), plain.predict_proba(cube))


def _with(value: float) -> Any:
    X = np.zeros((6, 3, 2))
    X[4, 1, 1] = value
    return X


Y = ["a", "b"] * 3


@pytest.mark.parametrize(
    ("X", "y", "said"),
    [
        (np.zeros((0, 3, 2)), [], "0 sample"),
        (np.zeros((6, 0, 2)), Y, "0 timestep"),
        (np.zeros((6, 3, 0)), Y, "0 feature"),
        (np.zeros(6), Y, "1D array|dimension"),
        (np.zeros((6, 3, 2, 2)), Y, "dimension"),
        ([np.zeros((3, 2, 2))] * 6, Y, "time, features"),
        ([np.zeros((3, 2))] * 5 + [np.zeros((3, 4))], Y, "4 features"),
        (np.full((6, 3, 2), "x"), Y, "text"),
        (np.zeros((6, 3, 2), complex), Y, "omplex data not supported"),
        (_with(np.nan), Y, r"X\[4\].*allow_nan=True"),
        (_with(np.inf), Y, "inf"),
        (np.zeros((6, 3, 2)), Y[:5], "nconsistent numbers of samples|inconsistent"),
        (np.zeros((6, 3, 2)), None, "requires y"),
        (np.zeros((6, 3, 2)), ["a"] * 6, "class"),
        (np.zeros((1, 3, 2)), ["a"], "1 sample"),
        (np.zeros((6, 3, 2)), np.linspace(0, 1, 6), "continuous"),
    ],
)
def test_bad_arrays(X: Any, y: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LSTMClassifier(units=4).fit(X, y)


def test_other_width(tall: LSTMClassifier, cube: Any) -> None:
    with pytest.raises(ValueError, match="X has 1 features, but LSTMClassifier is expecting 2"):
        tall.predict(cube[:, :, :1])


def test_missing_values_masked(cube: Any, labels: Any, tiny: dict[str, Any]) -> None:
    X = cube.copy()
    X[::3, 2, 1] = np.nan
    made = LSTMClassifier(**tiny, allow_nan=True).fit(X, labels)
    assert np.isfinite(made.predict_proba(X)).all()


def test_regressor_refuses_two_targets(cube: Any) -> None:
    with pytest.raises(ValueError, match="1d array"):
        LSTMRegressor(units=4).fit(cube, np.zeros((60, 2)))


def test_number_for_each_step(cube: Any, ragged: Any, tiny: dict[str, Any]) -> None:
    y = [x[:, 0].cumsum() for x in ragged]
    made = LSTMRegressor(**tiny, window=3).fit(ragged, y)
    assert made.best_params_["window"] == 3
    assert made.predict(ragged).shape == (60,)
    with pytest.raises(ValueError, match=r"y\[0\] has 2 numbers"):
        made.fit(ragged, [item[:2] for item in y])
    with pytest.raises(ValueError, match="window is read where"):
        made.fit(ragged, [item[-1] for item in y])
