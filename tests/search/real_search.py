"""A small search of real networks, and what kills a worker when a trial goes on to its second rung."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from lstm_automl.data.sequences import Parts
from lstm_automl.models import checkpoint
from lstm_automl.search.contracts import Executor
from lstm_automl.search.driver import Limits
from lstm_automl.search.observer import Observer
from lstm_automl.search.rows import best
from lstm_automl.search.store import Store
from lstm_automl.spaces.loader import load
from lstm_automl.tasks.classification import Classification
from lstm_automl.tasks.problem import Problem
from lstm_automl.testing.search import facts, lines, make_driver

VALUES = {"units": 4, "batch_size": 32, "schedule": "cosine", "dropout": 0.1, "num_layers": 1, "front_end": "none"}


class AtPromotion(Observer):
    """Calls back once, with the number of the trial, when one is in its second rung.

    Its checkpoint is on no disk of the other workers.
    """

    def __init__(self, then: Callable[[int], object]) -> None:
        self._then, self.called = then, False

    def on_epoch(self, spec: Any, epoch: Any) -> None:
        """While it runs."""
        if spec.from_epoch > 0 and not self.called:
            self.called = True
            self._then(spec.trial)


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
