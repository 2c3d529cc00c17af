"""Checkpoints of a search: those of the best trials and of trials under way are kept."""

from __future__ import annotations

import contextlib
from pathlib import Path

from lstm_automl.search.attempts import job_folder
from lstm_automl.search.contracts import Table
from lstm_automl.search.rows import rank
from lstm_automl.search.store import Store
from lstm_automl.tasks.task import Direction

KEEP = 3


def clean(directory: Path, store: Store, table: Table, direction: Direction, cleaned: set[int]) -> None:
    """Remove the checkpoints of finished trials that are not among the best.

    Args:
        cleaned: Trials already done; added to.
    """
    kept = {t.number for t in rank(table, direction)[:KEEP]}
    over = {t.number for t in table if t.status not in ("running", "stopped")} - kept - cleaned
    for job in store.jobs.values() if over else ():
        if job.spec.trial in over and job.spec.purpose == "search":
            for path in job_folder(directory, job.number).glob("attempt-*/checkpoint*.npz"):
                with contextlib.suppress(OSError):  # never worth stopping a search
                    path.unlink()
    cleaned |= over
