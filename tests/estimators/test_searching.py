from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstm_automl
from lstm_automl import LSTMClassifier, LSTMForecaster, Search
from lstm_automl.data.arrays import from_arrays
from lstm_automl.errors import DataError, UsageError
from lstm_automl.estimators import origins, parts
from lstm_automl.estimators.preparing import options_of, task_of
from lstm_automl.estimators.searching import settled
from lstm_automl.tasks.problem import Problem

# No guard: the worker processes must not import the user's script.
SCRIPT = """
import os, pickle, sys
import numpy as np
from lstm_automl import LSTMClassifier, Search
rng = np.random.default_rng(0)
X = [rng.normal(size=(n, 1)) for n in rng.integers(4, 7, 40)]
y = np.where(np.arange(40) % 2, "up", "down")
X = [x + 2 * (label == "up") for x, label in zip(X, y)]
settings = Search(max_trials=2, max_epochs=4, workers=1, cv=1, seeds=1, finalists=2, ensemble=2)
held = {"units": 4, "front_end": "none", "cell": "gru", "learning_rate": 0.02}
made = LSTMClassifier(**held, random_state=3, search=settings).fit(X, y)
assert len(made.trials_) == 2
assert set(made.trials_.cell) == {"gru"} and set(made.trials_.units) == {4}
assert not made.trials_.iloc[0, 1:-4].equals(made.trials_.iloc[1, 1:-4])
assert made.best_params_["cell"] == "gru" and "conv_layers" not in made.best_params_
assert made.search_["trials"] == 2 and made.search_["best"]["values"] == made.best_params_
assert made.history_ is None
assert len(made._model.members) == 2
assert made.classes_.tolist() == ["down", "up"] and made.score(X, y) > 0.8
again = pickle.loads(pickle.dumps(made))
assert np.array_equal(again.predict_proba(X), made.predict_proba(X))
assert os.listdir(".") == ["script.py"], os.listdir(".")
assert os.listdir(os.environ["TMPDIR"]) == [], os.listdir(os.environ["TMPDIR"])
print("searched")
"""


@pytest.mark.slow
def test_script_without_guard(tmp_path: Path) -> None:
    here, temporary = tmp_path / "here", tmp_path / "tmp"
    here.mkdir()
    temporary.mkdir()
    (here / "script.py").write_text(SCRIPT)
    env = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(Path(lstm_automl.__file__).parents[1])}
    done = subprocess.run([sys.executable, "script.py"], cwd=here, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.split() == ["searched"]


def test_settings() -> None:
    own: dict[str, Any] = {"max_epochs": 7, "patience": 3, "seed": 5}
    found = settled(Search(max_trials=2, seed=1), {"units": 8}, **own)
    assert (found.seed, found.max_epochs, found.patience, found.track) == (1, 7, 3, False)
    assert found.set == {"units": 8}
    assert settled(Search(tracking_uri="sqlite:///x.db"), {}, **own).track
    assert settled(Search(register_as="x"), {}, **own).track
    with pytest.raises(UsageError, match="units is 8 in the estimator and 16 in Search"):
        settled(Search(set={"units": 16}), {"units": 8}, **own)
    with pytest.raises(UsageError, match="batch_size"):
        settled(Search(), {"batch_size": None}, **own)


@pytest.mark.parametrize(
    "given", [{"dtype": "float64"}, {"validation_fraction": 0.3}, {"units": 0}, {"batch_size": None}]
)
def test_refused_before_anything_is_written(
    given: dict[str, Any], cube: Any, labels: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UsageError, match=next(iter(given))):
        LSTMClassifier(**given, search=Search(max_trials=1)).fit(cube, labels)
    assert list(tmp_path.iterdir()) == []


def _problem(n: int) -> Problem:
    task = task_of("classification")
    data = from_arrays(np.random.default_rng(0).normal(size=(n, 3)), np.arange(n) % 3)
    return parts.framed(task, data, options_of(task, {}))


def test_all_sequences_are_used() -> None:
    small = parts.folded(_problem(60), None, 0).split
    assert small.test is None
    assert len(small.refit) == 60
    assert sorted(np.concatenate([f.valid for f in small.folds]).tolist()) == list(range(60))
    large = parts.folded(_problem(600), None, 0).split
    assert len(large.folds) == 1
    assert len(large.folds[0].valid) == 120
    assert len(parts.folded(_problem(600), 4, 0).split.folds) == 4


def test_the_last_sequence_may_be_the_only_one_of_its_class() -> None:
    x = np.random.default_rng(0).normal(size=(20, 5, 1))
    for y in (np.eye(20)[0], np.eye(20)[19]):
        made = LSTMClassifier(units=2, max_epochs=1, random_state=0).fit(x, y)
        assert made.classes_.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("cv", [None, 1])
@pytest.mark.parametrize(("n", "folds"), [(2, 2), (3, 3), (9, 5)])
def test_few_long_sequences_are_few(n: int, folds: int, cv: int | None) -> None:
    """Their rows tell much the same; and none of them for validation is too few."""
    task = task_of("regression")
    rng = np.random.default_rng(0)
    x, y = [rng.normal(size=(600, 1)) for _ in range(n)], [rng.normal(size=600) for _ in range(n)]
    split = parts.folded(parts.framed(task, from_arrays(x, y), options_of(task, {})), cv, 0).split
    assert len(split.folds) == (1 if cv else folds)
    assert all(len(fold.valid) and len(fold.train) for fold in split.folds)


def test_one_sequence_that_counts_cannot_be_searched_on() -> None:
    task = task_of("classification")
    data = from_arrays(np.zeros((3, 4)), np.arange(3) % 2, sample_weight=np.array([1.0, 0.0, 0.0]))
    problem = parts.framed(task, data, options_of(task, {}))
    with pytest.raises(DataError, match="1 sequences cannot be split into 2 parts"):
        parts.folded(problem, 1, 0)


def test_held_out_evenly() -> None:
    problem = parts.hold_out(_problem(30), 0.2, 0)
    fold = problem.split.folds[0]
    assert np.bincount(problem.frame.fields["y"].values[fold.valid]).tolist() == [2, 2, 2]
    assert len(np.union1d(fold.train, fold.valid)) == 30
    assert len(parts.hold_out(_problem(6), 0.05, 0).split.folds[0].valid) == 0


def test_origins_roll() -> None:
    task = task_of("forecasting")
    options = options_of(task, {"horizon": 4})
    data = origins.sequences(np.sin(np.arange(200.0)), None, None)
    problem = origins.framed(task, data, options, horizon=4, share=0.2, metric=None)
    split = origins.rolling(problem, None).split
    assert len(split.folds) == 5
    for fold in split.folds:
        assert fold.train.max() < fold.valid.min()
    assert split.test is None
    assert int(problem.frame.examples["end"][split.refit].max()) == 196


@pytest.mark.slow
def test_forecaster_searches_where_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Search(max_trials=1, max_epochs=1, workers=1, cv=1, ensemble=1, home=str(tmp_path), name="waves")
    made = LSTMForecaster(3, window=24, units=4, cell="gru", search=settings).fit(np.sin(np.arange(120) / 4))
    assert made.predict().shape == (1, 3, 1)
    assert made.best_params_["window"] == 24
    assert (tmp_path / "waves" / "bundle").is_dir()
    assert [p.name for p in tmp_path.iterdir()] == ["waves"]
