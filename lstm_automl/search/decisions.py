"""What to start next: a function of the results that may be read, never of those that happen to be there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from lstm_automl.search.attempts import outcome
from lstm_automl.search.contracts import NewTrial, Oracle, Promote, RungSpec, Scheduler, Table, Values
from lstm_automl.search.limits import Limits
from lstm_automl.search.rows import JobRow, trial_table
from lstm_automl.search.store import Store
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.task import Direction

Decision = tuple[list[RungSpec], tuple[int, Values] | None]


class Decider:
    """Makes decisions one after another, each in the background so that the driver stays awake.

    Decision ``k`` is taken when the search's jobs ``0..k-concurrency`` are in, and sees these alone; earlier trials
    whose jobs are not all among them are in its table as ``running``. When there is nothing to start, one more
    job may be read and it is asked again, until all are in.
    """

    def __init__(
        self,
        store: Store,
        space: Space,
        oracle: Oracle,
        scheduler: Scheduler,
        direction: Direction,
        seed: int,
        folds: int,
        limits: Limits,
        concurrency: int,
        patience: int | None,
    ) -> None:
        self._store, self._space, self._oracle, self._scheduler = store, space, oracle, scheduler
        self._direction, self._seed, self._folds, self._limits = direction, seed, folds, limits
        self._concurrency, self._patience = concurrency, patience
        self._metric = str(store.meta["metric"])
        self._idle = 0
        self.exhausted = False

    def due(self) -> bool:
        """Whether a decision can be taken now."""
        if self.exhausted:
            return False
        jobs = self._search_jobs()
        return all(job.finished for job in jobs[: self._readable(jobs)])

    def start(self, tell: Callable[[Decision | BaseException | None], None]) -> None:
        """Decide on another thread and tell the outcome: None when there is nothing to start."""
        jobs = self._search_jobs()
        readable = jobs[: self._readable(jobs)]
        table, trials = self._table(jobs, readable), dict(self._store.trials)

        def decide() -> None:
            try:
                tell(self._decide(table, trials, jobs))
            except BaseException as error:
                tell(error)

        threading.Thread(target=decide, name="oracle", daemon=True).start()

    def take(self, decision: Decision | None) -> list[int]:
        """Record a decision; the numbers of its jobs."""
        if decision is None:
            jobs = self._search_jobs()
            self.exhausted = self._readable(jobs) >= len(jobs)
            self._idle += 1
            return []
        specs, trial = decision
        self._store.add(specs, trial)
        return [spec.job for spec in specs]

    def complete(self) -> None:
        """Record the jobs that recorded trials lack: rows lost at the end of a damaged file."""
        for number in sorted(self._store.trials):
            rungs = [job.spec for job in self._search_jobs() if job.spec.trial == number]
            from_epoch, to_epoch = max(
                ((s.from_epoch, s.to_epoch) for s in rungs), default=(0, self._limits.max_epochs)
            )
            have = {s.fold for s in rungs if s.to_epoch == to_epoch}
            missing = [fold for fold in range(self._folds) if fold not in have]
            if missing:
                self._store.add(self._specs(number, self._store.trials[number], from_epoch, to_epoch, missing))

    def _readable(self, jobs: Sequence[JobRow]) -> int:
        """How many jobs the next decision may read: 0..k-C of jobs numbered 0..k-1."""
        return max(0, min(len(jobs), len(jobs) - self._concurrency + 1 + self._idle))

    def _search_jobs(self) -> list[JobRow]:
        return [job for _, job in sorted(self._store.jobs.items()) if job.spec.purpose == "search"]

    def _table(self, jobs: Sequence[JobRow], readable: Sequence[JobRow]) -> Table:
        seen = {job.number for job in readable}
        blind = [job if job.number in seen else JobRow(job.number, job.spec) for job in jobs]
        return trial_table(self._store.trials, blind, self._metric, self._direction)

    def _decide(self, table: Table, trials: dict[int, Values], jobs: Sequence[JobRow]) -> Decision | None:
        number, limits = len(trials), self._limits
        decision = self._scheduler.next(table, number, limits.max_trials, limits.max_epochs)
        if isinstance(decision, NewTrial):
            values = self._oracle.propose(self._space, self._seed, number, table, self._direction)
            if values is not None:
                return self._specs(number, values, 0, decision.to_epoch, range(self._folds)), (number, values)
            # The space has no other combination: as if all trials were begun.
            decision = self._scheduler.next(table, number, number, limits.max_epochs)
        if isinstance(decision, Promote):
            return self._promotion(decision, trials[decision.number], jobs), None
        return None

    def _promotion(self, decision: Promote, values: Values, jobs: Sequence[JobRow]) -> list[RungSpec]:
        """The next rung of a trial, each fold from the checkpoint of its last."""
        last: dict[int, RungSpec] = {j.spec.fold: j.spec for j in jobs if j.spec.trial == decision.number}
        specs = self._specs(decision.number, values, last[0].to_epoch, decision.to_epoch, range(self._folds))
        for i, spec in enumerate(specs):
            found = outcome(self._store.directory, last[spec.fold])
            if found is not None and found.result.checkpoint:
                path = found.folder / found.result.checkpoint
                specs[i] = replace(spec, parent=path.relative_to(self._store.directory).as_posix())
        return specs

    def _specs(
        self, trial: int, values: Values, from_epoch: int, to_epoch: int, folds: Sequence[int]
    ) -> list[RungSpec]:
        first = max(self._store.jobs, default=-1) + 1
        return [
            RungSpec(
                job=first + i,
                trial=trial,
                purpose="search",
                fold=fold,
                seed=0,
                values=dict(values),
                search_seed=self._seed,
                directory="",
                folder="",
                from_epoch=from_epoch,
                to_epoch=to_epoch,
                max_epochs=self._limits.max_epochs,
                patience=self._patience,
            )
            for i, fold in enumerate(folds)
        ]
