"""Every oracle with every scheduler: one table, whatever the number of workers, killed or not."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from lstm_automl import plugins
from lstm_automl.data.sequences import Parts
from lstm_automl.models import checkpoint
from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.driver import Limits, Stopped
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.executors.ready import at_hand
from lstm_automl.search.observer import Observer
from lstm_automl.search.oracles import bayesian, keras_tuner
from lstm_automl.search.rows import best
from lstm_automl.search.store import Store
from lstm_automl.spaces.loader import load
from lstm_automl.spaces.space import Parameter, Space
from lstm_automl.tasks.classification import Classification
from lstm_automl.tasks.problem import Problem
from lstm_automl.testing import dummy
from lstm_automl.testing.dummy import run_twice
from lstm_automl.testing.search import facts, lines, make_driver, small_space

TRIALS, EPOCHS = 14, 18
SCHEDULERS = [name for name in plugins.names("scheduler") if name != "none"]


def uneven(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A dummy rung that takes its time, another each time it is run."""
    time.sleep(random.random() * 0.004)
    return dummy.run_rung(spec, on_epoch)


def search(directory: Path, workers: int, meta: dict[str, Any]) -> list[str]:
    """The table of a whole search on threads of this process."""
    directory.mkdir(exist_ok=True)
    if not (directory / "dummy.json").exists():
        (directory / "dummy.json").write_text('{"nan": [2], "fail": [5]}')
    with closing(Store.open_or_create(directory, meta)) as store:
        pool = FuturesExecutor(ThreadPoolExecutor(workers), workers, runner=f"{__name__}:uneven")
        with closing(pool):
            return lines(make_driver(directory, store, pool).search())


def meta_of(oracle: str, scheduler: str, folds: int, **changes: Any) -> dict[str, Any]:
    limits = Limits(TRIALS, EPOCHS).to_json()
    return facts(small_space(), oracle=oracle, scheduler=scheduler, folds=folds, limits=limits, **changes)


