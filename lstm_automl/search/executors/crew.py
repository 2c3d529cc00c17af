"""The thread that talks to worker processes: hands out jobs, takes in epochs and results, notices deaths."""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import threading
import time
from collections import deque
from pathlib import Path

from lstm_automl.errors import LstmAutomlError
from lstm_automl.search.executors import ready, wire
from lstm_automl.search.executors.devices import Mode
from lstm_automl.search.executors.launch import LOG, Ended, Launcher
from lstm_automl.search.executors.manning import Manning, verdicts
from lstm_automl.search.executors.orders import Order, Orders
from lstm_automl.search.executors.roster import Job, Worker, match
from lstm_automl.search.executors.starting import Starts

GRACE = 30.0  # seconds in which a parent must say how a worker ended
LAST_WORDS = 2.0  # the same, of one that has died
LOOK = 2.0  # seconds between looks at workers; with caps, LOOK_CAPPED
LOOK_CAPPED = 0.1

_numbers = itertools.count(1)


class Crew(threading.Thread):
    """All workers of a driver; every method but ``tell`` and ``close`` runs on this thread."""

    def __init__(self, manning: Manning, directory: Path | None, runner: str, mode: Mode) -> None:
        super().__init__(name="workers", daemon=True)
        self._manning, self._directory, self._runner, self._mode = manning, directory, runner, mode
        self._orders, self._waiting = Orders(), deque[Job]()
        self._workers: dict[int, Worker] = {}
        self._look = LOOK_CAPPED if manning.caps else LOOK
        self._looked = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._orders.woken, selectors.EVENT_READ, self._on_wake)
        self._broken: Exception | None = None
        self._starts, self._unready = Starts(), 0
        self._orphans = set[int]()
        self.closed = False
        self._launcher: Launcher = ready.launcher(mode, runner, directory)
        self._watch_parent()

    def tell(self, order: Order) -> None:
        """From any thread, and from a signal handler."""
        self._orders.tell(order)

    def submit(self, job: Job) -> None:
        """From any thread; once closed or broken, it ends with the error that did it."""
        self.tell(("submit", job))
        if self.closed:
            self._refuse()

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
                for key, _ in self._selector.select(self._patience()):
                    key.data()
                self._bury()
                self._look_around()
                self._hand_out()
        except Exception as error:  # a bug here must not leave the driver waiting for ever
            self._broken = error
        finally:
            self.closed = True
            self._end()

    def _patience(self) -> float | None:
        """Seconds until there is something to do without being told."""
        if any(w.gone is not None for w in self._workers.values()):
            return 0.02
        if self._waiting:
            return min(self._starts.left() or self._look, self._look)
        return self._look if any(w.job is not None for w in self._workers.values()) else None

    def _on_wake(self) -> None:
        self._orders.hush()
        for order, what in self._orders.taken():
            if order == "submit":
                self._waiting.append(what)
            elif order == "stop":
                self._ask_to_stop(what)
            elif order == "kill":
                self._kill(what)

    def _hand_out(self) -> None:
        """As many of the first that wait as can begin now; which worker takes which is all that is chosen."""
        if not self._waiting or self.closed:
            return
        idle = [w for w in self._workers.values() if w.idle]
        present = sum(w.gone is None for w in self._workers.values())
        more = 0 if self._starts.left() else min(len(self._waiting) - len(idle), self._manning.size - present)
        idle += [self._hire() for _ in range(more)]
        jobs = [self._waiting.popleft() for _ in range(min(len(idle), len(self._waiting)))]
        for position, worker in match([job.spec for job in jobs], idle):
            self._give(jobs[position], worker)

    def _give(self, job: Job, worker: Worker) -> None:
        worker.take(job)
        with contextlib.suppress(OSError):  # it died just now: its end is noticed in the next round
            order = {"op": "run", "spec": job.spec.to_json(), "runner": self._runner, "sent": job.since}
            wire.send(worker.sock, order)

    def _hire(self) -> Worker:
        ours, theirs = socket.socketpair()
        taken = {w.slot for w in self._workers.values() if w.gone is None}
        slot = next(i for i in itertools.count() if i not in taken)
        worker = Worker(next(_numbers), slot, ours)
        self._workers[worker.number] = worker
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._on_worker(worker))
        with theirs, contextlib.suppress(OSError):
            self._launcher.start(worker.number, theirs, slot)
        return worker

    def _on_worker(self, worker: Worker) -> None:
        if worker.gone is not None:  # closed a moment ago, in this same round
            return
        messages = wire.receive(worker.sock, worker.inbox)
        for message in messages or ():
            self._on_message(worker, message)
        if messages is None and worker.gone is None:
            self._let_go(worker)

    def _on_message(self, worker: Worker, message: wire.Message) -> None:
        job, op = worker.job, message["op"]
        if op == "hello":
            worker.pid, worker.base, worker.before = message["pid"], message["memory"], message["memory"]
            worker.began = None if job is None else time.monotonic()
            self._starts.began()
            return
        if job is None or message.get("job") != job.spec.job:
            return
        if op == "epochs":
            job.hear(message["epochs"])
            return
        worker.rest(message["memory"])
        gained = message["memory"] - worker.base
        if op == "exhausted" or self._manning.used_up(worker.rungs, gained):
            self._let_go(worker)
        job.end(message)

    def _look_around(self) -> None:
        """End rungs over a cap, and workers that somebody has stopped."""
        now = time.monotonic()
        if now - self._looked >= self._look:
            self._looked = now
            self._launcher.revive()
            for worker, why, ours in verdicts(list(self._workers.values()), self._manning.caps, now):
                self._end_one(worker, why, ours=ours)

    def _end_one(self, worker: Worker, why: str, *, ours: bool) -> None:
        worker.ended = (why, ours)
        self._launcher.kill(worker.number)
        if worker.gone is None:
            self._let_go(worker)

    def _let_go(self, worker: Worker) -> None:
        """Close our end: a worker that lives leaves by itself."""
        self._selector.unregister(worker.sock)
        worker.sock.close()
        worker.gone = time.monotonic()

    def _bury(self) -> None:
        """Find out how the workers that are gone ended; one that never said a word had not begun its rung."""
        for worker in [w for w in self._workers.values() if w.gone is not None]:
            found = self._launcher.ended(worker.number)
            grace = LAST_WORDS if worker.number in self._orphans else GRACE
            if found is None and time.monotonic() - (worker.gone or 0.0) <= grace:
                continue
            if found is None:
                self._launcher.kill(worker.number)
            del self._workers[worker.number]
            self._orphans.discard(worker.number)
            if worker.job is None:
                continue
            found = found or Ended("ended without a word")
            if worker.pid is None and worker.ended is None:
                self._waiting.appendleft(worker.job)
                self._starts.failed(f"a worker {found.how}", alone=not any(w.pid for w in self._workers.values()))
            else:
                how, ours = worker.ended or (found.how, found.ours)
                worker.job.died(f"the worker of job {worker.job.spec.job} {how}", ours=ours)

    def _ask_to_stop(self, number: int) -> None:
        self._withdraw(number)
        for worker in self._on(number):
            if worker.gone is None:
                with contextlib.suppress(OSError):
                    wire.send(worker.sock, {"op": "stop"})

    def _kill(self, number: int) -> None:
        self._withdraw(number)
        for worker in self._on(number):
            if worker.ended is None:
                self._end_one(worker, "was stopped", ours=True)

    def _on(self, number: int) -> list[Worker]:
        return [w for w in self._workers.values() if w.job and w.job.spec.job == number]

    def _withdraw(self, number: int) -> None:
        for job in [j for j in self._waiting if j.spec.job == number]:
            self._waiting.remove(job)
            job.died(f"job {number} was stopped before it began", ours=True)

    def _watch_parent(self) -> None:
        if self._launcher.control is not None:
            self._selector.register(self._launcher.control, selectors.EVENT_READ, self._on_parent)

    def _on_parent(self) -> None:
        """News from the warm parent. A dead one is replaced, one that was never ready once: it may have been killed."""
        if self._launcher.read():
            return
        assert self._launcher.control is not None
        self._selector.unregister(self._launcher.control)
        self._unready = 0 if self._launcher.ready else self._unready + 1
        ready.done(self._launcher, broken=True)
        if self._unready > 1:
            log = "" if self._directory is None else f" (see {self._directory / LOG})"
            raise LstmAutomlError(f"worker processes cannot start: {self._launcher.words}{log}")
        self._orphans |= self._workers.keys()
        self._launcher = ready.launcher(self._mode, self._runner, self._directory)
        self._watch_parent()

    def _end(self) -> None:
        try:
            for worker in self._workers.values():
                self._launcher.kill(worker.number)
                worker.sock.close()
            ready.done(self._launcher, waiting=list(self._workers))
            self._selector.close()
            self._orders.close()
        finally:
            for job in (*self._waiting, *(w.job for w in self._workers.values() if w.job is not None)):
                job.give_up(self._broken)
            self._refuse()

    def _refuse(self) -> None:
        """Jobs that nobody will take in any more."""
        for order, what in self._orders.taken():
            if order == "submit":
                what.give_up(self._broken)
