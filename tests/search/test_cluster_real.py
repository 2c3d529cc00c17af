"""Real networks on a real dask cluster, one machine of it killed: table and weights are those of this machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clusters import Dask

from lstm_automl.data.sequences import Parts
from lstm_automl.models import checkpoint
from lstm_automl.search.contracts import Executor
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.search.rows import best
from lstm_automl.search.store import Store
from lstm_automl.spaces.loader import load
from lstm_automl.tasks.classification import Classification
from lstm_automl.tasks.problem import Problem
from lstm_automl.testing.search import facts, lines, make_driver

pytest.importorskip("distributed", reason="needs the extra dask")

VALUES = {"units": 4, "batch_size": 32, "schedule": "cosine", "dropout": 0.1, "num_layers": 1, "front_end": "none"}


class KillAtPromotion(Observer):
    """Kills a worker when a trial goes on to its second rung: its checkpoint is on no disk of the others."""

    def __init__(self, cluster: Dask) -> None:
        self._cluster = cluster

    def on_epoch(self, spec: Any, epoch: Any) -> None:
        """Once."""
        if spec.from_epoch > 0 and len(self._cluster.workers) == 2:
            process = self._cluster.workers.pop()
            process.kill()
            process.wait()


def trained(
    directory: Path, make: Callable[[Path], Executor], observer: Observer | None = None
) -> tuple[list[str], dict[str, Any]]:
    """The table of a search, and the weights of its best trial."""
    task = Classification()
    data, options = task.demo(0)
    Problem(task, options, task.prepare(Parts(data), options, folds=1), task.metrics[0]).save(directory / "data")
    space = load("classification", task="classification", overrides=VALUES)
    meta = facts(space, scheduler="asha", limits=Limits(4, 15).to_json(), metric="accuracy", concurrency=3)
    with closing(Store.open_or_create(directory, meta)) as store, closing(make(directory)) as executor:
        driver = make_driver(directory, store, executor, observer=observer)
        table = driver.search()
        number = best(table, "max").number
        job = max(n for n, j in store.jobs.items() if j.spec.trial == number)
        return lines(table), checkpoint.read(driver.folder(job) / "checkpoint.npz")[0]


@pytest.mark.slow
def test_table_and_weights_are_those_of_one_machine(tmp_path: Path) -> None:
    from lstm_automl.search.executors.dask import DaskExecutor

    table, weights = trained(tmp_path / "local", lambda directory: LocalExecutor(2, directory=directory))
    (tmp_path / "cluster").mkdir()
    cluster = Dask(tmp_path / "cluster")

    def make(directory: Path) -> Executor:
        return DaskExecutor(address=cluster.address, directory=directory, storage=f"{tmp_path}/store")

    try:
        cluster.add(2)
        again, same = trained(tmp_path / "search", make, KillAtPromotion(cluster))
        assert len(cluster.workers) == 1
    finally:
        cluster.close()
    assert again == table
    assert weights.keys() == same.keys()
    assert all(np.array_equal(weights[name], same[name]) for name in weights)
