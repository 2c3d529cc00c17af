"""Damaged rows: rebuilt from the jobs' own folders, or one error that names the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_automl.errors import StateError
from lstm_automl.search.attempts import last_folder, recorded_work

if TYPE_CHECKING:
    from lstm_automl.search.store import Store


def repair(store: Store) -> None:
    """Rebuild lost rows of jobs that were ever begun, and of their trials; what was not begun is decided again.

    A job's result comes back from its ``result.json`` when the driver looks at it.

    Raises:
        StateError: a row between others is lost and its folder too.
    """
    last = max(store.jobs, default=-1)
    for number in range(max(last, last_folder(store.directory)) + 1):
        work = None if number in store.jobs else recorded_work(store.directory, number)
        if work is not None:
            store.add([work])
            store.repaired.append(f"job {number} was rebuilt from its folder")
        elif number not in store.jobs and number < last:
            raise StateError(f"{store.path} is damaged: job {number} is lost and has no folder to rebuild it from")
    for number in sorted({j.spec.trial for j in store.jobs.values()} - set(store.trials)):
        values = next(j.spec.values for j in store.jobs.values() if j.spec.trial == number)
        store.add([], (number, values))
        store.repaired.append(f"trial {number} was rebuilt from its jobs")
    if set(store.trials) != set(range(len(store.trials))) or set(store.jobs) != set(range(len(store.jobs))):
        raise StateError(f"{store.path} is damaged: trials are lost and cannot be rebuilt")
