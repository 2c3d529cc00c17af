"""Train one rung: the unit of work of a search. Equal specs give equal results, wherever and whenever."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lstm_automl.data.split import Index
from lstm_automl.errors import StateError, StorageError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.results import read_result, write_result
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import State

if TYPE_CHECKING:
    from lstm_automl.models.fit import EpochScores, FitResult, Progress
    from lstm_automl.models.trainer import Trainer

CHECKPOINT = "checkpoint.npz"
PROGRESS = "progress.jsonl"

# Numbers in seed keys: never renumber.
PURPOSES = {"search": 0, "seed": 1, "refit": 2}
SUBSET = 7

OnEpoch = Callable[[Epoch], None]


class _Aborted(BaseException):
    """``on_epoch`` raised: whoever listens is gone, which is no failure of the trial."""

    def __init__(self, reason: Exception) -> None:
        self.reason = reason


def run_rung(spec: RungSpec, on_epoch: OnEpoch, should_stop: Callable[[], bool] | None = None) -> RungResult:
    """Train epochs ``[from_epoch, to_epoch)`` and leave checkpoint, progress and result in ``spec.folder``.

    A folder that holds a valid result is not worked on again. What goes wrong in training is a result
    (``failed``); a full disk or an exception of ``on_epoch`` is raised.

    Args:
        spec: What to train.
        on_epoch: Called after each epoch.
        should_stop: Looked at between graph calls, beside ``spec.deadline``.

    Raises:
        StorageError: the disk is full, read-only or gone.
    """
    folder = Path(spec.folder)
    done = read_result(folder)
    if done is not None:
        return done
    started = time.monotonic()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        result = _attempt(spec, folder, started, on_epoch, should_stop)
        write_result(folder, result)
    except _Aborted as aborted:
        raise aborted.reason from None
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(f"{folder}: {error.strerror or error}") from error
    return result


def _attempt(
    spec: RungSpec, folder: Path, started: float, on_epoch: OnEpoch, should_stop: Callable[[], bool] | None
) -> RungResult:
    def stop() -> bool:
        late = spec.deadline is not None and time.monotonic() - started >= spec.deadline
        return late or (should_stop is not None and should_stop())

    try:
        return _train(spec, folder, started, _Report(folder, on_epoch), stop)
    except StorageError:
        raise
    except Exception as error:  # a trial may fail in any way; the search goes on
        text = " ".join(str(error).split())[:400]
        message = f"{type(error).__name__}: {text}" if text else type(error).__name__
        return RungResult(spec.job, spec.trial, "failed", seconds=time.monotonic() - started, error=message)


def _train(spec: RungSpec, folder: Path, started: float, report: _Report, stop: Callable[[], bool]) -> RungResult:
    from lstm_automl.models import checkpoint
    from lstm_automl.models.fit import fit

    problem = load_problem(Path(spec.directory))
    train, valid = parts(problem, spec)
    trainer = _trainer(problem, spec)
    progress = _parent(spec, trainer)
    found = fit(
        trainer,
        train,
        valid,
        to_epoch=spec.to_epoch,
        metric=problem.metric,
        patience=spec.patience,
        on_epoch=report,
        should_stop=stop,
        progress=progress,
    )
    extra = {"run": _identity(spec), "progress": found.progress.to_json()}
    if found.status != "diverged":
        checkpoint.save(folder / CHECKPOINT, trainer, extra)
    return _result(spec, found, time.monotonic() - started)


def _result(spec: RungSpec, found: FitResult, seconds: float) -> RungResult:
    diverged = found.status == "diverged"
    return RungResult(
        job=spec.job,
        trial=spec.trial,
        status=found.status,
        epochs=tuple(_epoch(e) for e in found.epochs),
        best_epoch=found.best_epoch,
        score=None if diverged else found.score,
        loss=None if diverged else found.loss,
        checkpoint=None if diverged else CHECKPOINT,
        seconds=seconds,
    )


def parts(problem: Problem, spec: RungSpec) -> tuple[Index, Index | None]:
    """Training examples (a nested random share of them when ``subset`` < 1) and validation examples of a rung."""
    if spec.purpose == "refit":
        train, valid = problem.split.refit, None
    else:
        train, valid = problem.split.folds[spec.fold].train, problem.split.folds[spec.fold].valid
    if spec.subset < 1:
        rng = np.random.default_rng(np.random.SeedSequence((spec.search_seed, spec.fold + 1, SUBSET)))
        count = max(1, round(len(train) * spec.subset))
        train = np.sort(train[rng.permutation(len(train))[:count]])
    return train, valid


def seed_key(spec: RungSpec) -> tuple[int, ...]:
    """What all randomness of a run comes from; its rungs share it."""
    return (spec.search_seed, spec.trial, spec.fold + 1, spec.seed, PURPOSES[spec.purpose])


def _identity(spec: RungSpec) -> dict[str, object]:
    return {"seed_key": list(seed_key(spec)), "values": dict(spec.values), "max_epochs": spec.max_epochs}


def _trainer(problem: Problem, spec: RungSpec) -> Trainer:
    from lstm_automl.models.trainer import Trainer

    return Trainer(
        problem.task,
        problem.frame,
        _state(Path(spec.directory), _stamp(Path(spec.directory)), spec.purpose == "refit", spec.fold),
        spec.values,
        seed_key=seed_key(spec),
        options=problem.options,
        max_epochs=spec.max_epochs,
    )


def _parent(spec: RungSpec, trainer: Trainer) -> Progress:
    """Where the run stands: at its parent checkpoint, or at the beginning."""
    from lstm_automl.models import checkpoint
    from lstm_automl.models.fit import Progress

    if spec.parent is None:
        if spec.from_epoch:
            raise StateError(f"job {spec.job} starts at epoch {spec.from_epoch} without a checkpoint")
        return Progress()
    path = Path(spec.directory) / spec.parent  # an absolute parent stays as it is
    extra = checkpoint.restore(path, trainer)
    progress = Progress(**extra["progress"])
    if extra["run"] != _identity(spec):
        raise StateError(f"{path}: the checkpoint is of another run")
    if progress.next_epoch != spec.from_epoch and not progress.stopped:
        raise StateError(f"{path}: the checkpoint is at epoch {progress.next_epoch}, not {spec.from_epoch}")
    return progress


def load_problem(directory: Path) -> Problem:
    """The problem of a search directory, mapped once a process."""
    return _problem(directory, _stamp(directory))


def _stamp(directory: Path) -> int:
    return (directory / "data" / "problem.json").stat().st_mtime_ns


@lru_cache(maxsize=2)
def _problem(directory: Path, stamp: int) -> Problem:
    return Problem.load(directory / "data")


@lru_cache(maxsize=16)
def _state(directory: Path, stamp: int, refit: bool, fold: int) -> State:
    """Fitted on the whole training part, whatever share of it a rung trains on."""
    problem = _problem(directory, stamp)
    train = problem.split.refit if refit else problem.split.folds[fold].train
    return problem.task.fit_state(problem.frame, train, problem.options)


def _epoch(found: EpochScores) -> Epoch:
    return Epoch(found.epoch, found.loss, found.scores, found.seconds)


class _Report:
    """Appends each epoch to ``progress.jsonl``, then tells whoever listens."""

    def __init__(self, folder: Path, on_epoch: OnEpoch) -> None:
        self._path, self._on_epoch = folder / PROGRESS, on_epoch

    def __call__(self, found: EpochScores) -> None:
        epoch = _epoch(found)
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(vars(epoch), sort_keys=True) + os.linesep)
        except OSError as error:
            raise StorageError(f"{self._path}: {error.strerror or error}") from error
        try:
            self._on_epoch(epoch)
        except Exception as error:
            raise _Aborted(error) from error
