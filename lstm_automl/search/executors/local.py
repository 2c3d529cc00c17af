"""Rungs in processes of this machine: one thread each, one job at a time, recycled, never outliving their driver."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import ClassVar

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.executors.crew import Crew, Job
from lstm_automl.search.executors.launch import Mode, default_mode
from lstm_automl.search.executors.presence import FILE as PRESENCE
from lstm_automl.search.executors.presence import wait_for_others

RUNNER = "lstm_automl.search.rung:run_rung"


class LocalExecutor:
    """Worker processes on this machine.

    Made, it waits for workers of a dead driver to end, then begins to import in the background.

    Args:
        workers: Processes, at least 1; None = the cores this process may use.
        directory: Of the search; ``workers.log`` goes there. None = nowhere.
        runner: ``"module:function"`` that runs a rung in a worker.
        mode: ``fork`` (a warm parent), ``spawn`` (each process by itself), None = ``spawn`` with a GPU or off Linux.
        max_rungs: Rungs after which a worker is replaced.
        max_memory: Bytes of its own after which a worker is replaced.
    """

    name: ClassVar[str] = "local"

    def __init__(
        self,
        workers: int | None = None,
        *,
        directory: Path | None = None,
        runner: str = RUNNER,
        mode: Mode | None = None,
        max_rungs: int = 20,
        max_memory: int = 2 << 30,
    ) -> None:
        self.capacity = max(1, workers or cores())
        if directory is not None:
            wait_for_others(directory / PRESENCE)
        self._crew = Crew(self.capacity, directory, runner, mode or default_mode(), max_rungs, max_memory)
        self._crew.start()

    def submit(self, spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> Future[RungResult]:
        """Run a rung in a worker; with all of them busy it waits its turn."""
        future: Future[RungResult] = Future()
        if self._crew.closed:
            future.set_exception(CancelledError())
        else:
            self._crew.tell(("submit", Job(spec, on_epoch, future)))
        return future

    def stop(self, job: int) -> None:
        """Ask a running job to end as ``stopped`` with a checkpoint; it takes up to a graph call."""
        self._crew.tell(("stop", job))

    def kill(self, job: int) -> None:
        """Stop a job at once; its future raises WorkerDied with ``ours=True``."""
        self._crew.tell(("kill", job))

    def close(self) -> None:
        """End all workers; what they did is lost."""
        self._crew.close()


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
