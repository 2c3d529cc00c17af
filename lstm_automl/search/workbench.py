"""Where recorded jobs become results: submit, listen, retry, stop. All of it on the driver's own thread."""

from __future__ import annotations

import contextlib
import queue
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lstm_automl.errors import LstmAutomlError, StorageError
from lstm_automl.search.attempts import new_attempt, outcome, outcome_in
from lstm_automl.search.budget import Budget
from lstm_automl.search.contracts import Epoch, Executor, RungResult, RungSpec, WorkerDied
from lstm_automl.search.decisions import Decider
from lstm_automl.search.observer import Observer
from lstm_automl.search.retries import deaths, given_up, record_death
from lstm_automl.search.store import Store

STOP_SECONDS = 2.5
"""How long rungs may take to leave a checkpoint when the search is stopped."""
KILL_SECONDS = 1.0
OVERRUN_SECONDS = 5.0
"""How long a rung may go on after its deadline before it is killed."""


class Stopped(LstmAutomlError):  # noqa: N818 - an event, not a mistake
    """The search was stopped in order; the same call continues it."""


@dataclass
class _Running:
    """A job under way: ``epochs`` so far, when it must have ended, whether it was killed for that."""

    spec: RungSpec
    until: float | None = None
    epochs: int = 0
    cut: bool = False


