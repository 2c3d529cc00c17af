"""What every task promises, as checks for authors of tasks: ``check_task(MyTask())`` in a test of their own.

Everything is tried on the task's own demo set; nothing is trained.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl import plugins
from lstm_automl.data.frame import Frame
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.data.split import Index
from lstm_automl.tasks.problem import Problem, metric_of
from lstm_automl.tasks.task import HeadSpec, Prepared, Scores, State, Task, TaskOptions
from lstm_automl.testing.answers import Perfect, constant_outputs, perfect_outputs
from lstm_automl.testing.changes import changed

LOSSES = ("crossentropy", "mse", "mae", "huber")


@dataclass(frozen=True)
class Trial:
    """A task on its demo set."""

    task: Task
    data: Sequences
    options: TaskOptions
    prepared: Prepared
    state: State
    head: HeadSpec

    @property
    def frame(self) -> Frame:
        """The framed demo set."""
        return self.prepared.frame

    @property
    def scored(self) -> Index:
        """Validation examples of the first fold."""
        return self.prepared.split.folds[0].valid


def check_task(task: Task, perfect: Perfect | None = None) -> None:
    """Run every check.

    Args:
        task: The task.
        perfect: What an always right network returns; None for the heads ``label``, ``value`` and ``horizon``.

    Raises:
        AssertionError: naming the first promise that is not kept.
    """
    trial = begin(task)
    check_demo(task)
    check_options(trial)
    check_parts(trial)
    check_state(trial)
    check_head_and_scores(trial, perfect or perfect_outputs)
    check_unseen(trial)
    check_baselines(trial)
    check_problem(trial)


def begin(task: Task) -> Trial:
    """Frame the demo set and fit the state of its first fold; the data must come out as it went in."""
    data, options = task.demo()
    before = _bytes(data)
    prepared = task.prepare(Parts(data), options)
    assert _bytes(data) == before, "prepare() changes the data it is given"
    state = task.fit_state(prepared.frame, prepared.split.folds[0].train, options)
    return Trial(task, data, options, prepared, state, task.head(prepared.frame, {}))


def check_demo(task: Task) -> None:
    """Equal seed, equal bytes; another seed, other data."""
    (one, _), (two, _), (other, _) = task.demo(0), task.demo(0), task.demo(1)
    assert _bytes(one) == _bytes(two), "demo() differs from call to call"
    assert _bytes(one) != _bytes(other), "demo() does not depend on its seed"


def check_options(trial: Trial) -> None:
    """A pydantic model that survives JSON, with a help text for each flag; an example for ``tasks show``."""
    model = trial.task.options
    assert issubclass(model, TaskOptions)
    assert model.model_validate_json(trial.options.model_dump_json()) == trial.options
    silent = [name for name, option in model.model_fields.items() if not option.description]
    assert not silent, f"options without a description: {silent}"
    assert trial.task.example().strip(), "example() is empty"


def check_parts(trial: Trial) -> None:
    """Parts are disjoint, within the frame and repeatable; without a horizon they hold every example."""
    split, n = trial.prepared.split, len(trial.frame)
    test = np.array([], np.int64) if split.test is None else split.test
    assert split.folds, "no fold"
    for part in [split.refit, test, *(p for f in split.folds for p in (f.train, f.valid))]:
        assert np.array_equal(np.unique(part), np.sort(part)), "an example stands twice in one part"
        assert part.size == 0 or (part.min() >= 0 and part.max() < n), "an example outside the frame"
    for fold in split.folds:
        assert len(fold.train), "an empty training part"
        assert len(fold.valid), "an empty validation part"
        assert not np.intersect1d(fold.train, fold.valid).size, "training and validation part overlap"
        assert np.isin(fold.train, split.refit).all(), "training examples that the final model does not see"
    assert not np.intersect1d(split.refit, test).size, "the search sees the test part"
    if not trial.head.horizon:
        assert len(np.union1d(split.refit, test)) == n, "examples in no part"
    again = trial.task.prepare(Parts(trial.data), trial.options)
    assert again.frame.digest() == trial.frame.digest(), "prepare() frames differently from call to call"
    assert _same_split(again, trial.prepared), "prepare() splits differently from call to call"


def check_state(trial: Trial) -> None:
    """What is fitted follows the training examples and nothing else."""
    train, horizon = trial.prepared.split.folds[0].train, trial.head.horizon
    fitted = trial.state.arrays
    inside = _fit(trial, changed(trial.frame, train, horizon, inside=True), train)
    outside = _fit(trial, changed(trial.frame, train, horizon, inside=False), train)
    assert _same_arrays(fitted, outside), "fit_state() looks at examples that are not training examples"
    assert not _same_arrays(fitted, inside), "fit_state() does not follow the training examples"
    assert json.loads(json.dumps(trial.state.info)) == trial.state.info, "state.info is not JSON"
    width = {"x_mean": trial.frame.features, "x_std": trial.frame.features}
    for name, size in width.items():
        assert fitted[name].shape == (size,), f"{name} has shape {fitted[name].shape}"
    assert all(np.all(np.isfinite(a)) for a in fitted.values()), "fitted arrays are not finite"
    assert all(np.all(fitted[k] > 0) for k in ("x_std", "static_std", "y_std") if k in fitted), "a std of 0"


def check_head_and_scores(trial: Trial, perfect: Perfect) -> None:
    """A registered head; scores of the declared metrics; right answers score best, constant ones worse."""
    head, task = trial.head, trial.task
    assert head.name in plugins.names("head"), f"no head is called {head.name!r}"
    assert head.loss in LOSSES, f"no loss is called {head.loss!r}"
    assert head.outputs > 0
    right = perfect(trial.frame, trial.scored, head, trial.state)
    best = task.score(trial.frame, trial.scored, right, trial.state)
    poor = task.score(trial.frame, trial.scored, constant_outputs(right, head), trial.state)
    assert sorted(best) == sorted(m.name for m in task.metrics), f"score() gives {list(best)}"
    for metric in task.metrics:
        ideal = 1.0 if metric.direction == "max" else 0.0
        assert abs(best[metric.name] - ideal) < 1e-3, f"right answers have {metric.name} {best[metric.name]}"
        worse = poor[metric.name] < ideal - 1e-3 if metric.direction == "max" else poor[metric.name] > ideal + 1e-3
        assert worse, f"constant answers have {metric.name} {poor[metric.name]}"
    table = task.decode(trial.frame, trial.scored, right, trial.state)
    assert "prediction" in table, "decode() gives no column 'prediction'"
    assert {len(column) for column in table.values()} == {len(trial.scored)}, "decode() gives another number of rows"


def check_unseen(trial: Trial) -> None:
    """Framed as unseen data, the demo set has the same inputs: one example a sequence, labels or not."""
    info = json.loads(json.dumps(dict(trial.frame.info)))
    assert info == dict(trial.frame.info), "frame.info is not JSON"
    data = _ahead(trial)
    framed = trial.task.frame(data, trial.options, info)
    assert len(framed) == len(data), "frame() does not give one example a sequence"
    x, known = framed.fields["x"].values, trial.frame.fields["x"].values
    assert x.dtype == data.values.dtype, "the data type changes"
    for low, end in zip(framed.examples["low"], framed.examples["end"], strict=True):
        assert np.array_equal(x[low:end], known[low:end], equal_nan=True), "frame() gives another x for the same data"
    if "static" in trial.frame.fields:
        both = framed.fields["static"].values, trial.frame.fields["static"].values
        assert np.array_equal(*both, equal_nan=True), "frame() gives another static for the same data"
    blind = trial.task.frame(replace(data, targets=None), trial.options, info)
    assert np.array_equal(blind.fields["x"].values, framed.fields["x"].values, equal_nan=True)
    assert "y" not in blind.fields, "targets out of nowhere"


def check_baselines(trial: Trial) -> None:
    """At least one floor; every metric for each part, within bounds."""
    floors = trial.task.baselines(trial.prepared, trial.options)
    assert floors, "no baseline"
    parts = ["valid"] if trial.prepared.split.test is None else ["valid", "test"]
    for name, scores in floors.items():
        assert sorted(scores) == sorted(parts), f"{name} is scored on {sorted(scores)}, not on {parts}"
        for part in parts:
            _check_bounds(trial.task, name, scores[part])


def check_problem(trial: Trial) -> None:
    """On disk and back it is the same problem; another part makes another."""
    problem = Problem(trial.task, trial.options, trial.prepared, metric_of(trial.task, None))
    with tempfile.TemporaryDirectory() as folder:
        problem.save(Path(folder) / "data")
        assert Problem.load(Path(folder) / "data").digest() == problem.digest(), "saving changes the digest"
    split = trial.prepared.split
    other = replace(problem, prepared=replace(trial.prepared, split=replace(split, refit=split.refit[1:])))
    assert other.digest() != problem.digest(), "another split has the same digest"


def _ahead(trial: Trial) -> Sequences:
    """The demo set to be predicted: where there is a horizon, the last targets of each series are still to come."""
    data, horizon = trial.data, trial.head.horizon
    values = data.values.copy()
    for end in data.offsets[1:] if horizon else ():
        values[end - horizon : end, list(data.target_channels)] = np.nan
    return replace(data, values=values)


def _fit(trial: Trial, frame: Frame, train: Index) -> Mapping[str, NDArray[Any]]:
    return trial.task.fit_state(frame, train, trial.options).arrays


def _same_arrays(one: Mapping[str, NDArray[Any]], two: Mapping[str, NDArray[Any]]) -> bool:
    return one.keys() == two.keys() and all(np.array_equal(one[k], two[k]) for k in one)


def _same_split(one: Prepared, two: Prepared) -> bool:
    a, b = one.split, two.split
    pairs = [(a.refit, b.refit), *((x.train, y.train) for x, y in zip(a.folds, b.folds, strict=True))]
    return all(np.array_equal(x, y) for x, y in pairs)


def _check_bounds(task: Task, name: str, scores: Scores) -> None:
    assert sorted(scores) == sorted(m.name for m in task.metrics), f"{name} has {sorted(scores)}"
    for metric in task.metrics:
        value = scores[metric.name]
        assert np.isfinite(value), f"{name}: {metric.name} is {value}"
        bounded = value <= 1 if metric.direction == "max" else value >= 0
        assert bounded, f"{name}: {metric.name} is {value}"


def _bytes(data: Sequences) -> list[Any]:
    """Everything the sequences hold, comparable."""
    held = ((f.name, getattr(data, f.name)) for f in fields(data))
    return [(k, (v.dtype.str, v.shape, v.tolist()) if isinstance(v, np.ndarray) else str(v)) for k, v in held]
