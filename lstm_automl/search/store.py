"""``search.db``: the only truth of a search, written by its driver alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_automl.errors import DifferentSearchError, StateError
from lstm_automl.search import encoding
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, Values
from lstm_automl.search.results import checksum
from lstm_automl.search.rows import JobRow
from lstm_automl.search.sqlite import FILE, FORMAT, SCHEMA, connect, errors_of, transaction

# What makes another search of it; places, workers and limits may change between runs.
IDENTITY = ("task", "space", "data_digest", "metric", "direction", "seed", "concurrency", "oracle", "scheduler",
            "folds", "patience")  # fmt: skip


class Store:
    """Trials, jobs, epochs and facts of one search; each row carries a checksum. One writer (see SearchLock).

    Args:
        directory: The search directory.

    Raises:
        StateError: the file is damaged beyond repair, or of a newer format.
        StorageError: the disk is full, read-only or gone; by any method.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)
        self.path = self.directory / FILE
        self.repaired: list[str] = []
        """What was found damaged at open, and what became of it."""
        with errors_of(self.path):
            self._db = connect(self.path)
            try:
                self._load()
            except BaseException:
                self._db.close()
                raise

    @classmethod
    def open_or_create(cls, directory: Path, meta: Mapping[str, Any]) -> Store:
        """Continue the search in ``directory``, or begin it.

        Args:
            directory: Made when absent.
            meta: Facts to keep: those of ``IDENTITY``, ``name``, ``limits`` ...

        Raises:
            DifferentSearchError: the search there was made with something else; lists what.
        """
        directory = Path(directory)
        with errors_of(directory / FILE):
            try:
                directory.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise sqlite3.OperationalError(str(error)) from error
            _create(directory, meta)
        store = cls(directory)
        try:
            store._continue(meta)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def meta(self) -> dict[str, Any]:
        """The facts, by name."""
        return dict(self._meta)

    @property
    def trials(self) -> Mapping[int, Values]:
        """Values by trial number."""
        return self._trials

    @property
    def jobs(self) -> Mapping[int, JobRow]:
        """Jobs by number."""
        return self._jobs

    def add(self, specs: Sequence[RungSpec], trial: tuple[int, Values] | None = None) -> None:
        """A decision: its jobs, and the trial when it is a new one; all or nothing."""
        rows = [JobRow(s.job, replace(s, directory="", folder="", deadline=None)) for s in specs]
        with transaction(self._db, self.path):
            if trial is not None:
                self._db.execute("INSERT INTO trials VALUES(?,?,?)", encoding.trial_columns(*trial))
            self._db.executemany("INSERT INTO jobs VALUES(?,?,?,?,?,?)", map(encoding.job_columns, rows))
        if trial is not None:
            self._trials[trial[0]] = dict(trial[1])
        self._jobs.update((row.number, row) for row in rows)

    def begin(self, job: int) -> None:
        """An attempt on the job starts now."""
        self._put(replace(self._jobs[job], started=time.time(), ended=None))

    def end(self, job: int, result: RungResult) -> None:
        """The job's result, with every epoch of it."""
        now = time.time()
        row = self._jobs[job]
        self._put(replace(row, result=result, started=row.started or now, ended=now), result.epochs)

    def add_epochs(self, epochs: Iterable[tuple[int, Epoch]]) -> None:
        """Epochs as they come; one already there is kept as it is."""
        now = time.time()
        rows = [encoding.epoch_columns(job, epoch, now) for job, epoch in epochs]
        with transaction(self._db, self.path):
            self._db.executemany(_ADD_EPOCH, rows)

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        self._db.close()

    def _put(self, row: JobRow, epochs: Iterable[Epoch] = ()) -> None:
        now = time.time()
        with transaction(self._db, self.path):
            self._db.execute("INSERT OR REPLACE INTO jobs VALUES(?,?,?,?,?,?)", encoding.job_columns(row))
            self._db.executemany(_ADD_EPOCH, [encoding.epoch_columns(row.number, e, now) for e in epochs])
        self._jobs[row.number] = row

    def _load(self) -> None:
        check_file(self._db, self.path)
        self._meta = read_meta(self._db, self.path)
        self._trials: dict[int, Values] = dict(self._read("trials", "*", encoding.read_trial, lambda t: t))
        self._jobs: dict[int, JobRow] = dict(self._read("jobs", "*", encoding.read_job, lambda j: (j.number, j)))
        self._read("epochs", "id, job, epoch, data, time, checksum", encoding.read_epoch, lambda e: (e.rowid, e))
        from lstm_automl.search.repair import repair

        repair(self)

    def _read(self, table: str, columns: str, decode: Callable[[Any], Any], item: Callable[[Any], Any]) -> list[Any]:
        """The whole rows of a table; damaged ones are removed."""
        found, key = [], "id" if table == "epochs" else "number"
        for row in self._db.execute(f"SELECT {columns} FROM {table} ORDER BY {key}").fetchall():
            value = decode(row)
            if value is None:
                self._db.execute(f"DELETE FROM {table} WHERE {key} = ?", (row[0],))
                self.repaired.append(f"a damaged row of {table} was removed: number {row[0]}")
            else:
                found.append(item(value))
        return found

    def _continue(self, meta: Mapping[str, Any]) -> None:
        differences = compare(self._meta, meta)
        if differences:
            raise DifferentSearchError(
                f"{self.directory} holds a search made with something else:\n"
                + "\n".join(f"  {line}" for line in differences)
            )
        for key in ("limits", "name"):
            if key in meta and meta[key] != self._meta.get(key):
                with transaction(self._db, self.path):
                    self._db.execute("INSERT OR REPLACE INTO meta VALUES(?,?,?)", encoding.meta_columns(key, meta[key]))
                self._meta[key] = meta[key]