class Workbench:
    """Runs jobs on an executor and writes what comes of them into the store.

    Args:
        directory: The search directory.
        store: Where jobs are recorded before they run.
        executor: Where they run.
        observer: Told what happens.
        max_retries: New attempts for a job whose worker died by itself.
        on_end: Called with a job's number when it has finished.
    """

    def __init__(
        self,
        directory: Path,
        store: Store,
        executor: Executor,
        observer: Observer,
        max_retries: int,
        on_end: Callable[[int], None],
    ) -> None:
        self._directory, self._store, self._executor = directory, store, executor
        self._observer, self._max_retries, self._on_end = observer, max_retries, on_end
        self._events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._pending: deque[int] = deque()
        self._running: dict[int, _Running] = {}
        self._epochs: list[tuple[int, Epoch]] = []
        self._budget = Budget(None, time.monotonic)
        self._decider: Decider | None = None
        self._deciding = False
        self._stopping = False

    def stop(self) -> None:
        """Stop in order; may be called by a signal handler."""
        self._stopping = True
        self._events.put(("stop", None))

    def work(self, jobs: Sequence[int], budget: Budget, decider: Decider | None) -> None:
        """Run ``jobs`` and whatever ``decider`` adds until nothing is left or the budget is spent.

        Raises:
            Stopped: :meth:`stop` was called.
            StorageError: the disk is full, read-only or gone.
        """
        self._events = queue.SimpleQueue()
        self._pending, self._budget, self._decider, self._deciding = deque(jobs), budget, decider, False
        limited = budget.left() is not None
        try:
            while True:
                if self._stopping:
                    self._halt()
                self._submit()
                self._decide(1 if limited else self._executor.capacity)
                if self._idle():
                    return
                self._listen(0.25 if limited else None)
        except BaseException:
            for job in list(self._running):
                self._executor.kill(job)
            self._running.clear()
            raise

    def _idle(self) -> bool:
        if self._running or self._deciding:
            return False
        return self._budget.spent or (not self._pending and (self._decider is None or self._decider.exhausted))

    def _decide(self, ahead: int) -> None:
        """Begin the next decision while few jobs wait: under a time budget, those that wait will never start."""
        if self._decider is None or self._deciding or self._budget.spent or len(self._pending) >= ahead:
            return
        if self._decider.due():
            self._deciding = True
            self._decider.start(partial(self._tell, self._events, "decision"))

    def _submit(self) -> None:
        while self._pending and len(self._running) < self._executor.capacity and not self._budget.spent:
            job = self._pending.popleft()
            work = self._store.jobs[job].spec
            found, died = outcome(self._directory, work), deaths(self._directory, work)
            if found is not None and found.result.status != "stopped":
                self._end(work, found.result)
            elif len(died) > self._max_retries:
                self._end(work, given_up(work, died))
            else:
                self._start(work, self._budget.left())

    def _start(self, work: RungSpec, deadline: float | None) -> None:
        try:
            spec = replace(new_attempt(self._directory, work), deadline=deadline)
        except OSError as error:
            raise StorageError(f"{self._directory}: {error.strerror or error}") from error
        self._store.begin(work.job)
        until = None if deadline is None else time.monotonic() + deadline + OVERRUN_SECONDS
        self._running[work.job] = _Running(spec, until)
        tell = partial(self._tell, self._events)
        future = self._executor.submit(spec, lambda epoch: tell("epoch", (spec, epoch)))
        self._observer.on_job_start(spec)
        future.add_done_callback(lambda ended: tell("done", (spec, ended)))

    @staticmethod
    def _tell(events: queue.SimpleQueue[tuple[str, Any]], kind: str, what: Any) -> None:
        events.put((kind, what))

    def _halt(self) -> None:
        """Let rungs leave a checkpoint, kill those that take too long, and raise Stopped."""
        ask = getattr(self._executor, "stop", self._executor.kill)
        for order, seconds in ((ask, STOP_SECONDS), (self._executor.kill, KILL_SECONDS)):
            for job in list(self._running):
                order(job)
            until = time.monotonic() + seconds
            while self._running and (left := until - time.monotonic()) > 0:
                self._listen(left)
        raise Stopped("the search was stopped; the same command continues it")

    def _listen(self, seconds: float | None) -> None:
        """Wait for news and take in all there is."""
        with contextlib.suppress(queue.Empty):
            event = self._events.get(timeout=seconds)
            while True:
                self._take(*event)
                event = self._events.get_nowait()
        self._flush()
        now = time.monotonic()
        for job, running in self._running.items():
            if running.until is not None and now > running.until and not running.cut:
                running.cut = True
                self._executor.kill(job)

    def _take(self, kind: str, what: Any) -> None:
        if kind == "decision":
            self._deciding = False
            if isinstance(what, BaseException):
                raise what
            if self._decider is not None and not self._budget.spent and not self._stopping:
                self._pending.extend(self._decider.take(what))
        elif kind == "epoch":
            self._on_epoch(*what)
        elif kind == "done":
            self._flush()
            self._on_done(*what)

    def _on_epoch(self, spec: RungSpec, epoch: Epoch) -> None:
        running = self._running.get(spec.job)
        if running is None or running.spec.folder != spec.folder:
            return
        running.epochs = epoch.epoch + 1
        self._epochs.append((spec.job, epoch))
        self._observer.on_epoch(spec, epoch)

    def _flush(self) -> None:
        if self._epochs:
            self._store.add_epochs(self._epochs)
            self._epochs.clear()

    def _on_done(self, spec: RungSpec, future: Future[RungResult]) -> None:
        running = self._running.get(spec.job)
        if running is None or running.spec.folder != spec.folder:
            return
        del self._running[spec.job]
        work = self._store.jobs[spec.job].spec
        try:
            result = future.result()
        except (WorkerDied, CancelledError) as death:
            self._on_death(work, running, death)
            return
        found = outcome_in(self._directory, Path(spec.folder), work)
        self._end(work, found.result if found is not None else result)

    def _on_death(self, work: RungSpec, running: _Running, death: BaseException) -> None:
        """A new attempt, unless the search is being stopped or the job has killed too many workers."""
        if isinstance(death, WorkerDied) and not death.ours:
            try:
                record_death(Path(running.spec.folder), str(death), running.epochs)
            except OSError as error:
                raise StorageError(f"{running.spec.folder}: {error.strerror or error}") from error
            self._observer.on_message(f"trial {work.trial}: {death}")
        elif self._stopping or running.cut:
            return
        self._pending.appendleft(work.job)

    def _end(self, work: RungSpec, result: RungResult) -> None:
        self._store.end(work.job, result)
        self._observer.on_job_end(work, result)
        if result.status != "stopped":
            self._on_end(work.job)
        elif not self._stopping and not self._budget.spent:
            self._pending.appendleft(work.job)
