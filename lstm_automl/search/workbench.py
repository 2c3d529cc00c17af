"""Where recorded jobs become results: submit, listen, retry, stop. All of it on the driver's own thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lstm_automl.errors import LstmAutomlError, StorageError
from lstm_automl.search.attempts import attempts, known_outcome, new_attempt, outcome_in
from lstm_automl.search.budget import Budget
from lstm_automl.search.contracts import Epoch, Executor, RungResult, RungSpec, WorkerDied
from lstm_automl.search.decisions import Decider, Decision
from lstm_automl.search.events import GATHER, LOOK, ROUND, Events
from lstm_automl.search.observer import Observer
from lstm_automl.search.records import Records
from lstm_automl.search.retries import given_up, record_death
from lstm_automl.search.stopping import KILL_SECONDS, OVERRUN_SECONDS, STOP_SECONDS, Stopped
from lstm_automl.search.store import Store

AHEAD = 2
"""Decisions taken ahead at least, so that a worker that becomes free finds its next rung decided."""


@dataclass
class _Running:
    """A job under way: when it must have ended, its ``first`` epoch, ``epochs`` so far, whether it was cut off."""

    spec: RungSpec
    until: float | None = None
    first: int = 0
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
        on_end: Called when a job has ended; what it returns, when that is committed.
    """

    def __init__(
        self,
        directory: Path,
        store: Store,
        executor: Executor,
        observer: Observer,
        max_retries: int,
        on_end: Callable[[RungSpec, RungResult], Callable[[], None] | None],
    ) -> None:
        self._directory, self._store, self._executor = directory, store, executor
        self._observer, self._max_retries, self._on_end = observer, max_retries, on_end
        self._events, self._records = Events(), Records()
        self._pending: deque[int] = deque()
        self._running: dict[int, _Running] = {}
        self._epochs: list[tuple[int, Epoch]] = []
        self._news: list[Callable[[], None]] = []
        self._budget = Budget(None, time.monotonic)
        self._decider: Decider | None = None
        self._wrong: BaseException | None = None
        self._again = self._deciding = self._stopping = False

    def stop(self) -> None:
        """Stop in order; may be called by a signal handler."""
        self._stopping = True
        self._events.tell("stop")

    def work(self, jobs: Sequence[int], budget: Budget, decider: Decider | None, again: bool = False) -> None:
        """Run ``jobs`` and what ``decider`` adds until nothing is left or the budget is spent, whatever an oracle does.

        Raises:
            Stopped: :meth:`stop` was called.
            StorageError: the disk is full, read-only or gone.
        """
        self._events, self._deciding, self._again = Events(), False, again
        self._pending, self._budget, self._decider = deque(jobs), budget, decider
        try:
            while True:
                if self._stopping:
                    self._halt()
                self._begin()
                with self._batch():
                    self._decide()  # a slow oracle thinks when all else is done
                self._begin()
                if self._idle():
                    self._store.flush()
                    return
                if self._running or self._deciding:  # else jobs had results already, and there is more to decide
                    self._listen(LOOK if budget.left() is None else 0.25)
        except BaseException:
            for job in list(self._running):
                self._executor.kill(job)
            self._running.clear()
            raise

    def _idle(self) -> bool:
        done = not self._pending and (self._decider is None or self._decider.exhausted)
        return not self._running and (self._budget.spent or (done and not self._deciding))

    @property
    def _free(self) -> int:
        return max(0, self._executor.capacity - len(self._running))

    def _decide(self) -> None:
        """Begin the next decisions while few jobs wait."""
        for _ in range(ROUND):
            if self._decider is None or self._deciding or self._stopping or self._wrong or self._budget.spent:
                return
            if len(self._pending) - self._free >= self._ahead() or not self._decider.due():
                return
            self._deciding = True
            if (decision := self._decider.start(partial(self._events.tell, "decision"))) is None:
                return
            self._on_decision(decision)

    def _ahead(self) -> int:
        # under a time budget, decisions that wait for a worker will never start; workers may join at any time
        return max(AHEAD, self._executor.capacity if self._budget.left() is None else 0)

    def _on_decision(self, what: Decision | BaseException) -> None:
        self._deciding = False
        if isinstance(what, BaseException):
            self._wrong = what
        elif self._decider is not None and not self._budget.spent and not self._stopping:
            self._pending.extend(self._decider.take(what))

    def _begin(self) -> None:
        """Jobs for workers that have none."""
        if self._pending and self._free:
            with self._batch():
                self._submit()

    def _submit(self) -> None:
        while self._pending and self._free and not self._budget.spent:
            job = self._pending.popleft()
            work = self._store.jobs[job].spec
            tried = attempts(self._directory, job)
            found = known_outcome(self._directory, work, self._again) if tried else None
            if found is not None and found.result.status != "stopped":
                self._end(work, found.result)
            elif tried and (failed := given_up(self._directory, work, self._max_retries)) is not None:
                self._end(work, failed)
            else:
                self._start(work, tried, self._budget.left())

    def _start(self, work: RungSpec, tried: Sequence[Path], deadline: float | None) -> None:
        try:
            spec = replace(new_attempt(self._directory, work, tried, self._store.reads_of(work.job)), deadline=deadline)
        except OSError as error:
            raise StorageError(f"{self._directory}: {error.strerror or error}") from error
        self._store.begin(work.job)
        until = None if deadline is None else time.monotonic() + deadline + OVERRUN_SECONDS
        self._running[work.job] = _Running(spec, until, work.from_epoch)
        tell, news = self._events.tell, self._records.broken_by
        future = self._executor.submit(spec, lambda e: tell("record" if news(e) else "epoch", (spec, e)))
        self._observer.on_job_start(spec)
        future.add_done_callback(lambda ended: tell("done", (spec, ended)))

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

    def _listen(self, seconds: float) -> None:
        """Wait for news and take in all there is; what it changes is committed together."""
        calm = ("epoch", "decision") if len(self._pending) >= self._ahead() - 1 else ("epoch",)
        events = self._events.wait(min(seconds, GATHER), calm)
        if not events:
            self._store.flush()
            events = self._events.wait(seconds, calm)
        with self._batch():
            for kind, what in events:
                self._take(kind, what)
            if self._decider is None or self._decider.quick:
                self._decide()
        if self._wrong is not None:
            raise self._wrong
        for job, running in self._running.items() if self._budget.left() is not None else ():
            if running.until is not None and time.monotonic() > running.until and not running.cut:
                running.cut = True
                self._executor.kill(job)

    @contextmanager
    def _batch(self) -> Iterator[None]:
        """One commit for all inside; only then are others told."""
        with self._store.batch():
            yield
            if self._epochs:
                self._store.add_epochs(self._epochs)
                self._epochs.clear()
        news, self._news = self._news, []
        for tell in news:
            tell()

    def _take(self, kind: str, what: Any) -> None:
        if kind == "decision":
            self._on_decision(what)
        elif kind in ("epoch", "record"):
            self._on_epoch(*what)
        elif kind == "done":
            self._on_done(*what)

    def _on_epoch(self, spec: RungSpec, epoch: Epoch) -> None:
        running = self._running.get(spec.job)
        if running is None or running.spec.folder != spec.folder:
            return
        running.epochs = epoch.epoch + 1
        if epoch.epoch < running.first:  # of a rung before, whose checkpoint is gone: they are known
            return
        self._epochs.append((spec.job, epoch))
        self._news.append(partial(self._observer.on_epoch, spec, epoch))

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
        # of a rung that was continued, the epochs before are in the folders of other attempts
        found = outcome_in(self._directory, Path(spec.folder), work) if spec.from_epoch != work.from_epoch else None
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
        elif isinstance(death, CancelledError):
            raise LstmAutomlError("the executor was closed while the search ran") from death
        self._pending.appendleft(work.job)

    def _end(self, work: RungSpec, result: RungResult) -> None:
        self._store.end(work.job, result)
        self._news.append(partial(self._observer.on_job_end, work, result))
        if (then := self._on_end(work, result)) is not None:
            self._news.append(then)
        if result.status == "stopped" and not self._stopping and not self._budget.spent:
            self._pending.appendleft(work.job)
