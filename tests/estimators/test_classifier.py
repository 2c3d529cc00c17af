from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from lstm_automl import LSTMClassifier
from lstm_automl.errors import DataError, StateError
from lstm_automl.estimators import classifier
from lstm_automl.estimators.stored import StoredModel


def test_learns_writes_nothing(
    cube: Any, labels: Any, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    opened: list[str] = []
    real = open

    def watched(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if set(mode) & set("wax+"):
            opened.append(str(file))
        return real(file, mode, *rest, **more)

    monkeypatch.setattr("builtins.open", watched)
    made = LSTMClassifier(**tiny).fit(cube, labels)
    assert made.score(cube, labels) > 0.9
    assert list(tmp_path.iterdir()) == []
    assert opened == []
    assert made.classes_.tolist() == ["low", "up"]
    assert np.allclose(made.predict_proba(cube).sum(axis=1), 1, atol=1e-5)
    assert made.best_params_["units"] == 4
    assert made.trials_.loc[0, "score"] == made.history_.accuracy.max()
    assert made.search_ is None


def test_best_weights_are_restored(cube: Any, labels: Any, tiny: dict[str, Any]) -> None:
    wild = {**tiny, "learning_rate": 1.0, "max_epochs": 6, "ema": False, "schedule": "constant"}
    for seed in range(8):  # at such a rate the last epoch is rarely the best one
        wild["random_state"] = seed
        made = LSTMClassifier(**wild).fit(cube, labels)
        if made.trials_.loc[0, "best_epoch"] < 5:
            break
    best, scores = int(made.trials_.loc[0, "best_epoch"]), made.history_.accuracy
    assert best < 5
    assert scores[best] == scores.max() > scores.min()
    stopped = LSTMClassifier(**wild, patience=1).fit(cube, labels)
    assert len(stopped.history_) <= best + 2
    only = LSTMClassifier(**{**wild, "max_epochs": best + 1}).fit(cube, labels)
    assert np.array_equal(only.predict_proba(cube), made.predict_proba(cube))


def test_random_state(cube: Any, labels: Any, tiny: dict[str, Any]) -> None:
    def fitted(seed: Any) -> Any:
        return LSTMClassifier(**{**tiny, "random_state": seed}).fit(cube, labels).predict_proba(cube)

    assert np.array_equal(fitted(3), fitted(3))
    assert not np.allclose(fitted(3), fitted(4))


@pytest.mark.parametrize(
    "y",
    [
        np.arange(60) // 30,
        np.arange(60) // 30 > 0,
        np.repeat([1.0, 2.0], 30),
        np.repeat(["é", "b c"], 30).astype(object),
    ],
)
def test_labels_keep_their_type(cube: Any, y: Any, tiny: dict[str, Any]) -> None:
    made = LSTMClassifier(**{**tiny, "max_epochs": 1}).fit(cube, y)
    assert made.classes_.dtype == y.dtype
    assert made.predict(cube).dtype == y.dtype
    assert set(made.predict(cube)) <= set(y)


def test_weights_move_the_border(tiny: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 5, 1)), np.arange(80) % 2
    for given, fitted in (
        ({"class_weight": {0: 50.0, 1: 0.1}}, {}),
        ({}, {"sample_weight": np.where(y == 0, 50.0, 0.1)}),
    ):
        made = LSTMClassifier(**tiny, **given).fit(X, y, **fitted)
        assert (made.predict(X) == 0).mean() > 0.9
        assert made.trials_.loc[0, "score"] == made.trials_.loc[0, "val_loss"]


def test_weight_zero_is_left_out(cube: Any, labels: Any, tiny: dict[str, Any]) -> None:
    weight = np.ones(60)
    weight[[3, 40]] = 0
    X = cube.copy()
    X[[3, 40]] = 1e6
    made = LSTMClassifier(**tiny).fit(X, labels, weight)
    assert made.score(cube, labels) > 0.9
    with pytest.raises(ValueError, match="zero"):
        made.fit(cube, labels, np.zeros(60))
    with pytest.raises(ValueError, match="class"):
        made.fit(cube, labels, labels == "up")
    with pytest.raises(ValueError, match="at least 0"):
        made.fit(cube, labels, -weight)


def test_balanced(tiny: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 5, 1)), (np.arange(80) % 10 == 0).astype(int)
    X[y == 1] += 0.7
    plain, balanced = (LSTMClassifier(**tiny, class_weight=w).fit(X, y) for w in (None, "balanced"))
    assert balanced.predict(X).sum() > plain.predict(X).sum()


