"""Rungs in processes of this machine: one thread each, one job at a time, recycled, never outliving their driver."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.executors import devices, memory
from lstm_automl.search.executors.caps import Caps
from lstm_automl.search.executors.crew import Crew
from lstm_automl.search.executors.devices import Mode
from lstm_automl.search.executors.manning import Manning
from lstm_automl.search.executors.presence import FILE as PRESENCE
from lstm_automl.search.executors.presence import wait_for_others
from lstm_automl.search.executors.ready import RUNNER
from lstm_automl.search.executors.roster import Job

MAX_RUNGS = 200
"""Memory is what a worker is replaced for; this is for what memory does not show."""


class LocalExecutor:
    """Worker processes on this machine.

    Made, it waits for workers of a dead driver to end, then begins to import in the background.

    Args:
        workers: Processes, at least 1; None = one a GPU, or one a core this process may use.
        directory: Of the search; ``workers.log`` goes there. None = nowhere.
        runner: ``"module:function"`` that runs a rung in a worker.
        mode: ``fork`` (a warm parent), ``spawn`` (each process by itself), None = ``spawn`` with a GPU or off Linux.
        max_rungs: Rungs after which a worker is replaced.
        max_memory: Bytes gained after which a worker is replaced; None = 2 GiB, or less where all workers together
            could take half of the machine.
        trial_time: Seconds after which a rung is ended, those of the rungs it goes on from included; None = never.
        trial_memory: MiB gained by its worker after which a rung is ended; None = never.
    """

    name: ClassVar[str] = "local"

    def __init__(
        self,
        workers: int | None = None,
        *,
        directory: Path | None = None,
        runner: str = RUNNER,
        mode: Mode | None = None,
        max_rungs: int = MAX_RUNGS,
        max_memory: int | None = None,
        trial_time: float | None = None,
        trial_memory: int | None = None,
    ) -> None:
        found = devices.usable(devices.gpus())
        self.capacity = max(1, workers or devices.slots(found))
        if directory is not None:
            directory = directory.absolute()  # workers may have been begun in another folder
            wait_for_others(directory / PRESENCE)
        room = memory.share(self.capacity, memory.machine()) if max_memory is None else max_memory
        manning = Manning(self.capacity, max_rungs, room, Caps(trial_time, trial_memory))
        self._crew = Crew(manning, directory, runner, mode or devices.default_mode(found))
        self._crew.start()

    def submit(self, spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> Future[RungResult]:
        """Run a rung in a worker; with all of them busy it waits its turn.

        The future raises what has broken the workers once and for all; closed, CancelledError.
        """
        future: Future[RungResult] = Future()
        there = replace(spec, directory=os.path.abspath(spec.directory), folder=os.path.abspath(spec.folder))
        self._crew.submit(Job(there, on_epoch, future))
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
