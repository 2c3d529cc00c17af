"""An observer that stops its driver."""

from __future__ import annotations

from typing import Any

from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.observer import Observer


class StopAfter(Observer):
    """Stops when so many jobs have ended; never if that is negative. Its ``driver`` is set when there is one."""

    def __init__(self, jobs: int) -> None:
        self.left = jobs
        self.driver: Any = None

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        self.left -= 1
        if self.left == 0 and self.driver is not None:
            self.driver.stop()