_ADD_EPOCH = "INSERT OR IGNORE INTO epochs(job, epoch, data, time, checksum) VALUES(?,?,?,?,?)"


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What makes two searches different, one line a fact; larger limits do not.

    >>> compare({"seed": 1}, {"seed": 2})
    ['seed: 1 there, 2 now']
    """
    lines = [
        f"{k}: {_short(old.get(k))} there, {_short(new[k])} now"
        for k in IDENTITY
        if k in new and not _same(old.get(k), new[k])
    ]
    before, now = old.get("limits") or {}, new.get("limits") or {}
    if "max_epochs" in now and before.get("max_epochs") != now["max_epochs"]:
        lines.append(f"max_epochs: {before.get('max_epochs')} there, {now['max_epochs']} now")
    if "max_trials" in now and now["max_trials"] < before.get("max_trials", 0):
        lines.append(f"max_trials: {before['max_trials']} there, only {now['max_trials']} now (it may grow)")
    return lines


def _same(old: Any, new: Any) -> bool:
    return checksum(old) == checksum(new)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:15]}... ({checksum(value)[:8]})"


def check_file(db: sqlite3.Connection, path: Path) -> None:
    """Raise StateError when the file's own structure is damaged."""
    found = db.execute("PRAGMA integrity_check(1)").fetchone()
    if found != ("ok",):
        raise StateError(f"{path} is damaged: {found[0] if found else 'unreadable'}")


def read_meta(db: sqlite3.Connection, path: Path) -> dict[str, Any]:
    """The facts; each must be whole, and the format one that we know."""
    meta = {}
    for row in db.execute("SELECT * FROM meta").fetchall():
        if not encoding.whole(row):
            raise StateError(f"{path} is damaged: its facts about {row[0]!r} cannot be trusted")
        meta[row[0]] = json.loads(row[1])
    if meta.get("format", 0) > FORMAT:
        raise StateError(f"{path} has format {meta['format']}, this version reads up to {FORMAT}: upgrade lstm_automl")
    missing = [key for key in (*IDENTITY, "format", "search_id", "limits", "created") if key not in meta]
    if missing:
        raise StateError(f"{path} is damaged: it has lost its facts about {', '.join(missing)}")
    return meta


def _create(directory: Path, meta: Mapping[str, Any]) -> None:
    """A new database, complete when it gets its name."""
    path = directory / FILE
    if path.exists():
        return
    if any((directory / "jobs").glob("*")):
        raise StateError(f"{path} is missing, but {directory / 'jobs'} is not empty")
    made = directory / f".{FILE}.new"
    for name in (made.name, f"{FILE}-wal", f"{FILE}-shm"):
        (directory / name).unlink(missing_ok=True)
    facts = {"created": time.time(), "search_id": uuid.uuid4().hex, **meta, "format": FORMAT}
    db = sqlite3.connect(made, isolation_level=None)
    try:
        db.executescript(SCHEMA)
        db.execute("BEGIN")
        db.executemany("INSERT INTO meta VALUES(?,?,?)", [encoding.meta_columns(k, v) for k, v in facts.items()])
        db.execute("COMMIT")
        db.execute("PRAGMA journal_mode=WAL")
    finally:
        db.close()
    shutil.move(made, path)
