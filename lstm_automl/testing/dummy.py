"""A stand-in for training: instant scores from values and seed, and workers that misbehave when told to.

``dummy.json`` in the search directory says how to behave; all keys are optional::

    {"sleep": 0.01,             seconds an epoch takes
     "kill": [3], "fail": [4],  trials that crash their process with SIGABRT, or raise
     "nan": [5],                trials that diverge
     "kill_once": [6]}          trials that crash their process in their first attempt
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.results import PROGRESS, canonical, read_result, write_result

METRIC = "score"


def objective(values: Mapping[str, Any], *seed: int) -> float:
    """A number in [0, 1) that depends on every value and every seed."""
    digest = hashlib.sha256(canonical([dict(values), list(seed)]).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def run_rung(
    spec: RungSpec, on_epoch: Callable[[Epoch], None], should_stop: Callable[[], bool] | None = None
) -> RungResult:
    """As the real one: epochs, patience, deadline, ``result.json``; and a mark in ``runs/`` for each start."""
    folder, directory = Path(spec.folder), Path(spec.directory)
    done = read_result(folder)
    if done is not None:
        return done
    mark(directory, spec)
    habits = _habits(directory)
    if spec.trial in habits.get("kill", ()) or (
        spec.trial in habits.get("kill_once", ()) and folder.name == "attempt-1"
    ):
        os.kill(os.getpid(), signal.SIGABRT)
    if spec.from_epoch and not (spec.parent and (directory / spec.parent).is_file()):
        raise FileNotFoundError(f"job {spec.job} starts at epoch {spec.from_epoch} without a checkpoint")
    result = _train(spec, on_epoch, should_stop or (lambda: False), habits)
    if result.status != "diverged":
        (folder / "checkpoint.npz").write_bytes(b"dummy")
    write_result(folder, result)
    return result


def _train(
    spec: RungSpec, on_epoch: Callable[[Epoch], None], should_stop: Callable[[], bool], habits: Mapping[str, Any]
) -> RungResult:
    if spec.trial in habits.get("fail", ()):
        return RungResult(spec.job, spec.trial, "failed", error="told to fail")
    if spec.trial in habits.get("nan", ()):
        return RungResult(spec.job, spec.trial, "diverged")
    started, epochs = time.monotonic(), list[Epoch]()
    for number in range(spec.from_epoch, spec.to_epoch):
        time.sleep(habits.get("sleep", 0.0))
        late = spec.deadline is not None and time.monotonic() - started >= spec.deadline
        if late or should_stop():
            return _result(spec, "stopped", number)
        epochs.append(score(spec, number))
        with (Path(spec.folder) / PROGRESS).open("a", encoding="utf-8") as file:
            file.write(canonical(vars(epochs[-1])) + "\n")
        on_epoch(epochs[-1])
        best = max(range(number + 1), key=lambda e: (score(spec, e).scores[METRIC], -e))
        if spec.patience is not None and number - best >= spec.patience:
            return _result(spec, "completed", number + 1)
    return _result(spec, "completed", spec.to_epoch)


def score(spec: RungSpec, epoch: int) -> Epoch:
    """The scores of one epoch of a rung."""
    value = objective(spec.values, spec.search_seed, spec.trial, spec.fold, spec.seed, epoch)
    return Epoch(epoch, 1 - value, {METRIC: value, "val_loss": 1 - value})


def _result(spec: RungSpec, status: Any, end: int) -> RungResult:
    """The result after the epochs before ``end``, the best of the parent's included."""
    epochs = [score(spec, e) for e in range(end)]
    if not epochs:
        return RungResult(spec.job, spec.trial, status, checkpoint="checkpoint.npz")
    best = max(epochs, key=lambda e: (e.scores[METRIC], -e.epoch))
    own = tuple(e for e in epochs if e.epoch >= spec.from_epoch)
    return RungResult(
        spec.job,
        spec.trial,
        status,
        epochs=own,
        best_epoch=best.epoch,
        score=best.scores[METRIC],
        loss=best.scores["val_loss"],
        checkpoint="checkpoint.npz",
    )


def mark(directory: Path, spec: RungSpec) -> None:
    """Leave a file for this start; its content tells whether the job had finished before, which must never be."""
    folder = directory / "runs"
    folder.mkdir(exist_ok=True)
    siblings = Path(spec.folder).parent.glob("attempt-*")
    finished = [r for r in map(read_result, siblings) if r is not None and r.status != "stopped"]
    name = f"{spec.job:06d}-{Path(spec.folder).name}-{os.getpid()}-{time.monotonic_ns()}"
    (folder / name).write_text("again" if finished else "")


def run_twice(directory: Path) -> list[str]:
    """The starts of jobs that had finished before."""
    return [p.name for p in sorted((directory / "runs").glob("*")) if p.read_text() == "again"]


def _habits(directory: Path) -> dict[str, Any]:
    path = directory / "dummy.json"
    return json.loads(path.read_text()) if path.exists() else {}
