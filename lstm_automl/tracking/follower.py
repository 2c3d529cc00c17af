"""The store as a sender needs it: only what has changed since the last look is read and checked again."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lstm_automl.errors import StateError
from lstm_automl.search import encoding
from lstm_automl.search.contracts import Table, TrialRow
from lstm_automl.search.rows import EpochRow, JobRow, trial_row
from lstm_automl.search.sqlite import connect, errors_of
from lstm_automl.search.view import StoreView


class Follower:
    """Follows a store while its driver writes. A look at a search of 500 trials must not cost a second of it.

    Args:
        directory: The search directory.

    Raises:
        UsageError: it holds no search.
        StateError: a row is damaged; also by :meth:`look`.
    """

    def __init__(self, directory: Path) -> None:
        self._view = StoreView(directory)
        with errors_of(self._view.path):
            self._db = connect(self._view.path, readonly=True)
        self.meta: Mapping[str, Any] = self._view.meta()
        self.jobs: dict[int, JobRow] = {}
        self._of_trial: dict[int, list[int]] = {}
        self._marks: dict[int, tuple[Any, ...]] = {}
        self._rows: dict[int, TrialRow] = {}
        self._version, self._read = -1, 0

    @property
    def table(self) -> Table:
        """All trials seen by the last look, in number order."""
        return [self._rows[number] for number in sorted(self._rows)]

    def look(self) -> tuple[list[EpochRow], list[int]]:
        """Read what is new: epochs (in the order of the store) and the trials that changed; both empty if nothing."""
        with errors_of(self._view.path):
            version = self._db.execute("PRAGMA data_version").fetchone()[0]
            if version == self._version:
                return [], []
            # epochs first: the jobs read after them hold every job they name
            epochs = self._view.epochs(self._read)
            changed = self._changed_jobs()
        self._refresh(changed)
        self._version = version
        if epochs:
            self._read = epochs[-1].rowid
        return epochs, sorted({self.jobs[number].spec.trial for number in changed})

    def row(self, trial: int) -> TrialRow:
        """A trial as of the last look."""
        return self._rows[trial]

    def of_trial(self, trial: int) -> list[JobRow]:
        """The jobs that decide on a trial: those of the search, in number order."""
        return [self.jobs[number] for number in self._of_trial.get(trial, ())]

    def finished_rungs(self) -> Iterator[tuple[float | None, float]]:
        """Score and time of each rung in the order in which they were decided, up to the first that is under way."""
        ended: dict[tuple[int, int], float] = {}
        for number in sorted(self.jobs):
            job = self.jobs[number]
            if job.spec.purpose == "search":
                rung = job.spec.trial, job.spec.to_epoch
                ended[rung] = max(ended.get(rung, 0.0), job.ended or 0.0)
        for (trial, to_epoch), time in ended.items():
            row = self._rows[trial]
            scores = dict(row.rungs)
            if to_epoch not in scores and row.status != "stopped":
                return
            yield scores.get(to_epoch), time

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        self._view.close()

    def _changed_jobs(self) -> list[int]:
        rows = self._db.execute("SELECT number, started, ended, checksum FROM jobs").fetchall()
        changed = [row[0] for row in rows if self._marks.get(row[0]) != row[1:]]
        self._marks.update((row[0], row[1:]) for row in rows)
        for number in changed:
            job = encoding.read_job(self._db.execute("SELECT * FROM jobs WHERE number = ?", (number,)).fetchone())
            if job is None:
                raise StateError(f"{self._view.path} is damaged; 'lstm-automl resume' repairs what can be repaired")
            if number not in self.jobs and job.spec.purpose == "search":
                insort(self._of_trial.setdefault(job.spec.trial, []), number)
            self.jobs[number] = job
        return changed

    def _refresh(self, changed: list[int]) -> None:
        for trial in {self.jobs[number].spec.trial for number in changed}:
            jobs = self.of_trial(trial)
            if jobs:
                self._rows[trial] = trial_row(
                    trial, jobs[0].spec.values, jobs, self.meta["metric"], self.meta["direction"]
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
