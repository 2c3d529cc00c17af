"""Train one rung: the unit of work of a search. Equal specs give equal results, wherever and whenever."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lstm_automl.data.split import Index
from lstm_automl.errors import StorageError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.results import PROGRESS, read_result, write_result
from lstm_automl.search.resuming import CHECKPOINT, begin, extra, seed_key
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import State

if TYPE_CHECKING:
    from lstm_automl.models.progress import EpochScores, FitResult, Progress
    from lstm_automl.models.trainer import Trainer

SAVE_SECONDS = 10.0
"""Between the checkpoints that a rung leaves on its way."""

SUBSET = 7  # a number in seed keys: never renumber

OnEpoch = Callable[[Epoch], None]


class _Aborted(BaseException):
    """``on_epoch`` raised: whoever listens is gone, which is no failure of the trial."""

    def __init__(self, reason: Exception) -> None:
        self.reason = reason


def run_rung(spec: RungSpec, on_epoch: OnEpoch, should_stop: Callable[[], bool] | None = None) -> RungResult:
    """Train epochs ``[from_epoch, to_epoch)`` and leave checkpoint, progress and result in ``spec.folder``.

    A folder that holds a valid result is not worked on again. What goes wrong in training is a result
    (``failed``); what goes wrong in reading or writing, and an exception of ``on_epoch``, is raised. So is a
    want of memory: a fresh process may have enough.

    Args:
        spec: What to train.
        on_epoch: Called after each epoch.
        should_stop: Looked at between graph calls, beside ``spec.deadline``.

    Raises:
        StorageError: the disk is full, read-only or gone, or the problem cannot be read.
        MemoryError: there was not enough.
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
        raise StorageError(f"{error.filename or folder}: {error.strerror or error}") from error
    _tidy()
    return result


def _attempt(
    spec: RungSpec, folder: Path, started: float, on_epoch: OnEpoch, should_stop: Callable[[], bool] | None
) -> RungResult:
    def stop() -> bool:
        late = spec.deadline is not None and time.monotonic() - started >= spec.deadline
        return late or (should_stop is not None and should_stop())

    try:
        return _train(spec, folder, started, _Report(folder, on_epoch), stop)
    except (OSError, MemoryError):  # of the disk, the network, the process: tried again in another, it may go well
        raise
    except Exception as error:  # a trial may fail in any way; the search goes on
        text = " ".join(str(error).split())[:400]
        if any(kind.__name__ == "ResourceExhaustedError" for kind in type(error).__mro__):  # TensorFlow's
            raise MemoryError(text) from error
        message = f"{type(error).__name__}: {text}" if text else type(error).__name__
        return RungResult(spec.job, spec.trial, "failed", seconds=time.monotonic() - started, error=message)


def _tidy() -> None:
    from lstm_automl.models.graph import tidy

    tidy()


def _train(spec: RungSpec, folder: Path, started: float, report: _Report, stop: Callable[[], bool]) -> RungResult:
    from lstm_automl.models.fit import fit

    problem = load_problem(Path(spec.directory))
    train, valid = parts(problem, spec)
    trainer = _trainer(problem, spec)
    progress, epochs = begin(spec, trainer)
    report.of(spec, trainer, epochs)
    found = fit(
        trainer,
        train,
        valid,
        to_epoch=spec.to_epoch,
        metric=problem.metric,
        patience=spec.patience,
        on_epoch=report,
        on_progress=report.save_when_due,
        should_stop=stop,
        progress=progress,
    )
    if found.status == "diverged":
        (folder / CHECKPOINT).unlink(missing_ok=True)
    else:
        report.save(found.progress)
    return _result(spec, found, report.epochs, time.monotonic() - started)


def _result(spec: RungSpec, found: FitResult, epochs: Sequence[Epoch], seconds: float) -> RungResult:
    diverged = found.status == "diverged"
    return RungResult(
        job=spec.job,
        trial=spec.trial,
        status=found.status,
        epochs=tuple(epochs),
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


class _Report:
    """Appends each epoch to ``progress.jsonl``, tells whoever listens, and saves the run now and then."""

    def __init__(self, folder: Path, on_epoch: OnEpoch) -> None:
        self.epochs: list[Epoch] = []
        self._folder, self._on_epoch, self._saved = folder, on_epoch, time.monotonic()
        self._hurry = False

    def of(self, spec: RungSpec, trainer: Trainer, epochs: Sequence[Epoch]) -> None:
        """What is trained; ``epochs`` an earlier attempt has done."""
        self._spec, self._trainer, self._hurry = spec, trainer, spec.deadline is not None
        for epoch in epochs:
            self._tell(epoch)

    def __call__(self, found: EpochScores) -> None:
        if found.epoch >= self._spec.from_epoch:  # else the parent's, trained again
            self._tell(Epoch(found.epoch, found.loss, found.scores, found.seconds))

    def save_when_due(self, progress: Progress) -> None:
        """A worker that is killed loses at most this much, and the epoch it is in.

        Under a deadline the first epoch is saved at once: should time run out, there is a network.
        """
        if self._hurry or time.monotonic() - self._saved >= SAVE_SECONDS:
            self.save(progress)

    def save(self, progress: Progress) -> None:
        """Leave a checkpoint in the place of the one before."""
        from lstm_automl.models import checkpoint

        checkpoint.save(self._folder / CHECKPOINT, self._trainer, extra(self._spec, progress, self.epochs))
        self._saved, self._hurry = time.monotonic(), False

    def _tell(self, epoch: Epoch) -> None:
        path = self._folder / PROGRESS
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(vars(epoch), sort_keys=True) + os.linesep)
        except OSError as error:
            raise StorageError(f"{path}: {error.strerror or error}") from error
        self.epochs.append(epoch)
        try:
            self._on_epoch(epoch)
        except Exception as error:
            raise _Aborted(error) from error
