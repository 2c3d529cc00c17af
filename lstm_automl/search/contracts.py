"""What the parts of a search promise each other: rungs, trials, oracles, schedulers, executors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from lstm_automl.spaces.space import Space
from lstm_automl.tasks.task import Direction

Values = Mapping[str, Any]
Purpose = Literal["search", "seed", "refit"]
Status = Literal["completed", "diverged", "failed", "stopped"]


@dataclass(frozen=True)
class RungSpec:
    """The unit of work: epochs ``[from_epoch, to_epoch)`` of one model. Pure: equal spec, equal result.

    Args:
        job: Number of the job in the search, from 0.
        trial: Number of the trial, from 0.
        purpose: ``search``; ``seed`` (a finalist again with another seed); ``refit`` (train + valid, no stopping).
        fold: Fold of the split; -1 for ``refit``.
        seed: Seed index, 0 in the search itself.
        values: Hyper-parameters.
        search_seed: The search's seed.
        directory: The search directory (``data/`` inside it holds the problem).
        folder: This attempt's own folder, made by the driver: progress, checkpoint, result.
        from_epoch, to_epoch: Half-open range of epochs.
        max_epochs: Length of the learning-rate schedule in epochs; the trial's limit, at least ``to_epoch``.
        parent: Checkpoint to continue from, or None.
        deadline: Seconds this rung may take, or None; reached, it ends as ``stopped`` with a checkpoint.
        patience: Epochs without a better validation score before it ends early; None = never.
        subset: Share of the training examples, (0, 1].
        spent: Seconds that the attempts took which this one goes on from: a cap on a trial's time counts them.
    """

    job: int
    trial: int
    purpose: Purpose
    fold: int
    seed: int
    values: Values
    search_seed: int
    directory: str
    folder: str
    from_epoch: int
    to_epoch: int
    max_epochs: int
    parent: str | None = None
    deadline: float | None = None
    patience: int | None = None
    subset: float = 1.0
    spent: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**vars(self), "values": dict(self.values)}


@dataclass(frozen=True)
class Epoch:
    """Scores after one epoch.

    Args:
        epoch: Its number, from 0.
        loss: Mean training loss.
        scores: The task's metrics and ``val_loss``; empty for ``refit``.
        seconds: Wall time; shown, never decided on.
    """

    epoch: int
    loss: float
    scores: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**vars(self), "scores": dict(self.scores)}


@dataclass(frozen=True)
class RungResult:
    """What a rung leaves behind, also as ``result.json`` in its folder, written by rename before it returns.

    Args:
        job, trial: Numbers of the spec.
        status: ``diverged`` when loss or outputs were not finite; ``failed`` with ``error`` for an exception.
        best_epoch: Epoch of the best score (ties: lower ``val_loss``); -1 without a valid epoch.
        score: Objective at ``best_epoch``; None unless finite.
        loss: ``val_loss`` at ``best_epoch``.
        checkpoint: File name within ``folder`` of the state after the last epoch.
        epochs: Those of this rung.
        seconds: Wall time of the rung.
        error: Why it failed or diverged; empty otherwise.
    """

    job: int
    trial: int
    status: Status
    epochs: Sequence[Epoch] = ()
    best_epoch: int = -1
    score: float | None = None
    loss: float | None = None
    checkpoint: str | None = None
    seconds: float = 0.0
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**vars(self), "epochs": [e.to_json() for e in self.epochs]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RungResult:
        """Inverse of :meth:`to_json`."""
        return cls(**{**data, "epochs": tuple(Epoch(**e) for e in data["epochs"])})


@dataclass(frozen=True)
class TrialRow:
    """A trial as oracles, schedulers and leaderboards see it: no times, attempts or pids.

    Args:
        number: From 0.
        values: Active hyper-parameters.
        status: ``running`` until all folds of its newest rung are in; then as the worst of them.
        score: Objective at ``best_epoch``, the mean over folds; None unless ``completed``.
        loss: ``val_loss`` there; breaks ties.
        best_epoch: With several folds the one best for all of them together.
        epochs: Per fold, the objective of each epoch; of a running trial, those of its finished rungs.
        to_epoch: Furthest epoch decided so far (exclusive): known from decisions, not from results.
        rungs: The finished rungs in order, also of a running trial: where each ended and the objective so far,
            None when the trial diverged or failed there. A rung is finished when all folds have finished it.
    """

    number: int
    values: Values
    status: Status | Literal["running"]
    score: float | None = None
    loss: float | None = None
    best_epoch: int = -1
    epochs: Sequence[Sequence[float]] = ()
    to_epoch: int = 0
    rungs: Sequence[tuple[int, float | None]] = ()


Table = Sequence[TrialRow]


class Oracle(Protocol):
    """What to try next. A pure function of its arguments.

    One that looks at no result may say so by a class variable ``reads_results = False``: with a scheduler that says so,
    too, no decision waits for a result.
    """

    name: ClassVar[str]

    def propose(self, space: Space, seed: int, n: int, table: Table, direction: Direction) -> dict[str, Any] | None:
        """Values of trial ``n`` (active parameters only), or None when the space is exhausted.

        ``table`` holds all earlier trials in number order, those whose results may not be read yet as ``running``;
        diverged and failed ones count as worst, never as a number.
        """


@dataclass(frozen=True)
class NewTrial:
    """Start a trial and train it up to ``to_epoch`` (exclusive)."""

    to_epoch: int


@dataclass(frozen=True)
class Promote:
    """Continue trial ``number`` up to ``to_epoch`` (exclusive)."""

    number: int
    to_epoch: int


class Scheduler(Protocol):
    """How far to train. A pure function of its arguments.

    Made with ``direction=`` of the objective, ``steps=``, the optimiser steps of an epoch, and ``warm_up=``, whether
    learning rates may rise before they fall.

    ``reads_results = False``: see :class:`Oracle`.
    """

    name: ClassVar[str]

    def next(self, table: Table, started: int, max_trials: int, max_epochs: int) -> NewTrial | Promote | None:
        """The next decision with ``started`` trials begun so far; None when there is nothing left to start."""


class Executor(Protocol):
    """Where rungs run."""

    name: ClassVar[str]
    capacity: int

    def submit(self, spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> Future[RungResult]:
        """Start a rung; ``on_epoch`` may be called from any thread. A dead worker: the future raises WorkerDied."""

    def kill(self, job: int) -> None:
        """Stop a running job at once; its future raises :class:`WorkerDied` with ``ours=True``."""

    def close(self) -> None:
        """End all workers; returns within 5 s."""


class WorkerDied(Exception):  # noqa: N818 - an event, not a mistake
    """The worker of a rung ended without a result. ``ours``: we stopped it, so the attempt does not count."""

    def __init__(self, message: str, *, ours: bool = False) -> None:
        super().__init__(message)
        self.ours = ours
