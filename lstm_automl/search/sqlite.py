"""SQLite with this package's errors, and rows that know when they are damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lstm_automl.errors import StateError, StorageError

FILE = "search.db"
FORMAT = 2

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trials(number INTEGER PRIMARY KEY, data TEXT NOT NULL, checksum TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs(number INTEGER PRIMARY KEY, data TEXT NOT NULL, result TEXT, started REAL, ended REAL,
    checksum TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS epochs(id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL, epoch INTEGER NOT NULL,
    data TEXT NOT NULL, time REAL NOT NULL, checksum TEXT NOT NULL, UNIQUE(job, epoch));
CREATE TABLE IF NOT EXISTS reads(job INTEGER PRIMARY KEY, results INTEGER NOT NULL, checksum TEXT NOT NULL);
"""


@contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into StorageError (the disk) or StateError (the file), both naming it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if any(sign in str(error) for sign in ("malformed", "no such table", "no such column", "not a database")):
            raise StateError(f"{path} is damaged: {error}") from error
        raise StorageError(f"cannot write {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StateError(f"{path} is damaged: {error}") from error
    except UnicodeDecodeError as error:
        raise StateError(f"{path} is damaged: text that is not UTF-8") from error


def connect(path: Path, *, readonly: bool = False) -> sqlite3.Connection:
    """A connection in which each statement commits by itself unless ``BEGIN`` was said."""
    if readonly:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All or nothing."""
    with errors_of(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            roll_back(connection)
            raise
        commit(connection)


def commit(connection: sqlite3.Connection) -> None:
    """End a transaction; what cannot be written leaves none open."""
    try:
        connection.execute("COMMIT")
    except BaseException:
        roll_back(connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """Forget the transaction that is open, if any is."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
