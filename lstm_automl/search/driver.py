"""The driver: decides one job after another, records before it acts, continues where it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lstm_automl.errors import UsageError
from lstm_automl.search.attempts import attempts, outcome, usable_outcome
from lstm_automl.search.budget import Budget
from lstm_automl.search.cleaning import Cleaner
from lstm_automl.search.contracts import Executor, Oracle, Purpose, RungResult, RungSpec, Scheduler, Table, TrialRow
from lstm_automl.search.decisions import Decider
from lstm_automl.search.ledger import Ledger
from lstm_automl.search.limits import Limits
from lstm_automl.search.observer import Observer
from lstm_automl.search.pieces import settled
from lstm_automl.search.reading import Expected, reads_results, same
from lstm_automl.search.rows import best, rank
from lstm_automl.search.stopping import Stopped
from lstm_automl.search.store import Store
from lstm_automl.search.workbench import Workbench
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.task import Direction

__all__ = ["Driver", "JobRequest", "Limits", "Stopped", "best", "rank"]


@dataclass(frozen=True)
class JobRequest:
    """A run of a trial outside the search.

    Args:
        trial: Number of the trial whose values are used.
        purpose: ``seed`` (scored on a fold) or ``refit`` (trained on all but the test part, no early stopping).
        fold: Fold of the split; -1 for ``refit``.
        seed: Seed index.
        to_epoch: Epochs to train at most.
        max_epochs: Length of the learning-rate schedule; None = the search's.
    """

    trial: int
    purpose: Purpose
    fold: int
    seed: int
    to_epoch: int
    max_epochs: int | None = None


class Driver:
    """Runs a search in its directory; the caller holds the SearchLock and owns store and executor.

    The decision on job ``k`` reads ``k - concurrency + 1`` results, in the order in which jobs should end: equal
    searches make equal tables on any number of workers and through any number of restarts. Where neither oracle nor
    scheduler reads results, no decision waits.

    Args:
        directory: The search directory.
        store: Its store, open.
        executor: Where rungs run.
        space: What is searched.
        oracle: What to try next.
        scheduler: How far to train it.
        direction: Of the objective.
        seed: Of the search; 0 is a seed like any other.
        folds: Jobs a trial.
        limits: Trials, epochs, time, retries.
        concurrency: Jobs that may be under way when the next is decided, at least 1.
        patience: Epochs without a better score before a trial ends; None = never.
        observer: Told what happens.
        cost: Predicted, of so many epochs of a trial.
        clock: Monotonic seconds, for the time budget.
    """

    def __init__(
        self,
        directory: Path,
        store: Store,
        executor: Executor,
        *,
        space: Space,
        oracle: Oracle,
        scheduler: Scheduler,
        direction: Direction,
        seed: int,
        folds: int,
        limits: Limits,
        concurrency: int,
        patience: int | None,
        observer: Observer | None = None,
        cost: Expected = same,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if concurrency < 1 or folds < 1:
            raise UsageError(f"concurrency and folds must be at least 1, not {concurrency} and {folds}")
        self.directory, self.limits = Path(directory), limits
        self._store, self._seed, self._patience, self._clock = store, seed, patience, clock
        self._folds, self._direction, self._observer = folds, direction, observer or Observer()
        waits = concurrency if reads_results(oracle, scheduler) else None
        self._ledger = Ledger(store, str(store.meta["metric"]), direction, waits, cost)
        self._cleaner = Cleaner(self.directory, direction, limits.max_epochs, self._ledger.jobs_of)
        self._bench = Workbench(self.directory, store, executor, self._observer, limits.max_retries, self._on_end)
        self._decider = Decider(
            store, self._ledger, space, oracle, scheduler, direction, seed, folds, limits, patience,
            self._cleaner.promoted,
        )  # fmt: skip

    def search(self) -> Table:
        """Run or continue the search; the table of all trials in number order.

        With a time budget the last trials may be ``stopped`` or ``running``: a later call continues them.

        Raises:
            Stopped: :meth:`stop` was called.
            StorageError: the disk is full, read-only or gone.
        """
        for text in self._store.repaired:
            self._observer.on_message(text)
        self._store.repaired.clear()
        budget = Budget(self.limits.time_budget, self._clock)
        self._decider.complete()
        for row in self.table():
            self._clean(row, self._ledger.jobs_of(row.number))
        self._bench.work(self._store.unfinished("search"), budget, self._decider)
        return self.table()

    def run(
        self, requests: Sequence[JobRequest], *, seconds: float | None = None, again: bool = False
    ) -> list[RungResult]:
        """Run trials again with other seeds or on more data; a request that was served before is not run again.

        Args:
            requests: What to run.
            seconds: Time for all of it, None = no limit. Then jobs under way end as ``stopped`` with a checkpoint,
                those that never started are ``stopped`` without epochs; a later call continues both.
            again: Refits whose checkpoints :meth:`clean_refits` has removed are needed: they are trained anew, bit for
                bit the same.

        Returns:
            The results in the order of the requests.

        Raises:
            Stopped: :meth:`stop` was called.
            UsageError: a request names a trial that there is not.
        """
        numbers = [self._job_of(request) for request in requests]
        unfinished = sorted({n for n in numbers if not self._store.jobs[n].finished or (again and self._lost(n))})
        seeds = {n for n, request in zip(numbers, requests, strict=True) if request.purpose == "seed"}
        self._cleaner.remove(sorted(seeds.difference(unfinished)))  # who was killed may have left them
        self._bench.work(unfinished, Budget(seconds, self._clock), None, again)
        rows = [self._store.jobs[n] for n in numbers]
        return [row.result or RungResult(row.number, row.spec.trial, "stopped") for row in rows]

    def clean_refits(self) -> None:
        """Remove the checkpoints of all refits: the model made of them is saved."""
        self._cleaner.remove([n for n in self._extra.values() if self._store.jobs[n].spec.purpose == "refit"])

    def stop(self) -> None:
        """Stop in order, within seconds: :meth:`search` or :meth:`run` then raises Stopped. For signal handlers."""
        self._bench.stop()

    def table(self) -> Table:
        """All trials so far."""
        return tuple(self._ledger.row(number) for number in range(len(self._ledger.trials)))

    def settled(self) -> Table:
        """All trials, those whose newest rung was cut off as their last finished rung left them."""
        return tuple(settled(row, self._direction) for row in self.table())

    def folder(self, job: int) -> Path:
        """The folder of the attempt that gave a job's result; its last attempt without one."""
        row = self._store.jobs[job]
        found = (outcome if row.finished else usable_outcome)(self.directory, row.spec)
        return found.folder if found is not None else attempts(self.directory, job)[-1]

    def _lost(self, job: int) -> bool:
        """Whether a refit has to be trained again for its network."""
        row = self._store.jobs[job]
        found = usable_outcome(self.directory, row.spec)
        named = row.result is not None and row.result.checkpoint is not None
        return named and (found is None or found.result.status == "stopped")

    def _on_end(self, spec: RungSpec, result: RungResult) -> Callable[[], None] | None:
        """A job has ended: perhaps its trial has, too."""
        if spec.purpose == "seed" and result.status != "stopped":
            return lambda: self._cleaner.remove([spec.job])
        if spec.purpose != "search":
            return None
        self._ledger.end(spec, result)
        row = self._ledger.row(spec.trial)
        if result.status == "stopped" or row.status == "running":
            return None
        jobs = self._ledger.jobs_of(spec.trial)

        def then() -> None:
            self._observer.on_trial(row)
            self._clean(row, jobs)

        return then

    def _clean(self, row: TrialRow, jobs: Sequence[int]) -> None:
        under_way = any(job in self._store.jobs.open for job in jobs[-self._folds :])  # stopped ones, too
        if row.status not in ("running", "stopped") and not under_way:
            self._cleaner.ended(row, jobs, self._folds)

    def _job_of(self, request: JobRequest) -> int:
        if request.trial not in self._store.trials:
            raise UsageError(f"there is no trial {request.trial} to run again")
        number = len(self._store.jobs)
        spec = RungSpec(
            job=number,
            trial=request.trial,
            purpose=request.purpose,
            fold=request.fold,
            seed=request.seed,
            values=self._store.trials[request.trial],
            search_seed=self._seed,
            directory="",
            folder="",
            from_epoch=0,
            to_epoch=request.to_epoch,
            max_epochs=max(request.max_epochs or self.limits.max_epochs, request.to_epoch),
            patience=None if request.purpose == "refit" else self._patience,
        )
        found = self._extra.setdefault(_identity(spec), number)
        if found == number:
            self._store.add([spec])
        return found

    @cached_property
    def _extra(self) -> dict[tuple[object, ...], int]:
        """The jobs outside the search, by what they are."""
        jobs = (self._store.jobs[n] for n in self._store.jobs if n not in self._ledger)
        return {_identity(job.spec): job.number for job in jobs}


def _identity(spec: RungSpec) -> tuple[object, ...]:
    return spec.trial, spec.purpose, spec.fold, spec.seed, spec.from_epoch, spec.to_epoch, spec.max_epochs
