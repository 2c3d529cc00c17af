"""Checkpoints of a search: those of trials under way, of the best, and of the next to be promoted are kept."""

from __future__ import annotations

import bisect
import contextlib
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from lstm_automl.search.attempts import job_folder
from lstm_automl.search.contracts import TrialRow
from lstm_automl.tasks.task import Direction

KEEP = 3
"""Best trials whose checkpoints are kept."""
WAITING = 32
"""Trials of a rung that keep their checkpoint for a promotion. A promotion of any other is trained from its
beginning again, bit for bit the same: this bounds the disk whatever a scheduler does."""

_Place = tuple[float, float, int]


class Cleaner:
    """Removes checkpoints that nobody will need; the work does not grow with the search.

    Args:
        directory: The search directory.
        direction: Of the objective.
        max_epochs: A trial trained up to there is not promoted.
        jobs_of: The search jobs of a trial in the order they were decided.
    """

    def __init__(
        self, directory: Path, direction: Direction, max_epochs: int, jobs_of: Callable[[int], Sequence[int]]
    ) -> None:
        self._directory, self._max_epochs, self._jobs_of = directory, max_epochs, jobs_of
        self._sign = -1.0 if direction == "max" else 1.0
        self._best: list[_Place] = []
        self._waiting: dict[int, list[_Place]] = {}
        self._places: dict[int, list[tuple[list[_Place], _Place]]] = {}

    def ended(self, row: TrialRow, jobs: Sequence[int], folds: int) -> None:
        """All folds of a trial's newest rung are in and recorded.

        Args:
            row: The trial.
            jobs: Its jobs up to that rung, in order; the next may have been decided already.
            folds: Jobs a rung.
        """
        self.promoted(row.number)
        self.remove(jobs[:-folds])  # a later state is there
        if row.status != "completed" or row.score is None:
            self.remove(jobs[-folds:])
            return
        place = (self._sign * row.score, math.inf if row.loss is None else row.loss, row.number)
        # Who waits is entered first: leaving the best must not take what a promotion needs.
        if row.to_epoch < self._max_epochs:
            self._enter(self._waiting.setdefault(row.to_epoch, []), place, WAITING)
        self._enter(self._best, place, KEEP)
        self._leave_if_nowhere(row.number)

    def promoted(self, trial: int) -> None:
        """A trial goes on: its checkpoint is in use until its next rung has ended."""
        for places, place in self._places.pop(trial, []):
            if place in places:
                places.remove(place)

    def _enter(self, places: list[_Place], place: _Place, limit: int) -> None:
        bisect.insort(places, place)
        self._places.setdefault(place[2], []).append((places, place))
        if len(places) > limit:
            last = places.pop()[2]
            self._leave_if_nowhere(last)

    def _leave_if_nowhere(self, trial: int) -> None:
        held = [(places, place) for places, place in self._places.get(trial, []) if place in places]
        if held:
            self._places[trial] = held
        elif self._places.pop(trial, None) is not None:
            self.remove(self._jobs_of(trial))

    def remove(self, jobs: Sequence[int]) -> None:
        """Remove the checkpoints of jobs that have ended and that nobody goes on from: those of a selection at once."""
        for job in jobs:
            folder = str(job_folder(self._directory, job))
            with contextlib.suppress(OSError):  # never worth stopping a search
                for attempt in os.listdir(folder):
                    for name in os.listdir(f"{folder}/{attempt}"):
                        if name.startswith("checkpoint") and name.endswith(".npz"):
                            os.unlink(f"{folder}/{attempt}/{name}")
