"""Trials from the rungs they are made of: pure, and light enough to be kept for a hundred thousand rungs."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median_low

from lstm_automl.search.contracts import RungResult, RungSpec, Status, TrialRow, Values
from lstm_automl.tasks.task import Direction

_WORST: Sequence[Status] = ("failed", "diverged", "stopped", "completed")
_SAME: dict[str, Status] = {status: status for status in _WORST}  # one copy of what each result read brings anew

Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Piece:
    """What a table needs of one job.

    Args:
        fold, to_epoch: Of its spec.
        status: None while there is no result that may be read.
        score, loss, best_epoch: Of its result: of the trial up to there.
        scores, losses: Objective and ``val_loss`` of each of its epochs, packed: there are a million of them.
    """

    fold: int
    to_epoch: int
    status: Status | None = None
    score: float | None = None
    loss: float | None = None
    best_epoch: int = -1
    scores: Sequence[float] = ()
    losses: Sequence[float] = ()


def piece(spec: RungSpec, result: RungResult | None, metric: str) -> Piece:
    """The piece of a job with that result."""
    if result is None:
        return Piece(spec.fold, spec.to_epoch)
    status = _SAME[result.status]
    if status == "completed" and (result.score is None or not math.isfinite(result.score)):
        status = "diverged"
    told = [e.scores for e in result.epochs if metric in e.scores]
    scores = array("d", [s[metric] for s in told])
    losses = array("d", [s.get("val_loss", math.inf) for s in told])
    return Piece(spec.fold, spec.to_epoch, status, result.score, result.loss, result.best_epoch, scores, losses)


def row_of(number: int, values: Values, pieces: Sequence[Piece], direction: Direction) -> TrialRow:
    """A trial: one fold is scored at its best epoch, several at one epoch common to all.

    The best of many epochs flatters a small validation part, and the folds' own bests the more, the fewer examples a
    fold has (``benchmarks/studies.py``).
    """
    folds: dict[int, list[Piece]] = {}
    for part in sorted(pieces, key=lambda p: (p.fold, p.to_epoch)):
        folds.setdefault(part.fold, []).append(part)
    to_epoch = max((p.to_epoch for p in pieces), default=0)
    ends = _finished(folds)
    rungs = tuple((end, _score_at(folds, end, direction)) for end in ends)
    last = [parts[-1] for parts in folds.values()]
    if not last or any(p.status is None for p in last):
        epochs = _epochs(folds, ends[-1]) if ends else ()
        return TrialRow(number, values, "running", epochs=epochs, to_epoch=to_epoch, rungs=rungs)
    status, epochs = _worst(last), _epochs(folds, to_epoch)
    if status != "completed":
        return TrialRow(number, values, status, epochs=epochs, to_epoch=to_epoch, rungs=rungs)
    score, loss, at = _standing(folds, to_epoch, direction)
    return TrialRow(number, values, status, score, loss, at, epochs, to_epoch, rungs)


def settled(row: TrialRow, direction: Direction) -> TrialRow:
    """A trial whose newest rung was cut off, as its last finished rung left it; any other as it is.

    For a search that ends by its time: a good trial under promotion is still a good trial.

    >>> cut = TrialRow(0, {}, "running", epochs=((0.5, 0.7),), to_epoch=6, rungs=((2, 0.7),))
    >>> row = settled(cut, "max")
    >>> row.status, row.score, row.best_epoch, row.to_epoch
    ('completed', 0.7, 1, 2)
    """
    if row.status not in ("running", "stopped") or not row.rungs or row.rungs[-1][1] is None:
        return row
    end = row.rungs[-1][0]
    curves = [tuple((score, math.inf) for score in fold[:end]) for fold in row.epochs]
    at = common_epoch(curves, direction)[0] if curves and all(curves) else -1
    epochs = tuple(tuple(fold[:end]) for fold in row.epochs)
    return TrialRow(row.number, row.values, "completed", row.rungs[-1][1], None, at, epochs, end, row.rungs)


def common_epoch(folds: Sequence[Curve], direction: Direction) -> tuple[int, float, float]:
    """The epoch with the best mean over folds, its mean score and loss; ties go to the lower loss.

    Args:
        folds: Score and ``val_loss`` of each epoch of each fold; a fold that ended early keeps its last.
        direction: Of the objective.

    >>> common_epoch([[(0.5, 1.0), (1.0, 0.5)], [(0.9, 0.1)]], "max")
    (1, 0.95, 0.3)
    """
    sign = -1.0 if direction == "max" else 1.0
    means = []
    for epoch in range(max(map(len, folds))):
        at = [curve[min(epoch, len(curve) - 1)] for curve in folds]
        means.append((fmean(score for score, _ in at), fmean(loss for _, loss in at)))
    best = min(range(len(means)), key=lambda e: (sign * means[e][0], means[e][1], e))
    return best, *means[best]


Folds = dict[int, list[Piece]]


def _finished(folds: Folds) -> list[int]:
    """Where the rungs ended that all folds have finished."""
    ends = sorted({p.to_epoch for parts in folds.values() for p in parts})
    done = [{p.to_epoch for p in parts if p.status not in (None, "stopped")} for parts in folds.values()]
    found = []
    for end in ends:
        if not all(end in fold for fold in done):
            break
        found.append(end)
    return found


def _score_at(folds: Folds, end: int, direction: Direction) -> float | None:
    rung = [p for parts in folds.values() for p in parts if p.to_epoch == end]
    return _standing(folds, end, direction)[0] if _worst(rung) == "completed" else None


def _standing(folds: Folds, end: int, direction: Direction) -> tuple[float, float | None, int]:
    """Score, loss and epoch of the best so far, ``end`` included; all pieces up to there are completed."""
    if len(folds) > 1:
        curves = [
            [at for p in parts if p.to_epoch <= end for at in zip(p.scores, p.losses, strict=True)]
            for parts in folds.values()
        ]
        if all(curves):
            at, score, loss = common_epoch(curves, direction)
            return score, loss, at
    last = [next(p for p in parts if p.to_epoch == end) for parts in folds.values()]
    losses = [p.loss for p in last if p.loss is not None and math.isfinite(p.loss)]
    score = fmean(p.score for p in last if p.score is not None)
    return score, fmean(losses) if len(losses) == len(last) else None, int(median_low(p.best_epoch for p in last))


def _epochs(folds: Folds, end: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(score for p in parts if p.to_epoch <= end for score in p.scores) for parts in folds.values())


def _worst(pieces: Sequence[Piece]) -> Status:
    return min((p.status for p in pieces if p.status is not None), key=_WORST.index)
