"""Dummy rungs that take their time, for workers that do not see the search's folder."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.testing import dummy

RUNNER = "slow_rungs:run_rung"
GREEDY = "slow_rungs:greedy"
MARKS = "SLOW_RUNGS_MARKS"


def run_rung(
    spec: RungSpec, on_epoch: Callable[[Epoch], None], should_stop: Callable[[], bool] | None = None
) -> RungResult:
    """Trial 3 kills its process whenever it is tried; one that is held waits for that to end, or to be stopped."""
    habits = Path(spec.directory) / "dummy.json"
    written = habits.with_name(f"dummy.{os.getpid()}")
    written.write_text(json.dumps({"sleep": 0.1, "kill": [3]}))
    written.replace(habits)
    place = Path(os.environ[MARKS]) if MARKS in os.environ else None

    def told(epoch: Epoch) -> None:
        on_epoch(epoch)
        if place is not None:  # rung, warm parent, worker of the cluster
            mark_of(place, spec.trial).write_text(str(psutil.Process().parents()[1].pid))
            while hold_of(place, spec.trial).exists() and not (should_stop is not None and should_stop()):
                time.sleep(0.01)

    return dummy.run_rung(spec, told, should_stop)


def greedy(spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> RungResult:
    """Takes more memory than it may, and waits to be ended for it."""
    taken = [bytearray(b"x" * (20 << 20)) for _ in range(10)]
    time.sleep(300)
    del taken
    return dummy.run_rung(spec, on_epoch)


def mark_of(place: Path, trial: int) -> Path:
    """Where a trial that has told an epoch tells the id of the process that it runs for."""
    return place / f"trial-{trial}"


def hold_of(place: Path, trial: int) -> Path:
    """While this file is there, that trial waits after each epoch: it is at work, whoever is slow."""
    return place / f"hold-{trial}"
