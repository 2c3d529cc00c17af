"""Real, hardly trained models on disk, without the search around them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstm_automl import plugins
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.models import bundle
from lstm_automl.models.predictor import Predictor
from lstm_automl.search.contracts import RungSpec
from lstm_automl.search.rung import run_rung
from lstm_automl.tasks.problem import Problem, metric_of
from lstm_automl.tasks.task import Task


def made(folder: Path, name: str, values: Mapping[str, Any], data: Sequences | None = None, **options: Any) -> Path:
    """A bundle of one epoch; of the task's demo data where none is given."""
    task: Task = plugins.load("task", name)()
    if data is None:
        data, chosen = task.demo(0)
    else:
        chosen = task.options(**options)
    problem = Problem(task, chosen, task.prepare(Parts(data), chosen, folds=1), metric_of(task, None))
    problem.save(folder / "data")
    spec = RungSpec(0, 0, "refit", -1, 0, dict(values), 0, str(folder), str(folder / "jobs"), 0, 1, max_epochs=1)
    assert run_rung(spec, lambda epoch: None).error == ""
    state = task.fit_state(problem.frame, problem.split.refit, problem.options)
    about = {"name": "made", "best": {"trial": 3, "values": dict(values), "best_epoch": 0}, "score": 0.5}
    kept = [folder / "jobs" / "checkpoint.npz"]
    bundle.save(folder / "bundle", problem, values, state, kept, metrics={}, about=about)
    return folder / "bundle"


def loaded(path: Path) -> Predictor:
    """The model as the library itself reads it."""
    return bundle.load(path)
