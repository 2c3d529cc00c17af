"""What MLflow has been told already: ``tracking.db`` in the search directory, held by one sender at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from lstm_automl.errors import LockedError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sent(uri TEXT, key TEXT, value TEXT, PRIMARY KEY(uri, key));
CREATE TABLE IF NOT EXISTS epochs(uri TEXT, job INTEGER, epoch INTEGER, PRIMARY KEY(uri, job, epoch));
"""


class Cursor:
    """A small dictionary on disk, per tracking URI; losing it costs only time, as points sent again are one point.

    Args:
        directory: The search directory.
        uri: The tracking URI; each has a cursor of its own.
        timeout: Seconds to wait for another sender to let go.

    Raises:
        LockedError: another process sends for this search.
    """

    def __init__(self, directory: Path, uri: str, timeout: float = 5.0) -> None:
        from filelock import FileLock, Timeout

        self._uri = uri
        self._lock = FileLock(directory / "tracking.lock")
        try:
            self._lock.acquire(timeout=timeout)
        except Timeout:
            raise LockedError(f"{directory.name}: another process is sending this search to MLflow") from None
        try:
            self._connection = _opened(directory / "tracking.db")
        except BaseException:
            self._lock.release()
            raise

    def get(self, key: str, default: str = "") -> str:
        """What was stored last under ``key``."""
        row = self._connection.execute("SELECT value FROM sent WHERE uri = ? AND key = ?", (self._uri, key)).fetchone()
        return str(row[0]) if row else default

    def put(self, **values: str | int) -> None:
        """Store; on disk when it returns."""
        rows = [(self._uri, key, str(value)) for key, value in values.items()]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)", rows)

    def epochs(self) -> set[tuple[int, int]]:
        """(job, epoch) of everything sent."""
        rows = self._connection.execute("SELECT job, epoch FROM epochs WHERE uri = ?", (self._uri,))
        return set(rows.fetchall())

    def add_epochs(self, epochs: Iterable[tuple[int, int]]) -> None:
        """These are sent: by name, as a damaged store may number its rows anew."""
        rows = [(self._uri, *epoch) for epoch in epochs]
        with self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO epochs VALUES (?, ?, ?)", rows)

    def clear(self) -> None:
        """Forget everything of this URI but how the search ended."""
        with self._connection:
            self._connection.execute("DELETE FROM epochs WHERE uri = ?", (self._uri,))
            self._connection.execute("DELETE FROM sent WHERE uri = ? AND key != 'outcome'", (self._uri,))

    def close(self) -> None:
        """Let another process send."""
        self._connection.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_sending(directory: Path) -> bool:
    """Whether somebody sends the search in ``directory`` to MLflow just now."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(directory / "tracking.lock", timeout=0):
            return False
    except Timeout:
        return True


def note_outcome(directory: Path, uri: str, how: str) -> None:
    """Store how a search ended, under ``outcome``; needs no turn, a sender may be at work."""
    with closing(_opened(directory / "tracking.db")) as connection, connection:
        connection.execute("INSERT OR REPLACE INTO sent VALUES (?, 'outcome', ?)", (uri, how))


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _with_schema(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
            raise
        # damaged: everything is sent again, and what MLflow has already stays one point
        path.unlink()
        return _with_schema(path)


def _with_schema(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30)
    try:
        connection.executescript(_SCHEMA)
        connection.execute("SELECT count(*) FROM sent, epochs").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
