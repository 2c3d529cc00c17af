"""A finished search with a real, hardly trained model."""

from __future__ import annotations

from pathlib import Path

from recorded import Script

from lstm_automl import plugins
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.models import bundle
from lstm_automl.search.contracts import RungSpec
from lstm_automl.search.rung import run_rung
from lstm_automl.tasks.problem import Problem, metric_of
from lstm_automl.tasks.task import Task

VALUES = {"units": 4, "batch_size": 64}


def finished(directory: Path, name: str, seed: int = 0) -> Path:
    """A search directory with data, store and bundle."""
    task: Task = plugins.load("task", name)()
    data, options = task.demo(seed)
    prepared = task.prepare(Parts(data), options, folds=1)
    return finish(directory, Problem(task, options, prepared, metric_of(task, None)), seed)


def finish(directory: Path, problem: Problem, seed: int = 0) -> Path:
    """The same for a problem of one's own."""
    task, name = problem.task, problem.task.name
    directory.mkdir(parents=True)
    problem.save(directory / "data")
    Script(
        directory, task=name, data_digest=problem.digest(), metric=problem.metric.name,
        direction=problem.metric.direction,
    ).store.close()  # fmt: skip
    spec = RungSpec(0, 0, "refit", -1, 0, VALUES, seed, str(directory), str(directory / "jobs"), 0, 1, max_epochs=1)
    assert run_rung(spec, lambda epoch: None).error == ""
    state = task.fit_state(problem.frame, problem.split.refit, problem.options)
    checkpoint = directory / "jobs" / "checkpoint.npz"
    bundle.save(directory / "bundle", problem, VALUES, state, [checkpoint], metrics={}, about={})
    return directory


def demo_data(name: str, seed: int = 0) -> Sequences:
    """The sequences it was trained on."""
    data: Sequences = plugins.load("task", name)().demo(seed)[0]
    return data
