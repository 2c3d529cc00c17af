"""Rungs in worker processes of a cluster: each takes one at a time; those that come are used, those that go are not."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from lstm_automl.errors import StorageError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.executors.endings import ANEW
from lstm_automl.search.executors.hosts import Message
from lstm_automl.search.executors.passing import Passing
from lstm_automl.search.executors.ready import RUNNER
from lstm_automl.search.executors.seats import Backend, Job, Seat, Start

EMPTY_SECONDS = 60.0
"""How long a search waits for a worker when all are gone."""

log = logging.getLogger("lstm_automl")


class ClusterExecutor:
    """What the executors of all kinds of cluster share.

    Args:
        backend: The cluster, reached.
        directory: Of the search.
        workers: Rungs at a time at most; None = as many as there are workers.
        storage: URL of a directory that driver and workers reach; None = the search directory is shared.
        runner: ``"module:function"`` that runs a rung in a worker.
        options: More arguments of the workers' own :class:`LocalExecutor`.

    Raises:
        UsageError: no worker can be used; the message says why.
        StorageError: the storage cannot be written.
    """

    name: ClassVar[str] = "cluster"

    def __init__(
        self,
        backend: Backend,
        directory: Path | None,
        *,
        workers: int | None = None,
        storage: str | None = None,
        runner: str = RUNNER,
        **options: Any,
    ) -> None:
        self._backend, self._most = backend, workers
        self._directory = Path(os.path.abspath(directory or "."))
        self._events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._seats: dict[str, Seat] = {}
        self._lost: Exception | None = None
        self._empty_since = time.monotonic()
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="cluster-files")
        self._thread = threading.Thread(target=self._serve, name="cluster", daemon=True)
        self._passing: Passing | None = None
        try:
            self._passing = Passing(self._directory, storage)
            backend.start(self._passing.order(runner, options), self._tell)
            for name in Start(self.name).wait(self._events):
                self._seats[name] = Seat(name)
        except BaseException:
            self._let_go()
            raise
        self._thread.start()

    @property
    def capacity(self) -> int:
        """Workers there are now, within ``workers``; 1 while there is none, whose rung waits for it."""
        return max(1, min(len(self._seats), self._most or len(self._seats)))

    def submit(self, spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> Future[RungResult]:
        """Run a rung on a worker; with all of them busy it waits its turn."""
        future: Future[RungResult] = Future()
        future.set_running_or_notify_cancel()
        folder = os.path.abspath(spec.folder)
        self._tell("submit", Job(replace(spec, directory=str(self._directory), folder=folder), on_epoch, future))
        return future

    def stop(self, job: int) -> None:
        """Ask a running job to end as ``stopped`` with a checkpoint."""
        self._tell("order", ("stop", job))

    def kill(self, job: int) -> None:
        """End a job at once; its future raises WorkerDied with ``ours=True``, whatever its worker does."""
        self._tell("order", ("kill", job))

    def close(self) -> None:
        """End all rungs and leave the cluster as it is."""
        if self._thread.is_alive():
            self._tell("close", None)
            self._thread.join(1.0)
        self._let_go()

    def _tell(self, kind: str, what: Any) -> None:
        self._events.put((kind, what))

    def _serve(self) -> None:
        """The thread on which all that changes is changed."""
        try:
            while True:
                kind, what = "tick", None
                with contextlib.suppress(queue.Empty):
                    kind, what = self._events.get(timeout=1.0)
                if kind == "close":
                    return
                self._take(kind, what)
                self._hand_out()
        except Exception as error:  # a bug here must not leave the driver waiting for ever
            self._fail(error)
            raise

    def _take(self, kind: str, what: Any) -> None:
        if kind == "submit":
            self._waiting.append(what)
        elif kind == "order":
            self._pass_on(*what)
        elif kind == "joined":
            self._seats.setdefault(what, Seat(what))  # one that comes back in the same place may be told twice
        elif kind == "refused":
            log.warning("worker %s is not used: %s", *what)
        elif kind == "left":
            self._on_left(*what)
        elif kind == "epoch":
            self._on_epoch(what)
        elif kind == "go":
            self._go(*what)
        elif kind == "done":
            self._on_done(*what)
        elif kind == "settled":
            job, found = what
            job.end(found)
        elif kind == "lost":
            self._fail(StorageError(str(what)))

    def _hand_out(self) -> None:
        """Give each waiting rung the idle worker that knows most of its model."""
        if self._seats:
            self._empty_since = time.monotonic()
        elif self._lost is None and time.monotonic() - self._empty_since > EMPTY_SECONDS:
            text = f"--executor {self.name}: the cluster has had no worker for {EMPTY_SECONDS:.0f} s"
            self._fail(StorageError(f"{text}; the same command continues"), still=True)
        if self._lost is not None:
            self._fail(self._lost)
        idle = [seat for seat in self._seats.values() if seat.job is None]
        while self._waiting and idle:
            job = self._waiting.popleft()
            seat = max(idle, key=lambda s: s.fits(job.spec))
            idle.remove(seat)
            seat.job, seat.last = job, job.spec
            self._pool.submit(self._send, seat, job)

    def _send(self, seat: Seat, job: Job) -> None:
        """Beside the thread: files take their time."""
        assert self._passing is not None
        message: Message | None = None
        try:
            message = self._passing.send(job.spec)
        except Exception as error:
            job.resolve(error)
        self._tell("go", (seat, job, message))

    def _go(self, seat: Seat, job: Job, message: Message | None) -> None:
        if seat.job is not job or self._seats.get(seat.name) is not seat:
            return
        if message is None or job.future.done():
            seat.job = None
            return
        if job.spec.deadline is not None:
            message["spec"]["deadline"] = max(0.0, job.spec.deadline - (time.monotonic() - job.since))
        self._backend.run(seat.name, {**message, "token": job.token})

    def _pass_on(self, op: str, number: int) -> None:
        for job in [j for j in self._waiting if j.spec.job == number]:
            self._waiting.remove(job)
            job.died(f"job {number} was stopped before it began", ours=True)
        for seat in self._seats.values():
            if seat.job is not None and seat.job.spec.job == number and not seat.job.future.done():
                self._backend.say([seat.name], op, [seat.job.token])
                if op == "kill":
                    seat.job.died(f"job {number} was stopped", ours=True)

    def _on_epoch(self, message: Message) -> None:
        for seat in self._seats.values():
            if seat.job is not None and seat.job.token == message["token"]:
                seat.job.tell(Epoch(**message["epoch"]))

    def _on_left(self, name: str, how: str) -> None:
        seat = self._seats.pop(name, None)
        if seat is not None and seat.job is not None:
            self._settle(seat.job, {"died": f"the worker of job {seat.job.spec.job} {how}", "ours": False})

    def _on_done(self, name: str, token: str, message: Message) -> None:
        seat = self._seats.get(name)
        if seat is None or seat.job is None or seat.job.token != token:
            return
        job, seat.job = seat.job, None
        if "lost" in message:
            message = {"died": f"the worker of job {job.spec.job} {ANEW}", "ours": False}
            del self._seats[name]
            self._backend.again(name)
        self._settle(job, message)

    def _settle(self, job: Job, message: Message) -> None:
        if not job.future.done():
            self._pool.submit(self._take_in, job, message)

    def _take_in(self, job: Job, message: Message) -> None:
        assert self._passing is not None
        found: RungResult | Exception
        try:
            found = self._passing.take_in(job.spec, message)
        except OSError as error:
            found = error if isinstance(error, StorageError) else StorageError(str(error))
        except Exception as error:
            found = error
        self._tell("settled", (job, found))

    def _fail(self, error: Exception, *, still: bool = False) -> None:
        """Every job hears why it will not run; nothing more will, unless the cluster is ``still`` there."""
        if not still:
            self._lost = error
        jobs = [*self._waiting, *(s.job for s in self._seats.values() if s.job is not None)]
        self._waiting.clear()
        for job in jobs:
            job.resolve(error)

    def _let_go(self) -> None:
        for job in [*self._waiting, *(s.job for s in self._seats.values() if s.job is not None)]:
            job.died("the executor was closed", ours=True)
        closing = threading.Thread(target=self._backend.close, name="cluster-close", daemon=True)
        closing.start()
        closing.join(3.0)
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._passing is not None:
            self._passing.close()
