"""The jobs of a store: those under way in memory, the others read when they are asked for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lstm_automl.errors import StateError
from lstm_automl.search import encoding
from lstm_automl.search.pieces import Piece, piece
from lstm_automl.search.rows import JobRow
from lstm_automl.search.sqlite import errors_of


@dataclass
class OpenJob:
    """A job without its final result: its row, its spec as text, and the epochs of it that are stored."""

    row: JobRow
    text: str
    epochs: set[int] = field(default_factory=set)


class Jobs(Mapping[int, JobRow]):
    """All jobs by number; a search of a hundred thousand would not fit into memory with its results.

    Args:
        db: The store's connection.
        path: Of its file, for messages.
        metric: The objective.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, metric: str) -> None:
        self._db, self._path, self._metric = db, path, metric
        self._numbers: set[int] = set()
        self._noted: dict[int, tuple[int, Piece]] | None = {}
        self.open: dict[int, OpenJob] = {}

    def put(self, row: JobRow, text: str | None = None) -> OpenJob:
        """A job as it now is; ``text`` its spec, where known."""
        self._numbers.add(row.number)
        if self._noted is not None and row.spec.purpose == "search":
            self._noted[row.number] = row.spec.trial, piece(row.spec, row.result, self._metric)
        job = self.open.get(row.number) or OpenJob(row, text or encoding.spec_text(row.spec))
        job.row = row
        if row.finished:
            self.open.pop(row.number, None)
        else:
            self.open[row.number] = job
        return job

    def pieces(self) -> Iterator[tuple[int, int, Piece]]:
        """Number, trial and piece of the search's jobs; the first time as they were read when the store was opened."""
        noted, self._noted = self._noted, None
        if noted is None:
            rows = (row for row in self.values() if row.spec.purpose == "search")
            noted = {row.number: (row.spec.trial, piece(row.spec, row.result, self._metric)) for row in rows}
        for number in sorted(noted):
            yield number, *noted[number]

    def find(self, number: int) -> OpenJob:
        """A job to be changed."""
        found = self.open.get(number)
        return found if found is not None else OpenJob(row := self[number], encoding.spec_text(row.spec))

    def __getitem__(self, number: int) -> JobRow:
        if number in self.open:
            return self.open[number].row
        if number not in self._numbers:
            raise KeyError(number)
        with errors_of(self._path):
            found = self._db.execute("SELECT * FROM jobs WHERE number = ?", (number,)).fetchone()
        row = None if found is None else encoding.read_job(found)
        if row is None:
            raise StateError(f"{self._path} is damaged: job {number} cannot be read any more")
        return row

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._numbers))

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, number: object) -> bool:
        return number in self._numbers
