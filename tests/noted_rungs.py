"""Real rungs that note which process they were run for, and in which files their data lay."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from slow_rungs import MARKS, mark_of

from lstm_automl.search import rung
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec

RUNNER = "noted_rungs:run_rung"
HELD = "held"
MAPPED = "mapped-"


def run_rung(
    spec: RungSpec, on_epoch: Callable[[Epoch], None], should_stop: Callable[[], bool] | None = None
) -> RungResult:
    """A second rung of a trial waits after each epoch while there is the file ``HELD``: it can be killed at work."""
    place = Path(os.environ[MARKS]) if MARKS in os.environ else None
    if place is not None:  # rung, warm parent, worker of the cluster
        mark_of(place, spec.trial).write_text(str(psutil.Process().parents()[1].pid))

    def told(epoch: Epoch) -> None:
        on_epoch(epoch)
        while place is not None and spec.from_epoch > 0 and (place / HELD).exists():
            time.sleep(0.01)

    result = rung.run_rung(spec, told, should_stop)
    if place is not None:
        frame = rung.load_problem(Path(spec.directory)).frame
        arrays = [frame.fields["x"].values, frame.fields["y"].values, frame.examples["end"]]
        files = [str(Path(a.filename).resolve()) if isinstance(a, np.memmap) else None for a in arrays]
        (place / f"{MAPPED}{os.getpid()}").write_text(json.dumps(files))
    return result
