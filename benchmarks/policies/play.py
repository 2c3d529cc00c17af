"""A search in virtual time over recorded learning curves: the driver's rule of decisions, the real schedulers."""

from __future__ import annotations

import heapq
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lstm_automl.search.contracts import NewTrial
from lstm_automl.search.pieces import Piece, row_of
from lstm_automl.search.rows import rank
from lstm_automl.search.table import LiveTable


@dataclass(frozen=True)
class Curves:
    """What ``record.py`` kept of one set: arrays of (configuration, fold, epoch)."""

    name: str
    score: np.ndarray
    loss: np.ndarray
    seconds: np.ndarray
    start: np.ndarray
    number: Sequence[int]
    values: Sequence[dict[str, Any]]
    full: np.ndarray
    """Score of each configuration at full length: the best epoch common to its folds."""

    @classmethod
    def load(cls, path: Path) -> Curves:
        """From the file of ``record.py``."""
        with np.load(path) as f:
            full = f["score"].mean(axis=1).max(axis=1)
            values = [json.loads(str(v)) for v in f["values"]]
            arrays = (f[k] for k in ("score", "loss", "seconds", "start"))
            return cls(path.stem, *arrays, f["number"].tolist(), values, full)

    @property
    def epochs(self) -> int:
        """Full length."""
        return int(self.score.shape[2])


@dataclass
class Played:
    """What a played search came to.

    Args:
        best: Full-length score of the trial that ranks first at the end.
        best3: The best full-length score among its first three, which a selection runs again.
        seconds: Virtual time until nothing was left to do.
        found: (virtual time, best score known by then), growing.
        epochs, rungs: Trained, all folds counted.
        busy: Share of the workers' time spent training.
    """

    best: float = 0.0
    best3: float = 0.0
    seconds: float = 0.0
    epochs: int = 0
    rungs: int = 0
    busy: float = 0.0
    found: list[tuple[float, float]] = field(default_factory=list)

    def reached(self, score: float) -> float:
        """When ``score`` was known; infinity if never."""
        return next((time for time, best in self.found if best >= score), float("inf"))


@dataclass
class _Job:
    trial: int
    fold: int
    begin: int
    end: int
    piece: Piece | None = None
    over: bool = False


class Play:
    """One search.

    Args:
        curves: Of one set.
        scheduler: Asked as the driver asks.
        order: Configurations in the order in which they are proposed.
        workers: Processes.
        concurrency: Jobs decided ahead.
        patience: As of a search; None = never.
    """

    def __init__(
        self, curves: Curves, scheduler: Any, order: Sequence[int], workers: int, concurrency: int, patience: int | None
    ) -> None:
        self.curves, self.scheduler, self.order = curves, scheduler, list(order)
        self.workers, self.concurrency, self.patience = workers, concurrency, patience
        self.jobs: list[_Job] = []
        self.table, self.readable, self.shown, self.exhausted = LiveTable(), 0, 0, False
        self.prefix = 0
        self.of_trial: list[list[int]] = []
        self.length: dict[tuple[int, int], int] = {}

    def run(self) -> Played:
        """Play it to the end."""
        out, pending, running, now, work = Played(), deque[int](), list[tuple[float, int]](), 0.0, 0.0
        while True:
            while len(pending) < self.workers and self._due():
                pending.extend(self._decide())
            while pending and len(running) < self.workers:
                job = pending.popleft()
                seconds, epochs = self._train(self.jobs[job])
                heapq.heappush(running, (now + seconds, job))
                work, out.epochs, out.rungs = work + seconds, out.epochs + epochs, out.rungs + 1
            if not running:
                break
            now, job = heapq.heappop(running)
            self._end(self.jobs[job])
            self._note(out, now, self.jobs[job].trial)
        ranked = [self.curves.full[self.order[row.number]] for row in rank(self.table, "max")]
        out.best, out.best3, out.seconds, out.busy = ranked[0], max(ranked[:3]), now, work / (now * self.workers)
        return out

    def _due(self) -> bool:
        if self.exhausted:
            return False
        self.readable = min(max(self.readable, len(self.jobs) - self.concurrency + 1), len(self.jobs))
        while self.prefix < len(self.jobs) and self.jobs[self.prefix].over:
            self.prefix += 1
        return self.prefix >= self.readable

    def _decide(self) -> list[int]:
        for trial in {job.trial for job in self.jobs[self.shown : self.readable]}:
            self._refresh(trial)
        self.shown = self.readable
        found = self.scheduler.next(self.table, len(self.of_trial), len(self.order), self.curves.epochs)
        if found is None:
            self.exhausted = self.readable >= len(self.jobs)
            self.readable += 1
            return []
        trial = len(self.of_trial) if isinstance(found, NewTrial) else found.number
        begin = 0 if isinstance(found, NewTrial) else self.table[trial].to_epoch
        if isinstance(found, NewTrial):
            self.of_trial.append([])
        first = len(self.jobs)
        self.jobs += [_Job(trial, fold, begin, found.to_epoch) for fold in range(self.curves.score.shape[1])]
        self.of_trial[trial] += range(first, len(self.jobs))
        self._refresh(trial)
        return list(range(first, len(self.jobs)))

    def _refresh(self, trial: int) -> None:
        pieces = []
        for number in self.of_trial[trial]:
            job = self.jobs[number]
            unknown = number >= self.readable or not job.over or job.piece is None
            pieces.append(Piece(job.fold, job.end) if unknown or job.piece is None else job.piece)
        self.table.put(row_of(trial, self.curves.values[self.order[trial]], pieces, "max"))

    def _train(self, job: _Job) -> tuple[float, int]:
        """Seconds and epochs of a rung; what comes of it is laid down for its end."""
        config, fold = self.order[job.trial], job.fold
        score, loss = self.curves.score[config, fold], self.curves.loss[config, fold]
        stop = min(job.end, self._patience_ends(config, fold))
        begin = min(job.begin, stop)
        best = max(range(stop), key=lambda e: (score[e], -loss[e], -e))
        curve = tuple((float(score[e]), float(loss[e])) for e in range(begin, stop))
        job.piece = Piece(fold, job.end, "completed", float(score[best]), float(loss[best]), best, curve)
        return float(
            self.curves.start[config, fold] + self.curves.seconds[config, fold, begin:stop].sum()
        ), stop - begin

    def _patience_ends(self, config: int, fold: int) -> int:
        """The number of epochs after which patience ends the run, as :func:`lstm_automl.models.fit.fit` counts."""
        if self.patience is None:
            return self.curves.epochs
        falling = self.curves.values[config].get("schedule", "one_cycle") != "constant"
        key, best = (config, fold), 0
        if key not in self.length:
            self.length[key] = self.curves.epochs
            score, loss = self.curves.score[config, fold], self.curves.loss[config, fold]
            for e in range(self.curves.epochs):
                best = max(best, e, key=lambda i: (score[i], -loss[i], -i))
                if e - max(best, self.curves.epochs // 2 if falling else 0) >= self.patience:
                    self.length[key] = e + 1
                    break
        return self.length[key]

    def _end(self, job: _Job) -> None:
        job.over = True

    def _note(self, out: Played, now: float, trial: int) -> None:
        """The score of a trial's newest rung, once all its folds are in, as a person who looks would see it."""
        jobs = [self.jobs[n] for n in self.of_trial[trial]]
        if all(job.over for job in jobs):
            row = row_of(trial, {}, [job.piece for job in jobs if job.piece], "max")
            if row.score is not None and (not out.found or row.score > out.found[-1][1]):
                out.found.append((now, row.score))
