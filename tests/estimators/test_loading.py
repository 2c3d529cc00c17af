"""``lstm_automl.load`` gives a fitted estimator, wherever the model was made."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bundles import loaded, made
from sklearn.base import clone

import lstm_automl
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError, StateError, UsageError
from lstm_automl.models.predictor import Predictor
from lstm_automl.tasks.classification import Classification
from lstm_automl.testing.arrays import to_list, to_table

TINY = {"units": 4, "batch_size": 64, "cell": "gru", "front_end": "none"}
AHEAD = {"units": 4, "window": 24, "patch": 1, "batch_size": 256}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Searches ``bump`` (three named channels, text labels) and ``shops`` (a channel known ahead)."""
    folder = tmp_path_factory.mktemp("home")
    made(folder / "bump", "classification", TINY)
    made(folder / "shops", "forecasting", AHEAD)
    return folder


@pytest.fixture(scope="module")
def bump(home: Path) -> tuple[Any, Predictor, Sequences]:
    """The loaded model, the same as the library reads it, and its data."""
    predictor = loaded(home / "bump" / "bundle")
    return lstm_automl.load("bump", home=home), predictor, predictor.task.demo(0)[0]


def test_a_classifier_takes_what_classifiers_take(bump: tuple[Any, Predictor, Sequences]) -> None:
    model, predictor, data = bump
    expected = predictor.predict(data)
    assert isinstance(model, lstm_automl.LSTMClassifier)
    assert model.classes_.tolist() == ["left", "right", "still"]
    proba = np.stack([expected[f"proba_{c}"] for c in model.classes_], axis=1)
    boxed = np.empty(len(data), dtype=object)
    boxed[:] = to_list(data)
    for X in (data, to_list(data), boxed, [x.tolist() for x in to_list(data)], to_table(data)):
        assert model.predict(X).tolist() == expected["prediction"].tolist()
        np.testing.assert_allclose(model.predict_proba(X), proba, rtol=0, atol=1e-6)
    cut = np.stack([x[: data.lengths.min()] for x in to_list(data)])
    assert model.predict(cut).shape == (200,)
    assert data.targets is not None
    assert model.score(data, data.targets) == pytest.approx(np.mean(expected["prediction"] == data.targets))


def test_it_is_an_estimator_with_its_parameters(bump: tuple[Any, Predictor, Sequences]) -> None:
    model, _, data = bump
    assert (model.units, model.cell, model.n_features_in_, model.best_params_) == (4, "gru", data.values.shape[1], TINY)
    assert model.trials_.loc[0, "number"] == 3
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(data), model.predict_proba(data))
    X = np.random.default_rng(0).normal(size=(12, 5))
    assert clone(model).set_params(max_epochs=1).fit(X, np.arange(12) % 2).predict(X).shape == (12,)


def test_mistakes_name_what_the_model_reads(bump: tuple[Any, Predictor, Sequences]) -> None:
    model, _, data = bump
    with pytest.raises(DataError, match=r"X has 2 features; the model reads 3 \(.+, .+, .+\)"):
        model.predict(np.zeros((4, 9, 2)))
    X = np.zeros((2, 9, 3))
    X[1, 4, 2] = np.nan
    with pytest.raises(DataError, match=r"X\[1\]: step 4, channel 2.*allow_nan"):
        model.predict(X)
    with pytest.raises(DataError, match="channels are a, b, c"):
        model.predict(replace(data, channels=("a", "b", "c")))


def test_static_columns_come_by_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = Sequences(
        rng.normal(size=(400, 1)), np.arange(41) * 10, ("v",), targets=np.arange(40) % 2,
        static=rng.normal(size=(40, 1)), static_names=("age",), source="made",
    )  # fmt: skip
    model = lstm_automl.load(made(tmp_path, "classification", TINY, data))
    table = to_table(data).assign(other="x")[["other", "age", "sequence"]]
    assert model.predict(table).tolist() == model.predict(data).tolist()
    assert set(model.predict(data).tolist()) <= {0, 1}
    with pytest.raises(DataError, match="also reads 'age': give a DataFrame"):
        model.predict(to_list(data))


def test_a_forecaster_goes_on_from_arrays(home: Path) -> None:
    model = lstm_automl.load(home / "shops" / "bundle")
    assert isinstance(model, lstm_automl.LSTMForecaster)
    assert (model.horizon, model.window) == (7, 24)
    predictor = loaded(home / "shops" / "bundle")
    data, _ = predictor.task.demo(0)
    values = np.array(data.values).reshape(2, -1, 2)
    values[:, -7:, 0] = np.nan
    future = replace(data, values=values.reshape(-1, 2))
    expected = predictor.predict(future)["prediction"][:, :, None]
    found = model.predict([v[:-7, 0] for v in values], known=[v[:, 1] for v in values])
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(model.predict(future), expected, rtol=1e-6)
    assert model.score(data) == pytest.approx(-predictor.evaluate(data)["mase"])
    for whole in (future, pd.DataFrame(to_table(future))):
        for given in ({"known": [v[:, 1] for v in values]}, {"observed": [v[:, 1] for v in values]}):
            with pytest.raises(UsageError, match="known and observed go with arrays"):
                model.predict(whole, **given)
    with pytest.raises(UsageError, match="known and observed go with arrays"):
        model.score(data, known=[v[:, 1] for v in values])
    with pytest.raises(DataError, match=r"known: 0 columns; the model was trained on 1 \(promo\)"):
        model.predict(values[0, :-7, 0])
    with pytest.raises(UsageError, match="give context"):
        model.predict()


def test_a_regressor(tmp_path: Path) -> None:
    model = lstm_automl.load(made(tmp_path, "regression", TINY))
    predictor = loaded(tmp_path / "bundle")
    data, _ = predictor.task.demo(0)
    expected = predictor.predict(data)["prediction"]
    np.testing.assert_allclose(model.predict(to_list(data)), expected, rtol=1e-6)
    np.testing.assert_allclose(model.predict(pd.DataFrame(to_table(data))), expected, rtol=1e-6)


def test_what_cannot_be_loaded(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no model 'nosuch': give models:/NAME@champion"):
        lstm_automl.load("nosuch", home=home)
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "bundle.json").write_text("{}")
    with pytest.raises(StateError, match="not a model bundle"):
        lstm_automl.load(bad)
    monkeypatch.setattr("lstm_automl.estimators.loading.ESTIMATORS", {int: lstm_automl.LSTMClassifier})
    with pytest.raises(UsageError, match="no estimator is of the task 'classification'"):
        lstm_automl.load("bump", home=home)


def test_a_task_made_from_ours_has_its_estimator(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(Classification):
        name = "own"

    monkeypatch.setattr("lstm_automl.models.predictor.plugins.load", lambda kind, name: Own)
    assert isinstance(lstm_automl.load("bump", home=home), lstm_automl.LSTMClassifier)
