"""The thread that talks to worker processes: hands out jobs, takes in epochs and results, notices deaths."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lstm_automl.errors import LstmAutomlError, StorageError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, WorkerDied
from lstm_automl.search.executors import wire
from lstm_automl.search.executors.launch import LOG, Ended, Launcher, Mode, launcher

GRACE = 2.0  # seconds in which a parent must say how a worker ended


@dataclass
class Job:
    """A rung on its way."""

    spec: RungSpec
    on_epoch: Callable[[Epoch], None]
    future: Future[RungResult]


@dataclass
class Worker:
    """A process, seen from the driver."""

    number: int
    sock: socket.socket
    inbox: wire.Inbox = field(default_factory=wire.Inbox)
    job: Job | None = None
    rungs: int = 0
    killed: bool = False
    gone: float | None = None


class Crew(threading.Thread):
    """All workers of a driver; every method but ``tell`` and ``close`` runs on this thread."""

    def __init__(
        self, size: int, directory: Path | None, runner: str, mode: Mode, max_rungs: int, max_memory: int
    ) -> None:
        super().__init__(name="workers", daemon=True)
        self._size, self._directory, self._runner, self._mode = size, directory, runner, mode
        self._max_rungs, self._max_memory = max_rungs, max_memory
        self._orders: deque[tuple[str, Any]] = deque()
        self._waiting: deque[Job] = deque()
        self._workers: dict[int, Worker] = {}
        self._numbers = 0
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._woken, selectors.EVENT_READ, self._on_wake)
        self._launcher: Launcher = launcher(mode, runner, directory)
        self._watch_parent()
        self._broken: Exception | None = None
        self.closed = False

    def tell(self, order: tuple[str, Any]) -> None:
        """From any thread, and from a signal handler."""
        self._orders.append(order)
        with contextlib.suppress(OSError):
            self._wake.send(b"x")

    def close(self) -> None:
        """End everything and wait for it."""
        if not self.closed:
            self.closed = True
            self.tell(("close", None))
            self.join(4.0)

    def run(self) -> None:
        """Until closed."""
        try:
            while not self.closed or self._orders:
                dying = any(w.gone is not None for w in self._workers.values())
                for key, _ in self._selector.select(0.02 if dying else None):
                    key.data()
                self._bury()
                self._hand_out()
        except Exception as error:  # a bug here must not leave the driver waiting for ever
            self._broken = error
        finally:
            self.closed = True
            self._end()

    def _on_wake(self) -> None:
        self._woken.recv(4096)
        while self._orders:
            order, what = self._orders.popleft()
            if order == "submit":
                self._waiting.append(what)
            elif order == "stop":
                self._ask_to_stop(what)
            elif order == "kill":
                self._kill(what)

    def _hand_out(self) -> None:
        while self._waiting and not self.closed:
            worker = next((w for w in self._workers.values() if w.job is None and w.gone is None), None)
            if worker is None:
                if sum(w.gone is None for w in self._workers.values()) >= self._size:
                    return
                worker = self._hire()
            worker.job = self._waiting.popleft()
            worker.job.future.set_running_or_notify_cancel()
            with contextlib.suppress(OSError):  # it died just now: its end is noticed in the next round
                wire.send(worker.sock, {"op": "run", "spec": worker.job.spec.to_json(), "runner": self._runner})

    def _hire(self) -> Worker:
        ours, theirs = socket.socketpair()
        self._numbers += 1
        worker = self._workers[self._numbers] = Worker(self._numbers, ours)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._on_worker(worker))
        with theirs, contextlib.suppress(OSError):
            self._launcher.start(worker.number, theirs)
        return worker

    def _on_worker(self, worker: Worker) -> None:
        messages = wire.receive(worker.sock, worker.inbox)
        for message in messages or ():
            self._on_message(worker, message)
        if messages is None and worker.gone is None:
            self._let_go(worker)

    def _on_message(self, worker: Worker, message: wire.Message) -> None:
        job, op = worker.job, message["op"]
        if job is None or op == "hello" or message.get("job") != job.spec.job:
            return
        if op == "epoch":
            job.on_epoch(Epoch(**message["epoch"]))
            return
        worker.job, worker.rungs = None, worker.rungs + 1
        if worker.rungs >= self._max_rungs or message["memory"] > self._max_memory:
            self._let_go(worker)
        if op == "result":
            job.future.set_result(RungResult.from_json(message["result"]))
        elif op == "storage":
            job.future.set_exception(StorageError(message["error"]))
        else:
            job.future.set_exception(LstmAutomlError(f"job {job.spec.job} broke its worker:\n{message['error']}"))

    def _let_go(self, worker: Worker) -> None:
        """Close our end: a worker that lives leaves by itself."""
        self._selector.unregister(worker.sock)
        worker.sock.close()
        worker.gone = time.monotonic()

    def _bury(self) -> None:
        """Find out how the workers that are gone ended."""
        for worker in [w for w in self._workers.values() if w.gone is not None]:
            ended = self._launcher.ended(worker.number)
            late = time.monotonic() - (worker.gone or 0.0) > GRACE
            if ended is None and late:
                self._launcher.kill(worker.number)
            if ended is None and not late:
                continue
            del self._workers[worker.number]
            if worker.job is not None:
                job, found = worker.job, ended or Ended("ended without a word")
                where = f"the worker of job {job.spec.job}"
                said = "was stopped" if worker.killed else found.how
                job.future.set_exception(WorkerDied(f"{where} {said}", ours=worker.killed or found.ours))

    def _ask_to_stop(self, number: int) -> None:
        self._withdraw(number)
        for worker in self._workers.values():
            if worker.job is not None and worker.job.spec.job == number and worker.gone is None:
                with contextlib.suppress(OSError):
                    wire.send(worker.sock, {"op": "stop"})

    def _kill(self, number: int) -> None:
        self._withdraw(number)
        for worker in self._workers.values():
            if worker.job is not None and worker.job.spec.job == number and not worker.killed:
                worker.killed = True
                self._launcher.kill(worker.number)
                if worker.gone is None:
                    self._let_go(worker)

    def _withdraw(self, number: int) -> None:
        for job in [j for j in self._waiting if j.spec.job == number]:
            self._waiting.remove(job)
            job.future.set_exception(WorkerDied(f"job {number} was stopped before it began", ours=True))

    def _watch_parent(self) -> None:
        if self._launcher.control is not None:
            self._selector.register(self._launcher.control, selectors.EVENT_READ, self._on_parent)

    def _on_parent(self) -> None:
        """News from the warm parent. A dead one is replaced; before it was ever ready, there is no use in it."""
        if self._launcher.read():
            return
        assert self._launcher.control is not None
        self._selector.unregister(self._launcher.control)
        ready = getattr(self._launcher, "ready", True)
        self._launcher.close()
        if not ready:
            log = "its error" if self._directory is None else str(self._directory / LOG)
            raise LstmAutomlError(f"worker processes cannot start; see {log}")
        self._launcher = launcher(self._mode, self._runner, self._directory)
        self._watch_parent()

    def _end(self) -> None:
        jobs = [*self._waiting, *(w.job for w in self._workers.values() if w.job is not None)]
        for worker in self._workers.values():
            self._launcher.kill(worker.number)
            worker.sock.close()
        self._launcher.close()
        self._selector.close()
        self._wake.close()
        self._woken.close()
        for job in jobs:
            if not job.future.done():
                job.future.set_exception(self._broken or CancelledError())
