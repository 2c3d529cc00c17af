"""Dummy rungs that take their time, for workers that do not see the search's folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.testing import dummy

RUNNER = "slow_rungs:run_rung"


def run_rung(
    spec: RungSpec, on_epoch: Callable[[Epoch], None], should_stop: Callable[[], bool] | None = None
) -> RungResult:
    """Trial 3 kills its process whenever it is tried."""
    (Path(spec.directory) / "dummy.json").write_text(json.dumps({"sleep": 0.05, "kill": [3]}))
    return dummy.run_rung(spec, on_epoch, should_stop)
