"""Shared by the tests that train: the framed demo set of a classification, as a search leaves it for its workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_automl.data.sequences import Parts
from lstm_automl.search.oracles import bayesian, keras_tuner
from lstm_automl.tasks.classification import Classification
from lstm_automl.tasks.problem import Problem


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search's folder with its data, in two folds."""
    task = Classification()
    data, options = task.demo(0)
    path = tmp_path_factory.mktemp("search")
    Problem(task, options, task.prepare(Parts(data), options, folds=2), task.metrics[0]).save(path / "data")
    return path


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Trials told at each fit of a Gaussian process, of which a search of few trials has some, too."""
    known, fill = list[int](), keras_tuner.fill
    monkeypatch.setattr(bayesian, "INITIAL", 7)
    monkeypatch.setattr(keras_tuner, "fill", lambda o, s, t, d: (known.append(len(t)), fill(o, s, t, d))[1])
    return known
