"""Epoch after epoch: scores, the best one, patience, deadlines. Writes nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.split import Index
from lstm_automl.models.calls import Interrupted, ShouldStop
from lstm_automl.models.progress import EpochScores, FitResult, Progress
from lstm_automl.models.trainer import Trainer
from lstm_automl.spaces.neutral import read
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import Metric, Outputs, Scores, State

Score = Callable[[Outputs], Scores]


def fit(
    trainer: Trainer,
    train: Index,
    valid: Index | None,
    *,
    from_epoch: int = 0,
    to_epoch: int,
    metric: Metric,
    score: Score | None = None,
    patience: int | None = None,
    on_epoch: Callable[[EpochScores], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: ShouldStop | None = None,
    progress: Progress | None = None,
    keep_best: bool = False,
) -> FitResult:
    """Train epochs ``[from_epoch, to_epoch)``.

    Args:
        trainer: Stands at the end of epoch ``from_epoch - 1``.
        train: Example numbers.
        valid: Examples scored after each epoch; None = none (refit).
        metric: Objective; equal scores are parted by the lower ``val_loss``.
        score: Outputs of ``valid`` -> scores; None = the task's.
        patience: Epochs without a better score before it ends, from the middle of a falling schedule on; None = never.
        on_progress: Called after ``on_epoch`` with all that must be remembered to go on from there.
        should_stop: Looked at between graph calls.
        progress: Of the run so far when it is continued.
        keep_best: Keep the weights of the best epoch in memory.
    """
    run = _Run(trainer, train, valid, metric, score, progress or Progress(next_epoch=from_epoch), keep_best)
    while run.status == "completed" and run.progress.next_epoch < to_epoch and not run.progress.stopped:
        try:
            found = run.epoch(should_stop)
        except Interrupted:
            run.status = "stopped"
            break
        if found is not None and on_epoch is not None:
            on_epoch(found)
        run.wait(patience)
        if found is not None and on_progress is not None:
            on_progress(run.progress)
    at = run.progress
    return FitResult(tuple(run.epochs), at.best_epoch, at.score, at.loss, run.status, run.best_weights, at)


class _Run:
    """The state of one :func:`fit`."""

    def __init__(
        self,
        trainer: Trainer,
        train: Index,
        valid: Index | None,
        metric: Metric,
        score: Score | None,
        progress: Progress,
        keep_best: bool,
    ) -> None:
        self.trainer, self.train, self.valid, self.metric = trainer, train, valid, metric
        self.score, self.progress, self.keep_best = score or self._task_score, progress, keep_best
        self.epochs: list[EpochScores] = []
        self.status: Literal["completed", "diverged", "stopped"] = "completed"
        self.best_weights: list[NDArray[Any]] | None = None

    def epoch(self, should_stop: ShouldStop | None) -> EpochScores | None:
        """Train and score the next epoch; None when it diverged."""
        started, number = time.perf_counter(), self.progress.next_epoch
        with self.trainer.whole():
            loss = self.trainer.run_epoch(self.train, number, should_stop)
            scores = self._validate(should_stop) if math.isfinite(loss) else None
        if scores is None:
            self.status = "diverged"
            return None
        found = EpochScores(number, loss, scores, time.perf_counter() - started)
        self.epochs.append(found)
        self._remember(number, scores)
        return found

    def wait(self, patience: int | None) -> None:
        """Mark the run as stopped when it has gone without a better score for too long.

        A falling learning rate makes its best weights at its end, so patience is counted from the middle of such a
        schedule on.
        """
        at = self.progress
        falling = read(self.trainer.values, "schedule") != "constant"
        since = at.next_epoch - 1 - max(at.best_epoch, self.trainer.max_epochs // 2 if falling else 0)
        if self.status == "completed" and self.valid is not None and patience is not None and since >= patience:
            self.progress = Progress(at.next_epoch, at.best_epoch, at.score, at.loss, stopped=True)

    def _validate(self, should_stop: ShouldStop | None) -> Scores | None:
        """Scores with ``val_loss``, empty without validation, None when something decisive is not finite."""
        if self.valid is None:
            # A step's loss is that of the weights before it: the last step's own are seen nowhere else.
            return {} if all(np.isfinite(w).all() for w in self.trainer.weights()) else None
        outputs, loss = self.trainer.validate(self.valid, should_stop)
        if not np.isfinite(outputs).all():
            return None
        scores = {**self.score(outputs), "val_loss": loss}
        if not math.isfinite(scores[self.metric.name]) or not math.isfinite(scores["val_loss"]):
            return None
        # Another metric may be undefined on this part (one class only): it is left out, not NaN.
        return {name: float(value) for name, value in scores.items() if math.isfinite(value)}

    def _remember(self, number: int, scores: Scores) -> None:
        at = self.progress
        best, score, loss = at.best_epoch, at.score, at.loss
        if self.valid is None:
            best = number
        elif self._better(scores[self.metric.name], scores["val_loss"]):
            best, score, loss = number, scores[self.metric.name], scores["val_loss"]
            if self.keep_best:
                self.best_weights = self.trainer.weights()
        self.progress = Progress(number + 1, best, score, loss)

    def _better(self, score: float, loss: float) -> bool:
        if self.progress.score is None or self.progress.loss is None:
            return True
        sign = 1 if self.metric.direction == "max" else -1
        return (sign * score, -loss) > (sign * self.progress.score, -self.progress.loss)

    def _task_score(self, outputs: Outputs) -> Scores:
        assert self.valid is not None
        return self.trainer.task.score(self.trainer.frame, self.valid, outputs, self.trainer.state)


def fit_problem(
    problem: Problem,
    values: Mapping[str, Any],
    *,
    train: Index,
    valid: Index | None = None,
    state: State | None = None,
    seed: int = 0,
    max_epochs: int,
    patience: int | None = None,
    dtype: str = "float32",
    on_epoch: Callable[[EpochScores], None] | None = None,
    should_stop: ShouldStop | None = None,
) -> tuple[Trainer, FitResult]:
    """Train one model in this process; nothing is written.

    With ``valid`` the trainer ends with the weights of the best epoch (nothing can be trained further from there);
    without, with those of the last.

    Args:
        problem: Task and framed data.
        values: Hyper-parameters; what is absent is neutral.
        train, valid: Example numbers.
        state: Scalers; None = fitted on ``train``.
        seed: At least 0.
        max_epochs: At least 1; also the length of the learning-rate schedule.
        dtype: ``"float32"`` or ``"float64"``.
        patience, on_epoch, should_stop: As of :func:`fit`.
    """
    task, frame, options = problem.task, problem.frame, problem.options
    scalers = state or task.fit_state(frame, train, options)
    trainer = Trainer(
        task, frame, scalers, values, seed_key=(seed,), options=options, max_epochs=max_epochs, dtype=dtype
    )
    result = fit(
        trainer, train, valid, to_epoch=max_epochs, metric=problem.metric, patience=patience, on_epoch=on_epoch,
        should_stop=should_stop, keep_best=valid is not None,
    )  # fmt: skip
    trainer.settle(result.best_weights)
    return trainer, result
