"""Read a search while it runs: for trackers, reports and ``runs``."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from lstm_automl.errors import StateError, UsageError
from lstm_automl.search import encoding
from lstm_automl.search.contracts import Table
from lstm_automl.search.facts import read_meta
from lstm_automl.search.rows import EpochRow, JobRow, trial_table
from lstm_automl.search.sqlite import FILE, connect, errors_of


class StoreView:
    """A read-only view of a search; usable from any thread, also while its driver writes.

    Args:
        directory: The search directory.

    Raises:
        UsageError: it holds no search.
        StateError: a row or the file is damaged; also by any method.
    """

    def __init__(self, directory: Path) -> None:
        self.path = Path(directory) / FILE
        if not self.path.is_file():
            raise UsageError(f"{directory} is not a search: it has no {FILE}")
        self._guard = threading.Lock()
        with errors_of(self.path):
            self._db = connect(self.path, readonly=True)

    def meta(self) -> dict[str, Any]:
        """The facts about the search."""
        with self._guard, errors_of(self.path):
            return read_meta(self._db, self.path)

    def jobs(self) -> list[JobRow]:
        """All jobs in number order."""
        return self._rows("SELECT * FROM jobs ORDER BY number", (), encoding.read_job)

    def epochs(self, after_rowid: int = 0) -> list[EpochRow]:
        """The epochs stored after the row ``after_rowid``, oldest first."""
        statement = "SELECT id, job, epoch, data, time, checksum FROM epochs WHERE id > ? ORDER BY id"
        return self._rows(statement, (after_rowid,), encoding.read_epoch)

    def table(self) -> Table:
        """All trials in number order, running ones included."""
        trials = dict(self._rows("SELECT * FROM trials ORDER BY number", (), encoding.read_trial))
        return trial_table(trials, self.jobs(), self.meta()["metric"], self.meta()["direction"])

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _rows(self, statement: str, arguments: Sequence[Any], decode: Any) -> list[Any]:
        with self._guard, errors_of(self.path):
            rows = [decode(row) for row in self._db.execute(statement, arguments).fetchall()]
        if any(row is None for row in rows):
            raise StateError(f"{self.path} is damaged; 'lstm-automl resume' repairs what can be repaired")
        return rows

    def __enter__(self) -> StoreView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
