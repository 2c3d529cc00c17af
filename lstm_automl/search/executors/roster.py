"""Who is there and who runs what: a rung goes where its graph may still be."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any

from lstm_automl.errors import LstmAutomlError, StorageError
from lstm_automl.models.schedules import FED
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, WorkerDied
from lstm_automl.search.executors import wire
from lstm_automl.search.executors.endings import EXHAUSTED
from lstm_automl.search.results import canonical

RECENT = 8
"""Rungs of which a worker may still have the graph."""


@dataclass
class Job:
    """A rung on its way, ``since`` it was submitted: its deadline counts from there."""

    spec: RungSpec
    on_epoch: Callable[[Epoch], None]
    future: Future[RungResult]
    told: int = -1
    since: float = field(default_factory=time.monotonic)

    def hear(self, epochs: Iterable[Mapping[str, Any]]) -> None:
        """Tell each epoch once, in order."""
        for epoch in (Epoch(**e) for e in epochs if e["epoch"] > self.told):
            self.told = epoch.epoch
            self.on_epoch(epoch)

    def end(self, message: wire.Message) -> None:
        """With its worker's last message; the epochs that were not told live come first."""
        if message["op"] == "result":
            self.hear(message["result"]["epochs"])
            self.future.set_result(RungResult.from_json(message["result"]))
        elif message["op"] == "storage":
            self.future.set_exception(StorageError(message["error"]))
        elif message["op"] == "exhausted":
            said = f": {message['error']}" if message["error"] else ""
            self.died(f"the worker of job {self.spec.job} {EXHAUSTED}{said}", ours=False)
        else:
            self.future.set_exception(LstmAutomlError(f"job {self.spec.job} broke its worker:\n{message['error']}"))

    def died(self, how: str, *, ours: bool) -> None:
        """Without a result."""
        self.future.set_exception(WorkerDied(how, ours=ours))

    def give_up(self, error: Exception | None) -> None:
        """End it with an error, or as cancelled."""
        if not self.future.done():
            self.future.set_exception(error or CancelledError())


@dataclass
class Worker:
    """A process, seen from the driver.

    Args:
        number: Its own in this process, never used again.
        slot: From 0, below the number of workers; its replacement takes it over.
        pid: Known from its first message on.
        began: When it began its job (monotonic); None while it has none, or is only starting.
        base: Bytes it held when it started.
        before: Bytes it held when it began its job.
        ended: Why we ended it, and whether that is not the rung's doing.
        gone: When its socket closed.
    """

    number: int
    slot: int
    sock: socket.socket
    inbox: wire.Inbox = field(default_factory=wire.Inbox)
    job: Job | None = None
    rungs: int = 0
    pid: int | None = None
    began: float | None = None
    base: int = 0
    before: int = 0
    recent: deque[RungSpec] = field(default_factory=lambda: deque(maxlen=RECENT))
    idle_since: float = field(default_factory=time.monotonic)
    ended: tuple[str, bool] | None = None
    gone: float | None = None

    @property
    def idle(self) -> bool:
        """It can take a rung."""
        return self.job is None and self.gone is None

    def take(self, job: Job) -> None:
        """Begin a job, at once or with the first message of a worker that is only starting."""
        self.job = job
        self.began = None if self.pid is None else time.monotonic()
        if not job.future.running():  # else it comes from a worker that never started
            job.future.set_running_or_notify_cancel()

    def rest(self, held: int) -> None:
        """The job is done."""
        assert self.job is not None
        self.recent.append(self.job.spec)
        self.job, self.began, self.rungs, self.before = None, None, self.rungs + 1, held
        self.idle_since = time.monotonic()


def match(specs: Sequence[RungSpec], workers: Sequence[Worker]) -> list[tuple[int, Worker]]:
    """Give each rung, by its position, a worker of its own; no more rungs than workers.

    A worker that ran the same trial and fold comes first, then the same trial, then the same kind of network; what is
    left goes to those that have been idle longest, whose graphs are the least likely to be asked for.
    """
    if len(workers) == 1:  # as mostly: there is nothing to choose
        return [(0, workers[0])] if specs else []
    pairs: list[tuple[int, Worker]] = []
    left, free = list(range(len(specs))), sorted(workers, key=lambda w: w.idle_since)
    for likeness in (_run, _trial, _kind, _any):
        known = {w.number: {likeness(spec) for spec in w.recent} | {None} for w in free}
        for position in list(left):
            worker = next((w for w in free if likeness(specs[position]) in known[w.number]), None)
            if worker is not None:
                pairs.append((position, worker))
                left.remove(position)
                free.remove(worker)
    return pairs


def _run(spec: RungSpec) -> Hashable:
    return (spec.trial, spec.fold, spec.purpose, spec.seed)


def _trial(spec: RungSpec) -> Hashable:
    return spec.trial


def _kind(spec: RungSpec) -> Hashable:
    return canonical({name: value for name, value in spec.values.items() if name not in FED})


def _any(spec: RungSpec) -> Hashable:
    return None
