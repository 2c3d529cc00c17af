"""Real networks: one table and the same weights on any number of workers, with workers or the driver killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from lstm_automl.data.sequences import Parts
from lstm_automl.models import checkpoint
from lstm_automl.search.contracts import RungSpec
from lstm_automl.search.driver import Limits, Stopped
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.executors.ready import at_hand
from lstm_automl.search.observer import Observer
from lstm_automl.search.oracles import bayesian
from lstm_automl.search.rows import best
from lstm_automl.search.sqlite import FILE
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.spaces.loader import load
from lstm_automl.tasks.classification import Classification
from lstm_automl.tasks.problem import Problem
from lstm_automl.testing.search import facts, lines, make_driver


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


class WaitAt(Observer):
    """Waits in the middle of the first promotion, for somebody who kills it."""

    driver: Any = None

    def on_epoch(self, spec: RungSpec, epoch: Any) -> None:
        if spec.from_epoch > 0:
            time.sleep(3600)


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


def promoted(directory: Path) -> bool:
    """Whether a trial that went on is under way."""
    if not (directory / FILE).exists():
        return False
    with StoreView(directory) as view:
        return any(job.spec.from_epoch > 0 and job.started is not None for job in view.jobs())


def kill_driver(directory: Path, problem: Problem, workers: int) -> None:
    """A search in a process of its own, killed while its first promoted trial is trained."""
    problem.save(directory / "data")
    script = "import sys; from pathlib import Path; import test_real_networks as t; "
    script += "t.resume(Path(sys.argv[1]), {}, t.WaitAt())"
    command = [sys.executable, "-c", script.format(workers), str(directory)]
    with subprocess.Popen(command, cwd=Path(__file__).parent) as process:
        until = time.monotonic() + 1800
        while not promoted(directory) and process.poll() is None:
            assert time.monotonic() < until, "nothing happened in half an hour"
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -signal.SIGKILL, "it had ended"


def assert_same(found: tuple[list[str], dict[str, Any]], whole: tuple[list[str], dict[str, Any]]) -> None:
    assert found[0] == whole[0]
    assert found[1].keys() == whole[1].keys()
    assert all(np.array_equal(found[1][name], whole[1][name]) for name in whole[1])


@pytest.mark.slow
def test_any_number_of_workers_stopped_or_killed_or_not(tmp_path: Path, problem: Problem) -> None:
    with at_hand():  # imports once
        whole = train(tmp_path / "one", problem, 1)
        rows = [json.loads(line) for line in whole[0]]
        assert [len(r["rungs"]) for r in rows].count(2) >= 3, "nobody was promoted"
        with pytest.raises(Stopped):
            train(tmp_path / "three", problem, 3, StopAt())
        assert_same(resume(tmp_path / "three", 2), whole)
        kill_driver(tmp_path / "killed", problem, 2)
        assert_same(resume(tmp_path / "killed", 4), whole)


@pytest.mark.slow
def test_a_gaussian_process_killed_and_stopped(
    tmp_path: Path, problem: Problem, fits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Learning rate and decay alone differ: one graph for all."""
    monkeypatch.setattr(bayesian, "INITIAL", 3)
    given: Any = {"values": PLAIN, "trials": 6, "epochs": 12, "oracle": "bayesian", "scheduler": "hyperband"}
    with at_hand():  # imports once
        whole = train(tmp_path / "whole", problem, 1, **given)
        assert fits, "all were random draws"
        assert max(len(json.loads(line)["rungs"]) for line in whole[0]) == 2, "nobody was promoted"
        observer = KillThenStop()
        with pytest.raises(Stopped):
            train(tmp_path / "killed", problem, 2, observer, **given)
        assert observer.killed
        assert_same(resume(tmp_path / "killed", 1, **given), whole)
