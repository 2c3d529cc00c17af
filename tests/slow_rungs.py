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
    """Trial 3 kills its process whenever it is tried; all but trial 0 wait where they are held."""
    habits = Path(spec.directory) / "dummy.json"
    written = habits.with_name(f"dummy.{os.getpid()}")
    written.write_text(json.dumps({"sleep": 0.1, "kill": [3]}))
    written.replace(habits)
    if MARKS in os.environ:  # rung, warm parent, worker of the cluster
        place = Path(os.environ[MARKS])
        mark_of(place, spec.trial).write_text(str(psutil.Process().parents()[1].pid))
        while spec.trial > 0 and hold_of(place).exists():
            time.sleep(0.01)
    return dummy.run_rung(spec, on_epoch, should_stop)


def greedy(spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> RungResult:
    """Takes more and more memory."""
    taken = [bytearray(b"x" * (20 << 20))]
    while len(taken) < 50:
        time.sleep(0.1)
        taken.append(bytearray(b"x" * (20 << 20)))
    return dummy.run_rung(spec, on_epoch)


def mark_of(place: Path, trial: int) -> Path:
    """Where a trial tells the id of the process that it was last run for."""
    return place / f"trial-{trial}"


def hold_of(place: Path) -> Path:
    """While this file is there, every trial but the first waits before its first epoch."""
    return place / "hold"
