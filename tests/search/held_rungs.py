"""Dummy rungs that wait at work for as long as a file is there: what is to come before comes before, on any machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.testing import dummy

HOLD = "hold"
SEARCH = (
    "import sys; from lstm_automl.testing import search; "
    f"search.RUNNER = '{__name__}:run_rung'; sys.exit(search.main(sys.argv[1:]))"
)
"""``python -c SEARCH DIRECTORY ...`` is :mod:`lstm_automl.testing.search` with these rungs."""


def hold(directory: Path, ended: int) -> None:
    """Once so many rungs have ended, each waits after an epoch until it is let go, stopped or killed."""
    made = directory / f"{HOLD}.{os.getpid()}"
    made.write_text(str(ended))
    made.replace(directory / HOLD)


def let_go(directory: Path) -> None:
    """Nobody waits any more."""
    (directory / HOLD).unlink()


def results(directory: Path) -> int:
    """Rungs that have ended."""
    return len(list(directory.glob("jobs/*/attempt-*/result.json")))


def run_rung(
    spec: RungSpec, on_epoch: Callable[[Epoch], None], should_stop: Callable[[], bool] | None = None
) -> RungResult:
    """As the dummy."""
    directory = Path(spec.directory)

    def told(epoch: Epoch) -> None:
        on_epoch(epoch)
        while _held(directory) and not (should_stop is not None and should_stop()):
            time.sleep(0.01)

    return dummy.run_rung(spec, told, should_stop)


def _held(directory: Path) -> bool:
    try:
        return results(directory) >= int((directory / HOLD).read_text())
    except FileNotFoundError:
        return False
