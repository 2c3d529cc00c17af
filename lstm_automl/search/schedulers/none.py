"""Every trial to the end."""

from __future__ import annotations

from typing import ClassVar

from lstm_automl.search.contracts import NewTrial, Promote, Table
from lstm_automl.tasks.task import Direction


class NoScheduler:
    """One rung of all epochs a trial; early stopping is the rung's own affair.

    Args:
        direction, steps, warm_up: As of other schedulers; make no difference.

    >>> NoScheduler().next((), 3, 10, 50)
    NewTrial(to_epoch=50)
    """

    name: ClassVar[str] = "none"
    reads_results: ClassVar[bool] = False

    def __init__(self, direction: Direction = "max", steps: int | None = None, *, warm_up: bool = True) -> None:
        pass

    def next(self, table: Table, started: int, max_trials: int, max_epochs: int) -> NewTrial | Promote | None:
        """A new trial while there are trials left."""
        return NewTrial(max_epochs) if started < max_trials else None
