"""Dummy rungs on a clock that moves in rungs alone, ten seconds an epoch: budgets are tested without waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.testing import dummy

RUNNER = "paced:run_rung"


class Clock:
    """Seconds spent in rungs, for a driver on threads of this process."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


def run_rung(spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> RungResult:
    """A dummy rung that obeys its deadline by :data:`CLOCK`."""
    started, stop = CLOCK.now, threading.Event()

    def count(epoch: Epoch) -> None:
        CLOCK.now += 10
        if spec.deadline is not None and CLOCK.now - started >= spec.deadline:
            stop.set()
        on_epoch(epoch)

    return dummy.run_rung(spec, count, stop.is_set)
