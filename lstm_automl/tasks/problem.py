"""A task with its framed data: everything a worker needs to train one model, on disk or in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstm_automl import plugins
from lstm_automl.data.frame import Frame
from lstm_automl.data.split import Fold, Split
from lstm_automl.errors import UnknownNameError
from lstm_automl.tasks.task import Metric, Prepared, Task, TaskOptions


@dataclass(frozen=True)
class Problem:
    """What is to be learnt, free of any hyper-parameter.

    Args:
        task: The task.
        options: Its options.
        prepared: Frame and split.
        metric: The objective.
    """

    task: Task
    options: TaskOptions
    prepared: Prepared
    metric: Metric

    @property
    def frame(self) -> Frame:
        """The framed data."""
        return self.prepared.frame

    @property
    def split(self) -> Split:
        """Folds, refit and test part."""
        return self.prepared.split

    def digest(self) -> str:
        """Digest of frame, parts and options: two problems with equal digest are the same problem."""
        import hashlib

        h = hashlib.sha256(self.frame.digest().encode())
        for name, array in sorted(_split_arrays(self.split).items()):
            h.update(name.encode() + np.ascontiguousarray(array, dtype=np.int64).tobytes())
        h.update(self.options.model_dump_json().encode())
        return h.hexdigest()

    def save(self, folder: Path) -> None:
        """Write frame, split and names into a new folder; complete when ``problem.json`` exists."""
        self.frame.save(folder)
        np.savez(folder / "split.npz", allow_pickle=False, **_split_arrays(self.split))
        about = {
            "task": self.task.name,
            "options": json.loads(self.options.model_dump_json()),
            "metric": self.metric.name,
            "digest": self.digest(),
        }
        (folder / "problem.json").write_text(json.dumps(about, sort_keys=True))

    @classmethod
    def load(cls, folder: Path) -> Problem:
        """Map the frame; nothing is copied."""
        about = json.loads((folder / "problem.json").read_text())
        task: Task = plugins.load("task", about["task"])()
        with np.load(folder / "split.npz", allow_pickle=False) as arrays:
            split = _split_from(dict(arrays))
        options = task.options.model_validate(about["options"])
        return cls(task, options, Prepared(Frame.load(folder), split), metric_of(task, about["metric"]))


def metric_of(task: Task, name: str | None) -> Metric:
    """The metric of that name, the task's default for None.

    Raises:
        UnknownNameError: the task has no such metric.
    """
    if name is None:
        return task.metrics[0]
    for metric in task.metrics:
        if metric.name == name:
            return metric
    raise UnknownNameError(f"metric of {task.name}", name, [m.name for m in task.metrics])


def _split_arrays(split: Split) -> dict[str, np.ndarray]:
    out: dict[str, np.ndarray] = {"refit": split.refit}
    for i, fold in enumerate(split.folds):
        out[f"train_{i}"], out[f"valid_{i}"] = fold.train, fold.valid
    if split.test is not None:
        out["test"] = split.test
    return out


def _split_from(arrays: dict[str, np.ndarray]) -> Split:
    count = sum(name.startswith("train_") for name in arrays)
    folds = tuple(Fold(arrays[f"train_{i}"], arrays[f"valid_{i}"]) for i in range(count))
    return Split(folds, arrays["refit"], arrays.get("test"))
