"""A search as its driver leaves it in the store, and what MLflow shows of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.store import Store
from lstm_automl.tracking import client as door

META: dict[str, Any] = {
    "task": "classification",
    "space": {"task": "classification", "parameters": []},
    "data_digest": "d1",
    "metric": "accuracy",
    "direction": "max",
    "seed": 0,
    "concurrency": 2,
    "oracle": "random",
    "scheduler": "none",
    "folds": 1,
    "patience": 5,
    "limits": {"max_trials": 3, "max_epochs": 4},
    "name": "demo",
}


def until(true: Callable[[], bool], seconds: float = 300.0) -> None:
    """Wait for something to be so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.05)


class Script:
    """Writes into a real store what a driver would."""

    def __init__(self, directory: Path, **meta: Any) -> None:
        self.directory = directory
        self.store = Store.open_or_create(directory, {**META, **meta})
        self.folds = int(self.store.meta["folds"])

    def begin(self, trial: int, *, units: int = 8, **spec: Any) -> list[int]:
        """A trial with one job a fold; the jobs' numbers."""
        first = len(self.store.jobs)
        values = {"units": units, "learning_rate": 0.01}
        specs = [
            RungSpec(first + f, trial, "search", f, 0, values, 0, "", "", 0, 4, 4, **spec) for f in range(self.folds)
        ]
        self.store.add(specs, (trial, values))
        for s in specs:
            self.store.begin(s.job)
        return [s.job for s in specs]

    def promote(self, trial: int) -> list[int]:
        """The next rung of a trial, begun; the jobs' numbers."""
        last = [job.spec for job in self.store.jobs.values() if job.spec.trial == trial][-self.folds :]
        first = len(self.store.jobs)
        specs = [replace(s, job=first + i, from_epoch=4, to_epoch=8) for i, s in enumerate(last)]
        self.store.add(specs)
        for s in specs:
            self.store.begin(s.job)
        return [s.job for s in specs]

    def rerun(self, trial: int, purpose: Any, seed: int = 0) -> int:
        """A finalist's job of another purpose."""
        job = len(self.store.jobs)
        values = {"units": 8, "learning_rate": 0.01}
        fold = -1 if purpose == "refit" else 0
        self.store.add([RungSpec(job, trial, purpose, fold, seed, values, 0, "", "", 0, 4, 4)])
        self.store.begin(job)
        return job

    def epoch(self, job: int, epoch: int, score: float | None, loss: float = 1.0) -> Epoch:
        scores = {} if score is None else {"accuracy": score, "val_loss": loss / 2}
        made = Epoch(epoch, loss, scores, 0.1)
        self.store.add_epochs([(job, made)])
        return made

    def end(
        self, job: int, score: float | None, status: Any = "completed", error: str = "", epochs: Sequence[Epoch] = ()
    ) -> None:
        trial = self.store.jobs[job].spec.trial
        best = 0 if score is None else 1
        self.store.end(job, RungResult(job, trial, status, epochs, best, score, 0.5, error=error))

    def trial(self, trial: int, scores: list[float], **begin: Any) -> list[int]:
        """A whole trial with these scores, the same in each fold."""
        jobs = self.begin(trial, **begin)
        for job in jobs:
            epochs = [self.epoch(job, e, score) for e, score in enumerate(scores)]
            self.end(job, max(scores), epochs=epochs)
        return jobs


def runs_of(uri: str, name: str = "demo") -> dict[str, Any]:
    """The runs of an experiment by trial number; the parent as ``"parent"``."""
    client = door.connect(uri)
    experiment = client.get_experiment_by_name(name)
    found = client.search_runs([experiment.experiment_id])
    by_name = [run.data.tags.get("lstm_automl.trial", "parent") for run in found]
    assert len(by_name) == len(set(by_name)), f"a run was made twice: {by_name}"
    return dict(zip(by_name, found, strict=True))


def history(uri: str, run: Any, key: str) -> list[tuple[int, float]]:
    """(step, value) of a metric, in the order of the steps."""
    points = door.connect(uri).get_metric_history(run.info.run_id, key)
    return sorted((p.step, p.value) for p in points)
