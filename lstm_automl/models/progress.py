"""What training tells of its epochs, and what it must remember of them to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray


@dataclass(frozen=True)
class EpochScores:
    """One finished epoch.

    Args:
        epoch: Its number, from 0.
        loss: Mean training loss over its steps.
        scores: The task's metrics and ``val_loss``; empty without validation.
        seconds: Wall time, validation included.
    """

    epoch: int
    loss: float
    scores: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Progress:
    """What a run must remember of its earlier epochs to go on as if it had never paused.

    Args:
        next_epoch: The first epoch not trained yet.
        best_epoch: -1 before the first score.
        score: Objective at ``best_epoch``.
        loss: ``val_loss`` at ``best_epoch``.
        stopped: Patience has ended the run.
    """

    next_epoch: int = 0
    best_epoch: int = -1
    score: float | None = None
    loss: float | None = None
    stopped: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class FitResult:
    """What a fit found.

    Args:
        epochs: Those of this call.
        best_epoch, score, loss: Of the whole run, earlier calls included.
        status: ``stopped`` when ``should_stop`` said so: the trainer then stands at the end of the last whole epoch.
        best_weights: Those that predicted best, in this call, where asked for.
        progress: To go on from.
    """

    epochs: tuple[EpochScores, ...]
    best_epoch: int
    score: float | None
    loss: float | None
    status: Literal["completed", "diverged", "stopped"]
    best_weights: list[NDArray[Any]] | None
    progress: Progress
