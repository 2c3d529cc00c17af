"""The facts a search was made with: read, compared with those of another call, brought to this version's format."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from lstm_automl.errors import StateError
from lstm_automl.search import encoding
from lstm_automl.search.results import checksum
from lstm_automl.search.sqlite import FILE, FORMAT, SCHEMA, transaction

# What makes another search of it; places, workers and limits may change between runs.
IDENTITY = ("task", "space", "data_digest", "metric", "direction", "seed", "concurrency", "oracle", "scheduler",
            "folds", "patience")  # fmt: skip


def read_meta(db: sqlite3.Connection, path: Path) -> dict[str, Any]:
    """The facts; each must be whole, and the format one that we know.

    Raises:
        StateError: they are damaged, or of a newer format.
    """
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


def create(directory: Path, meta: Mapping[str, Any]) -> None:
    """A new database, complete when it gets its name; one that is there stays.

    Raises:
        StateError: jobs are there, but not their database.
    """
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


def upgrade(db: sqlite3.Connection, path: Path, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Bring an older file to this version's format, keeping a copy of it beside; the facts then."""
    if meta["format"] == FORMAT:
        return dict(meta)
    kept = path.with_name(f"{path.name}.format-{meta['format']}")
    with closing(sqlite3.connect(kept)) as copy:
        db.backup(copy)
    with transaction(db, path):
        for statement in SCHEMA.split(";"):
            db.execute(statement)
        db.execute("INSERT OR REPLACE INTO meta VALUES(?,?,?)", encoding.meta_columns("format", FORMAT))
    return {**meta, "format": FORMAT}


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What makes two searches different, one line a fact; larger limits do not.

    >>> compare({"seed": 1}, {"seed": 2})
    ['seed: 1 there, 2 now']
    """
    lines = [
        f"{k}: {_short(old.get(k))} there, {_short(new[k])} now"
        for k in IDENTITY
        if k in new and checksum(old.get(k)) != checksum(new[k])
    ]
    before, now = old.get("limits") or {}, new.get("limits") or {}
    if "max_epochs" in now and before.get("max_epochs") != now["max_epochs"]:
        lines.append(f"max_epochs: {before.get('max_epochs')} there, {now['max_epochs']} now")
    if "max_trials" in now and now["max_trials"] < before.get("max_trials", 0):
        lines.append(f"max_trials: {before['max_trials']} there, only {now['max_trials']} now (it may grow)")
    return lines


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:15]}... ({checksum(value)[:8]})"
