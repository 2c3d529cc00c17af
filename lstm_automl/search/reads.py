"""How many results decisions were shown, where those were more than the rule says; the file knows how many it held."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterator, Mapping

from lstm_automl.search import encoding


class Reads(Mapping[int, int]):
    """Results shown, by the first job of the decision. A row that is lost would change the order of reading unseen.

    How many rows there should be stands in ``user_version`` of the file, written together with them.

    Args:
        db: The store's connection; all but reading takes place in a transaction of its owner.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db, self._results = db, dict[int, int]()
        self.damaged: list[int] = []
        """Jobs as the damaged rows name them, of which :meth:`tidy` has still to remove the rows."""
        for row in db.execute("SELECT * FROM reads ORDER BY job"):
            if encoding.whole(row):
                self._results[row[0]] = row[1]
            else:
                self.damaged.append(row[0])
        noted = int(db.execute("PRAGMA user_version").fetchone()[0])
        self._expected = max(noted, len(self) + len(self.damaged))  # older files do not say

    def __getitem__(self, job: int) -> int:
        return self._results[job]

    def __iter__(self) -> Iterator[int]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    @property
    def lost(self) -> int:
        """How many rows were there once and are not."""
        return max(0, self._expected - len(self))

    def keep(self, job: int, results: int | None) -> None:
        """A decision is recorded; None = it was shown what the rule says, whatever an older one of that number was."""
        if results is not None:
            self._db.execute("INSERT OR REPLACE INTO reads VALUES(?,?,?)", encoding.read_columns(job, results))
            self._results[job] = results
        elif self._results.pop(job, None) is None:
            return
        else:
            self._db.execute("DELETE FROM reads WHERE job = ?", (job,))
        self._note()

    def tidy(self, jobs: Container[int]) -> None:
        """All that could be found was: remove damaged rows, and those of jobs that are not there."""
        for job in {*self.damaged, *self._results}:
            if job not in self._results or job not in jobs:
                self._db.execute("DELETE FROM reads WHERE job = ?", (job,))
                self._results.pop(job, None)
        self.damaged.clear()
        self._expected = len(self)
        self._note()

    def _note(self) -> None:
        self._db.execute(f"PRAGMA user_version = {len(self)}")
