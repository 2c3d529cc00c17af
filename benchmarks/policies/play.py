"""A search in virtual time over recorded learning curves: the driver's rule of decisions, the real schedulers."""

from __future__ import annotations

import heapq
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from lstm_automl.models.cost import rung_seconds
from lstm_automl.search.contracts import NewTrial, TrialRow
from lstm_automl.search.pieces import Piece, row_of, settled
from lstm_automl.search.reading import ReadingOrder
from lstm_automl.search.rows import rank
from lstm_automl.search.table import LiveTable


@dataclass(frozen=True)
class Curves:
    """What ``record.py`` kept of one set and seed: arrays of (configuration, fold, epoch)."""

    name: str
    score: np.ndarray
    loss: np.ndarray
    seconds: np.ndarray
    start: np.ndarray
    values: Sequence[dict[str, Any]]
    full: np.ndarray
    """Score of each configuration at full length: the best epoch common to its folds."""
    judge: np.ndarray
    """The mean of ``full`` over the other seeds: what a choice is worth that was made on this one."""
    steps: int
    """Optimiser steps of an epoch, at the default batch size."""
    shape: tuple[int, int, int]
    """Training examples, usual length, channels."""

    def expected(self, config: int, epochs: int) -> float:
        """Predicted seconds of so many epochs."""
        examples, length, features = self.shape
        return rung_seconds(self.values[config], epochs, examples=examples, length=length, features=features)

    @property
    def epochs(self) -> int:
        """Full length."""
        return int(self.score.shape[2])


def recorded(folder: Path, name: str, seeds: Sequence[int], steps: int, shape: tuple[int, int, int]) -> list[Curves]:
    """One a seed, of the first configurations, as far as all seeds have them."""
    whole = (all((folder / f"{name}-{seed}-{n}.npz").exists() for seed in seeds) for n in count())
    numbers = range(sum(takewhile(bool, whole)))
    files = [[np.load(folder / f"{name}-{seed}-{n}.npz") for n in numbers] for seed in seeds]
    full = np.array([[f["score"].mean(axis=0).max() for f in of_seed] for of_seed in files])
    found = []
    for i, of_seed in enumerate(files):
        arrays = [np.stack([f[key] for f in of_seed]) for key in ("score", "loss", "seconds", "start")]
        values = [json.loads(str(f["values"])) for f in of_seed]
        judge = np.delete(full, i, axis=0).mean(axis=0)
        found.append(Curves(name, *arrays, values, full[i], judge, steps, shape))
    return found


def pooled(seeds: Sequence[Curves]) -> Curves:
    """All seeds as one set of trials: scores are moved so that each seed has the same mean."""
    mean = np.mean([c.full.mean() for c in seeds])
    shifts = [mean - c.full.mean() for c in seeds]
    return Curves(
        seeds[0].name,
        np.concatenate([c.score + shift for c, shift in zip(seeds, shifts, strict=True)]),
        *(np.concatenate([getattr(c, key) for c in seeds]) for key in ("loss", "seconds", "start")),
        [v for c in seeds for v in c.values],
        np.concatenate([c.full + shift for c, shift in zip(seeds, shifts, strict=True)]),
        np.tile(np.mean([c.full for c in seeds], axis=0), len(seeds)),
        seeds[0].steps,
        seeds[0].shape,
    )


@dataclass
class Played:
    """What a played search came to.

    Args:
        seconds: Virtual time until nothing was left to do.
        epochs, rungs: Trained, all folds counted.
        busy: Share of the workers' time spent training.
        leaders: (virtual time, configuration that ranked first from then on).
    """

    seconds: float = 0.0
    epochs: int = 0
    rungs: int = 0
    busy: float = 0.0
    leaders: list[tuple[float, int]] = field(default_factory=list)

    def leader(self, time: float) -> int | None:
        """The configuration that a search ended at ``time`` would choose."""
        return next((config for at, config in reversed(self.leaders) if at <= time), None)

    def reached(self, full: np.ndarray, score: float) -> float:
        """When a configuration that is worth ``score`` came to rank first; infinity if none did."""
        return next((time for time, config in self.leaders if full[config] >= score), float("inf"))


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
        predict: Results are read in the order of predicted ends, as a search does; else in the order of their jobs.
    """

    def __init__(
        self,
        curves: Curves,
        scheduler: Any,
        order: Sequence[int],
        workers: int,
        concurrency: int,
        patience: int | None,
        predict: bool = True,
    ) -> None:
        self.curves, self.scheduler, self.order = curves, scheduler, list(order)
        self.workers, self.concurrency, self.patience = workers, concurrency, patience
        self.jobs: list[_Job] = []
        self.table, self.readable, self.shown, self.exhausted = LiveTable(), 0, 0, False
        self.prefix, self.predict = 0, predict
        self.reading, self.visible = ReadingOrder(), set[int]()
        self.of_trial: list[list[int]] = []
        self.length: dict[tuple[int, int], int] = {}
        self.known: dict[int, TrialRow] = {}

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
        out.seconds, out.busy = now, work / (now * self.workers)
        return out

    def _due(self) -> bool:
        if self.exhausted:
            return False
        self.readable = min(max(self.readable, len(self.jobs) - self.concurrency + 1), len(self.jobs))
        for number in self.reading[self.prefix : self.readable]:
            if not self.jobs[number].over:
                return False
            self.prefix += 1
        return True

    def _decide(self) -> list[int]:
        numbers = self.reading[self.shown : self.readable]
        self.visible.update(numbers)
        for trial in dict.fromkeys(self.jobs[n].trial for n in numbers):
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
        cost = self.curves.expected(self.order[trial], found.to_epoch - begin) if self.predict else 1.0
        self.reading.decide(self.readable, [cost] * (len(self.jobs) - first))
        self._refresh(trial)
        return list(range(first, len(self.jobs)))

    def _refresh(self, trial: int) -> None:
        pieces = []
        for number in self.of_trial[trial]:
            job = self.jobs[number]
            unknown = number not in self.visible or not job.over or job.piece is None
            pieces.append(Piece(job.fold, job.end) if unknown or job.piece is None else job.piece)
        self.table.put(row_of(trial, self.curves.values[self.order[trial]], pieces, "max"))

    def _train(self, job: _Job) -> tuple[float, int]:
        """Seconds and epochs of a rung; what comes of it is laid down for its end."""
        config, fold = self.order[job.trial], job.fold
        score, loss = self.curves.score[config, fold], self.curves.loss[config, fold]
        stop = min(job.end, self._patience_ends(config, fold))
        begin = min(job.begin, stop)
        best = max(range(stop), key=lambda e: (score[e], -loss[e], -e))
        curves = score[begin:stop].tolist(), loss[begin:stop].tolist()
        job.piece = Piece(fold, job.end, "completed", float(score[best]), float(loss[best]), best, *curves)
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
        """Who would be chosen if the search ended now: unfinished rungs count as far as they had been finished."""
        pieces = [job.piece if job.over and job.piece else Piece(job.fold, job.end) for job in
                  (self.jobs[n] for n in self.of_trial[trial])]  # fmt: skip
        self.known[trial] = settled(row_of(trial, {}, pieces, "max"), "max")
        ranked = rank(list(self.known.values()), "max")
        if ranked and (not out.leaders or out.leaders[-1][1] != self.order[ranked[0].number]):
            out.leaders.append((now, self.order[ranked[0].number]))
