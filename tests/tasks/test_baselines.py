"""Floors are fitted on training alone, scored on every part, and cheap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lstm_automl.data.frame import Frame
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.tasks import baselines, summary
from lstm_automl.tasks.classification import Classification, ClassificationOptions
from lstm_automl.tasks.regression import Regression
from lstm_automl.tasks.task import State

OPTIONS = ClassificationOptions()


def _equal(n: int = 120, length: int = 12) -> Sequences:
    rng = np.random.default_rng(0)
    shift = np.arange(n) % 3
    wave = np.sin(np.arange(length) / 2 + 2 * shift[:, None]) + rng.normal(0, 0.1, (n, length))
    offsets = np.arange(n + 1, dtype=np.int64) * length
    return Sequences(wave.reshape(-1, 1), offsets, ("v",), targets=shift, source="waves")


def test_floors_of_classification_know_something() -> None:
    task = Classification()
    prepared = task.prepare(Parts(_equal()), OPTIONS)
    floors = task.baselines(prepared, OPTIONS)
    assert list(floors) == ["majority", "logistic", "nearest_neighbour"]
    assert floors["majority"]["test"]["accuracy"] == pytest.approx(1 / 3, abs=0.05)
    assert floors["logistic"]["valid"]["accuracy"] > 0.9
    assert floors["nearest_neighbour"]["valid"]["accuracy"] == 1.0


def test_nearest_neighbour_is_scikit_learns() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    data = replace(_equal(), values=np.random.default_rng(1).normal(size=(120 * 12, 1)))
    task = Classification()
    prepared = task.prepare(Parts(data), OPTIONS, folds=1)
    (fold,) = prepared.split.folds
    state = task.fit_state(prepared.frame, fold.train, OPTIONS)
    ours = baselines.nearest_neighbour(prepared.frame, fold.train, fold.valid, state, 3).argmax(axis=1)
    x, y = data.values.reshape(120, 12), data.targets
    theirs = KNeighborsClassifier(1).fit(x[fold.train], y[fold.train]).predict(x[fold.valid])
    assert np.array_equal(ours, theirs)


def test_ragged_sequences_have_no_nearest_neighbour() -> None:
    task = Classification()
    data, options = task.demo()
    prepared = task.prepare(Parts(data), options)
    assert list(task.baselines(prepared, options)) == ["majority", "logistic"]


def test_ridge_beats_the_mean_and_the_median_has_the_least_absolute_error() -> None:
    task = Regression()
    data, options = task.demo()
    skewed = replace(data, targets=data.targets**3)
    ridge = task.baselines(task.prepare(Parts(data), options), options)
    assert ridge["ridge"]["test"]["rmse"] < 0.5 * ridge["mean"]["test"]["rmse"]
    floors = task.baselines(task.prepare(Parts(skewed), options), options)
    assert floors["median"]["valid"]["mae"] < floors["mean"]["valid"]["mae"]


def test_a_fold_without_one_class_still_has_floors() -> None:
    data = _equal(12)
    data = replace(data, targets=np.array([1] + [0] * 11))
    task = Classification()
    floors = task.baselines(task.prepare(Parts(data), OPTIONS), OPTIONS)
    assert all(np.isfinite(s) for f in floors.values() for s in f["valid"].values())


def test_training_examples_are_capped() -> None:
    lengths = np.full(20_000, 4)
    ends = np.cumsum(lengths)
    examples = {"sequence": np.arange(20_000), "low": ends - 4, "end": ends}
    from lstm_automl.data.frame import Field

    frame = Frame({"x": Field(np.zeros((80_000, 1)))}, examples)
    chosen = baselines.sample(frame, np.arange(20_000))
    assert len(np.unique(chosen)) == baselines.TRAIN_LIMIT
    assert np.array_equal(chosen, baselines.sample(frame, np.arange(20_000)))
    assert len(baselines.sample(frame, np.arange(10))) == 10


def test_summaries_are_those_of_each_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    task = Classification()
    data, options = task.demo()
    frame = task.prepare(Parts(data), options).frame
    state = State({}, {"x_mean": np.zeros(3), "x_std": np.ones(3)})
    found = summary.summaries(frame, np.arange(20), state)
    for i in range(20):
        x = data.sequence(i).astype(np.float64)
        assert found[i, :3] == pytest.approx(x.mean(axis=0))
        assert found[i, 3:6] == pytest.approx(x.std(axis=0))
        assert found[i, 6:9] == pytest.approx(x.min(axis=0))
        assert found[i, 12:15] == pytest.approx(x[0])
        assert found[i, 18:21] == pytest.approx(np.polyfit(np.arange(len(x)), x, 1)[0] * len(x))
        assert found[i, 24:27] == pytest.approx(np.median(x, axis=0))
    monkeypatch.setattr(summary, "VALUES_AT_ONCE", 1)
    assert np.array_equal(summary.summaries(frame, np.arange(20), state), found)
