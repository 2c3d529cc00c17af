"""Damaged rows: rebuilt from the jobs' own folders, or one error that names the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_automl.errors import StateError
from lstm_automl.search.attempts import recorded_work

if TYPE_CHECKING:
    from lstm_automl.search.store import Store


def repair(store: Store) -> None:
    """Rebuild rows that are lost between others; what is lost at the end is simply decided again.

    A job's result comes back from its ``result.json`` when the driver looks at it.

    Raises:
        StateError: a row is lost and its folder too.
    """
    for number in _holes(store.jobs):
        spec = recorded_work(store.directory, number)
        if spec is None:
            raise StateError(f"{store.path} is damaged: job {number} is lost and has no folder to rebuild it from")
        store.add([spec])
        store.repaired.append(f"job {number} was rebuilt from its folder")
    for number in sorted({j.spec.trial for j in store.jobs.values()} - set(store.trials)):
        values = next(j.spec.values for j in store.jobs.values() if j.spec.trial == number)
        store.add([], (number, values))
        store.repaired.append(f"trial {number} was rebuilt from its jobs")
    if any(True for _ in _holes(store.trials)):
        raise StateError(f"{store.path} is damaged: trials are lost and cannot be rebuilt")


def _holes(rows: object) -> list[int]:
    numbers = set(rows)  # type: ignore[call-overload]
    return [n for n in range(max(numbers, default=-1)) if n not in numbers]
