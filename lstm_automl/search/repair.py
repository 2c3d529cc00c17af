"""Damaged rows: rebuilt from the jobs' own folders, or one error that names the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_automl.errors import StateError
from lstm_automl.search.attempts import last_folder, recorded_work

if TYPE_CHECKING:
    from lstm_automl.search.reads import Reads
    from lstm_automl.search.store import Store


def check_file(db: sqlite3.Connection, path: Path) -> None:
    """Raise StateError when the file's own structure is damaged."""
    found = db.execute("PRAGMA integrity_check(1)").fetchone()
    if found != ("ok",):
        raise StateError(f"{path} is damaged: {found[0] if found else 'unreadable'}")


def read_whole(
    db: sqlite3.Connection,
    repaired: list[str],
    table: str,
    columns: str,
    decode: Callable[[Any], Any],
    take: Callable[[Any], Any],
) -> None:
    """Take in the whole rows of a table; damaged ones (``decode`` gives None) are removed and ``repaired`` says so.

    Args:
        db: The store.
        repaired: Sentences about what was removed.
        table, columns: What is read.
        decode: A row as read -> what it means; None = damaged.
        take: Given each whole one.
    """
    damaged, key = [], {"epochs": "id"}.get(table, "number")
    for row in db.execute(f"SELECT {columns} FROM {table} ORDER BY {key}"):
        value = decode(row)
        if value is None:
            damaged.append(row[0])
        else:
            take(value)
    for number in damaged:
        db.execute(f"DELETE FROM {table} WHERE {key} = ?", (number,))
        repaired.append(f"a damaged row of {table} was removed: number {number}")


def repair(store: Store, reads: Reads) -> bool:
    """Rebuild lost rows of jobs that were ever begun, and of their trials; what was not begun is decided again.

    A job's result comes back from its ``result.json`` when the driver looks at it.

    Args:
        store: Being opened, in a transaction.
        reads: What it knows of results shown.

    Returns:
        Whether the store is whole; it has to be read anew where decisions were removed.

    Raises:
        StateError: a row between others is lost and its folder too.
    """
    last = max(store.jobs, default=-1)
    for number in range(max(last, last_folder(store.directory)) + 1):
        found = None if number in store.jobs else recorded_work(store.directory, number)
        if found is not None:
            store.add([found[0]], reads=found[1])
            store.repaired.append(f"job {number} was rebuilt from its folder")
        elif number not in store.jobs and number < last:
            raise StateError(f"{store.path} is damaged: job {number} is lost and has no folder to rebuild it from")
    if reads.lost and (unknown := _find_reads(store, reads)) is not None:
        store.forget_from(unknown)
        store.repaired.append(f"what was decided from job {unknown} on had not begun and is decided again")
        return False
    reads.tidy(store.jobs)
    for number, values in sorted(store.orphans.items()):
        store.add([], (number, values))
        store.repaired.append(f"trial {number} was rebuilt from its jobs")
    store.forget_jobless()
    if set(store.trials) != set(range(len(store.trials))) or set(store.jobs) != set(range(len(store.jobs))):
        raise StateError(f"{store.path} is damaged: trials are lost and cannot be rebuilt")
    return True


def _find_reads(store: Store, reads: Reads) -> int | None:
    """Take from the jobs' folders how many results their decisions were shown.

    Returns:
        The job from which on all was never begun and is to be decided again; None when no count is lost any more.

    Raises:
        StateError: a count is lost, and what was decided since then has begun.
    """
    store.repaired += [f"a damaged row of reads was removed: number {job}" for job in reads.damaged]
    unknown = None
    for number in store.jobs:
        spec = store.jobs[number].spec
        if number in reads or spec.purpose != "search" or spec.fold > 0:  # the first job of a decision has the count
            continue
        found = recorded_work(store.directory, number)
        if found is None or found[0] != spec:
            unknown = number if unknown is None else unknown
        elif found[1] is not None:
            reads.keep(number, found[1])
            store.repaired.append(f"what the decision on job {number} was shown was read in its folder")
    if unknown is None or not reads.lost:
        return None
    for number in store.jobs:
        if number >= unknown and (store.jobs[number].finished or recorded_work(store.directory, number) is not None):
            raise StateError(f"{store.path} is damaged: it has lost how many results the decision on job {unknown} saw")
    return unknown