PAIRS = [(o, s) for o in plugins.names("oracle") for s in SCHEDULERS]


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Trials told at each fit of a Gaussian process, of which a search of few trials has some, too."""
    known, fill = list[int](), keras_tuner.fill
    monkeypatch.setattr(bayesian, "INITIAL", 7)
    monkeypatch.setattr(keras_tuner, "fill", lambda o, s, t, d: (known.append(len(t)), fill(o, s, t, d))[1])
    return known


@pytest.mark.parametrize(
    ("oracle", "scheduler", "folds"), [*((o, s, 1) for o, s in PAIRS), ("grid", "hyperband", 3), ("tpe", "asha", 3)]
)
def test_any_number_of_workers_makes_the_same_table(
    tmp_path: Path, oracle: str, scheduler: str, folds: int, fits: list[int]
) -> None:
    meta = meta_of(oracle, scheduler, folds)
    tables = [search(tmp_path / str(workers), workers, meta) for workers in (1, 2, 4)]
    assert tables[0] == tables[1] == tables[2]
    assert len(fits) >= 3 or oracle != "bayesian", "all were random draws"
    rows = [json.loads(line) for line in tables[0]]
    assert len(rows) == TRIALS
    assert [r["status"] for r in rows if r["number"] in (2, 5)] == ["diverged", "failed"]
    reached = [r["to_epoch"] for r in rows]
    assert reached.count(EPOCHS) >= 3
    assert min(reached) < EPOCHS, "nobody was left behind"
    assert all(len(fold) == r["to_epoch"] for r in rows if r["status"] == "completed" for fold in r["epochs"])


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_those_who_go_on_are_the_better_ones(tmp_path: Path, scheduler: str, direction: Any) -> None:
    meta = meta_of("grid", scheduler, 1, direction=direction)
    rows = [json.loads(line) for line in search(tmp_path, 2, meta)]
    begun = [r for r in rows if len(r["rungs"]) and r["rungs"][0][0] < EPOCHS and r["status"] == "completed"]
    gone = [r["rungs"][0][1] for r in begun if r["to_epoch"] == EPOCHS]
    left = [r["rungs"][0][1] for r in begun if r["to_epoch"] < EPOCHS]
    better = max if direction == "max" else min
    assert better([*gone, *left]) in gone
    assert len(left) >= len(gone)


@pytest.mark.parametrize("oracle", ["grid", "random", "tpe"])
def test_an_exhausted_space_ends_with_its_best_trained_to_the_end(tmp_path: Path, oracle: str) -> None:
    space = Space("classification", {"cell": Parameter("cell", "choice", "gru", values=("lstm", "gru", "simple_rnn")),
                                     "ema": Parameter("ema", "bool", False)})  # fmt: skip
    limits = Limits(40, EPOCHS).to_json()
    meta = facts(space, oracle=oracle, scheduler="asha", limits=limits)
    (tmp_path / "dummy.json").write_text("{}")
    rows = [json.loads(line) for line in search(tmp_path, 2, meta)]
    assert len(rows) == 6
    assert sum(r["to_epoch"] == EPOCHS for r in rows) >= 3


@pytest.fixture(scope="module")
def problem() -> Problem:
    task = Classification()
    data, options = task.demo(0)
    return Problem(task, options, task.prepare(Parts(data), options, folds=1), task.metrics[0])


class StopAt(Observer):
    """Stops the search in the middle of its first promotion."""

    def __init__(self) -> None:
        self.driver: Any = None

    def on_epoch(self, spec: RungSpec, epoch: Any) -> None:
        if self.driver is not None and spec.from_epoch > 0:
            self.driver.stop()


class KillThenStop(Observer):
    """SIGKILL for all workers once one has told an epoch; the search stops before its last trials and promotions."""

    def __init__(self) -> None:
        self.driver: Any = None
        self.killed: set[int] = set()

    def on_epoch(self, spec: RungSpec, epoch: Any) -> None:
        if not self.killed:
            parents = [p for p in psutil.Process().children() if "lstm_automl" in " ".join(p.cmdline())]
            workers = [worker for parent in parents for worker in parent.children()]
            for worker in workers:
                worker.kill()
            self.killed = {worker.pid for worker in workers}
        elif spec.trial >= 3:
            self.driver.stop()


VALUES = {"units": 4, "batch_size": 32, "schedule": "cosine", "dropout": 0.1, "num_layers": 1, "front_end": "none"}
PLAIN = dict(
    VALUES, cell="lstm", bidirectional=False, recurrent_dropout=0.0, pooling="last", optimizer="adam", ema=False,
    clipnorm=1.0, difference=False, augment="none", label_smoothing=0.0,
)  # fmt: skip


def train(
    directory: Path, problem: Problem, workers: int, observer: Any = None, **changes: Any
) -> tuple[list[str], dict[str, Any]]:
    """A search with real networks: its table, and the weights of its best trial."""
    problem.save(directory / "data")
    return resume(directory, workers, observer, **changes)


def resume(
    directory: Path,
    workers: int,
    observer: Any = None,
    values: Any = VALUES,
    trials: int = 4,
    epochs: int = 15,
    **changes: Any,
) -> tuple[list[str], dict[str, Any]]:
    space = load("classification", task="classification", overrides=values)
    limits = Limits(trials, epochs).to_json()
    meta = facts(space, **{"scheduler": "asha", **changes}, limits=limits, metric="accuracy", concurrency=3)
    with closing(Store.open_or_create(directory, meta)) as store:
        with closing(LocalExecutor(workers, directory=directory)) as executor:
            driver = make_driver(directory, store, executor, observer=observer)
            if observer is not None:
                observer.driver = driver
            table = driver.search()
        number = best(table, "max").number
        job = max(n for n, j in store.jobs.items() if j.spec.trial == number)
        return lines(table), checkpoint.read(driver.folder(job) / "checkpoint.npz")[0]


@pytest.mark.slow
def test_real_networks_on_any_number_of_workers_stopped_or_not(tmp_path: Path, problem: Problem) -> None:
    table, weights = train(tmp_path / "one", problem, 1)
    rows = [json.loads(line) for line in table]
    assert [len(r["rungs"]) for r in rows].count(2) >= 3, "nobody was promoted"
    with pytest.raises(Stopped):
        train(tmp_path / "three", problem, 3, StopAt())
    again, same = resume(tmp_path / "three", 2)
    assert again == table
    assert weights.keys() == same.keys()
    assert all(np.array_equal(weights[name], same[name]) for name in weights)


@pytest.mark.slow
def test_real_networks_with_a_gaussian_process_killed_and_stopped(
    tmp_path: Path, problem: Problem, fits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Learning rate and decay alone differ: one graph for all."""
    monkeypatch.setattr(bayesian, "INITIAL", 3)
    given: Any = {"values": PLAIN, "trials": 6, "epochs": 12, "oracle": "bayesian", "scheduler": "hyperband"}
    with at_hand():  # imports once
        table, weights = train(tmp_path / "whole", problem, 1, **given)
        assert fits, "all were random draws"
        assert max(len(json.loads(line)["rungs"]) for line in table) == 2, "nobody was promoted"
        observer = KillThenStop()
        with pytest.raises(Stopped):
            train(tmp_path / "killed", problem, 2, observer, **given)
        assert observer.killed
        again, same = resume(tmp_path / "killed", 1, **given)
    assert again == table
    assert weights.keys() == same.keys()
    assert all(np.array_equal(weights[name], same[name]) for name in weights)


@pytest.mark.parametrize(("oracle", "scheduler", "folds"), [("tpe", "asha", 1), ("grid", "hyperband", 2)])
def test_kill_9_at_random_moments(tmp_path: Path, oracle: str, scheduler: str, folds: int) -> None:
    whole = search(tmp_path / "whole", 2, meta_of(oracle, scheduler, folds))
    rng, directory = random.Random(scheduler), tmp_path / "killed"
    directory.mkdir()
    (directory / "dummy.json").write_text('{"nan": [2], "fail": [5], "sleep": 0.005}')
    options = ["--oracle", oracle, "--scheduler", scheduler, "--folds", str(folds)]
    options += ["--trials", str(TRIALS), "--epochs", str(EPOCHS)]
    for _ in range(3):
        command = [sys.executable, "-m", "lstm_automl.testing.search", str(directory), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            begun = len(list((directory / "runs").glob("*"))) + rng.randrange(2, 7)
            until = time.monotonic() + 60
            while len(list((directory / "runs").glob("*"))) < begun and process.poll() is None:
                assert time.monotonic() < until, "nothing happened in a minute"
                time.sleep(0.005)
            process.kill()
    assert search(directory, 4, meta_of(oracle, scheduler, folds)) == whole
    assert not run_twice(directory)