def test_full_batch(cube: Any, labels: Any, tiny: dict[str, Any]) -> None:
    made = LSTMClassifier(**tiny, batch_size=None).fit(cube, labels)
    assert made.trials_.loc[0, "best_epoch"] == 2
    assert list(made.history_.columns) == ["epoch", "loss"]


def test_pickle(cube: Any, labels: Any, tiny: dict[str, Any]) -> None:
    made = LSTMClassifier(**tiny).fit(cube, labels)
    stored = pickle.dumps(made)
    for word in (b"keras", b"tensorflow", b"__main__"):
        assert word not in stored
    assert np.array_equal(pickle.loads(stored).predict_proba(cube), made.predict_proba(cube))


def _state(made: LSTMClassifier) -> dict[str, Any]:
    return dict(made._model.__getstate__())


def test_hostile_state(cube: Any, labels: Any, tiny: dict[str, Any], tmp_path: Path) -> None:
    made = LSTMClassifier(**tiny).fit(cube, labels)
    mark = tmp_path / "ran"
    info = json.loads(_state(made)["info"])
    for change in (
        {"task": f"os:system('touch {mark}')"},
        {"values": {**info["values"], "cell": "os:system"}},
        {"head": {**info["head"], "name": "builtins:exec"}},
        {"network": {"class_name": "Lambda", "config": {"function": f"open('{mark}', 'w')"}}, "inputs": {}},
    ):
        model = StoredModel.__new__(StoredModel)
        model.__setstate__({**_state(made), "info": json.dumps({**info, **change})})
        with pytest.raises(StateError):
            _ = model.predictor
    assert not mark.exists()


def test_damaged_state(cube: Any, labels: Any, tiny: dict[str, Any]) -> None:
    state = _state(LSTMClassifier(**tiny).fit(cube, labels))
    for change in (
        {"format": 2},
        {"arrays": {"x_mean": np.array([np.nan])}},
        {"members": [[np.array([object()])]]},
    ):
        with pytest.raises(StateError):
            StoredModel.__new__(StoredModel).__setstate__({**state, **change})
    cut = StoredModel.__new__(StoredModel)
    cut.__setstate__({**state, "members": [state["members"][0][:-1]]})
    with pytest.raises(StateError, match="cannot be rebuilt"):
        _ = cut.predictor


def test_meta_estimators(cube: Any, ragged: Any, labels: Any, tiny: dict[str, Any]) -> None:
    made = LSTMClassifier(**tiny)
    assert cross_val_score(made, ragged, labels, cv=2).mean() > 0.8
    pipeline = make_pipeline(FunctionTransformer(np.tanh), made)
    assert pipeline.fit(cube, labels).score(cube, labels) > 0.8
    search = GridSearchCV(made, {"units": [2, 4]}, cv=2).fit(cube, labels)
    assert search.best_params_["units"] in (2, 4)
    assert len(search.cv_results_["params"]) == 2


@pytest.mark.parametrize("odd", [4, 9])
@pytest.mark.parametrize("seed", [0, 4, 6])
def test_weights_go_to_their_classes_wherever_the_only_one_of_a_class_stands(
    odd: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[list[float]] = []
    plain = classifier.with_class_weights
    monkeypatch.setattr(classifier, "with_class_weights", lambda s, w: given.append(w.tolist()) or plain(s, w))
    y = np.arange(10) == odd
    model = LSTMClassifier(max_epochs=1, units=2, random_state=seed, class_weight={False: 1.0, True: 10.0})
    model.fit(np.random.default_rng(0).normal(size=(10, 5, 1)), y)
    assert given == [[1.0, 10.0]]


def test_two_sequences_are_too_few() -> None:
    with pytest.raises(DataError, match="2 sequences are too few to learn classes from; at least 3 are needed"):
        LSTMClassifier(max_epochs=1).fit(np.zeros((2, 4, 1)), ["a", "b"])
