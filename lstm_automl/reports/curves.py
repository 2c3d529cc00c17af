"""What the pictures show, as numbers: one curve a trial, the best score over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from lstm_automl.search.contracts import TrialRow
from lstm_automl.search.pieces import settled
from lstm_automl.search.view import StoreView
from lstm_automl.tasks.task import Direction


@dataclass(frozen=True)
class Line:
    """A named line; ``strong`` lines stand out."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    strong: bool = False


def learning_lines(table: Sequence[TrialRow], best: int | None = None) -> list[Line]:
    """The objective after each epoch (the mean over folds, as far as all folds went), a line a trial."""
    lines = []
    for trial in table:
        folds = [fold for fold in trial.epochs if fold]
        means = [fmean(scores) for scores in zip(*folds, strict=False)] if folds else []
        points = [(float(e), s) for e, s in enumerate(means) if math.isfinite(s)]
        if points:
            x, y = zip(*points, strict=True)
            lines.append(Line(f"trial {trial.number}", x, y, trial.number == best))
    return lines


@dataclass(frozen=True)
class Progress:
    """Trials in the order in which they ended: minutes since the start, score, best so far."""

    minutes: Sequence[float]
    trials: Sequence[int]
    scores: Sequence[float]
    best: Sequence[float]


def progress(view: StoreView, direction: Direction) -> Progress:
    """When which score was reached. Pauses between a stop and its resume count."""
    ended: dict[int, float] = {}
    started: list[float] = []
    for job in view.jobs():
        if job.spec.purpose == "search":
            ended[job.spec.trial] = max(ended.get(job.spec.trial, 0.0), job.ended or 0.0)
            started += [job.started] if job.started else []
    table = [settled(row, direction) for row in view.table()]
    rows = [t for t in table if t.score is not None and math.isfinite(t.score) and t.status == "completed"]
    rows.sort(key=lambda t: (ended[t.number], t.number))
    better = max if direction == "max" else min
    scores = [float(t.score or 0.0) for t in rows]
    best: list[float] = []
    for score in scores:
        best.append(better(best[-1], score) if best else score)
    zero = min(started, default=0.0)
    return Progress([(ended[t.number] - zero) / 60 for t in rows], [t.number for t in rows], scores, best)
