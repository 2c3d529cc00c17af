"""What to start next: a function of the results that may be read, never of those that happen to be there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial

from lstm_automl.search.attempts import outcome
from lstm_automl.search.contracts import NewTrial, Oracle, Promote, RungSpec, Scheduler, Values
from lstm_automl.search.ledger import Ledger
from lstm_automl.search.limits import Limits
from lstm_automl.search.store import Store
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.task import Direction


@dataclass(frozen=True)
class Decision:
    """The jobs to start, none when there is nothing to start; number and values of the trial when it is a new one."""

    specs: list[RungSpec] = field(default_factory=list)
    trial: tuple[int, Values] | None = None


Tell = Callable[[Decision | BaseException], None]

QUICK_PROPOSALS, QUICK_SECONDS = 8, 0.002
"""After so many proposals in a row that took less, an oracle is asked on the driver's thread: a thread costs more."""


class Decider:
    """Makes decisions one after another; a slow oracle is asked in the background so that the driver stays awake.

    The decision on job ``k`` is taken when the first ``k - concurrency + 1`` results in the order of
    :class:`~lstm_automl.search.reading.ReadingOrder` are in, and sees these alone; what is not among them is
    ``running`` in its table. When there is nothing to start, one more result may be read and it is asked again, until
    all are in. How many results a decision was shown beyond the rule is stored with it, so that a search that is
    continued has the same order and shows the next one at least as many; the vain questions since then are asked again,
    with the same answer. Where neither oracle nor scheduler reads results, no decision waits for one. ``promoted`` is
    told which trial goes on.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        space: Space,
        oracle: Oracle,
        scheduler: Scheduler,
        direction: Direction,
        seed: int,
        folds: int,
        limits: Limits,
        patience: int | None,
        promoted: Callable[[int], object] = lambda trial: None,
    ) -> None:
        self._store, self._ledger, self._promoted = store, ledger, promoted
        self._space, self._oracle, self._scheduler = space, oracle, scheduler
        self._direction, self._seed, self._folds, self._limits = direction, seed, folds, limits
        self._patience = patience
        self._readable, self._quick = store.reads, 0
        self._thought: Future[Decision] | None = None
        self.exhausted = False

    @property
    def quick(self) -> bool:
        """Decisions take next to no time: :meth:`start` gives them at once."""
        return self._quick >= QUICK_PROPOSALS

    def due(self) -> bool:
        """Whether a decision can be taken now."""
        if self.exhausted:
            return False
        self._readable = min(max(self._readable, self._ledger.rule()), len(self._ledger))
        return self._ledger.finished(self._readable)

    def start(self, tell: Tell) -> Decision | None:
        """The next decision, or None when it will be told later, perhaps from another thread.

        A decision that came too late to be taken is told again: the question is the same until one is taken.
        """
        if self._thought is not None and not (self._thought.done() and self._thought.exception()):
            self._thought.add_done_callback(partial(_answer, tell))
            return None
        self._ledger.show(self._readable)
        table, number, limits = self._ledger.table, len(self._ledger.trials), self._limits
        decision = self._scheduler.next(table, number, limits.max_trials, limits.max_epochs)
        if not isinstance(decision, NewTrial):
            return self._promotion(decision)
        if self.quick:
            return self._new_trial(decision)
        self._thought = Future()
        self._thought.add_done_callback(partial(_answer, tell))
        threading.Thread(target=self._think, args=(decision, self._thought), name="oracle", daemon=True).start()
        return None

    def take(self, decision: Decision) -> list[int]:
        """Record a decision; the numbers of its jobs."""
        self._thought = None
        if not decision.specs:
            self.exhausted = self._readable >= len(self._ledger)
            self._readable += 1
            return []
        first, trial = len(self._store.jobs), decision.trial  # a late answer may find other jobs in its place
        specs = self._continued([replace(spec, job=first + i) for i, spec in enumerate(decision.specs)])
        self._store.add(specs, trial, self._readable if self._readable > max(0, self._ledger.rule()) else None)
        self._ledger.decide(specs, self._readable, trial)
        if trial is None:
            self._promoted(specs[0].trial)
        return [spec.job for spec in specs]

    def complete(self) -> None:
        """Record the jobs that recorded trials lack: rows lost at the end of a damaged file."""
        for number, values in enumerate(self._ledger.trials):
            start, end, have = self._ledger.newest(number)
            missing = [fold for fold in range(self._folds) if fold not in have]
            if missing:
                specs = self._continued(self._specs(number, values, start, end or self._limits.max_epochs, missing))
                self._store.add(specs)
                self._ledger.decide(specs, self._ledger.shown_for(number, end))

    def _think(self, decision: NewTrial, thought: Future[Decision]) -> None:
        try:
            thought.set_result(self._new_trial(decision))
        except BaseException as error:
            thought.set_exception(error)

    def _new_trial(self, decision: NewTrial) -> Decision:
        table, number = self._ledger.table, len(self._ledger.trials)
        began = time.thread_time()
        values = self._oracle.propose(self._space, self._seed, number, table, self._direction)
        self._quick = self._quick + 1 if time.thread_time() - began < QUICK_SECONDS else 0
        if values is not None:
            return Decision(self._specs(number, values, 0, decision.to_epoch, range(self._folds)), (number, values))
        # The space has no other combination: as if all trials were begun.
        return self._promotion(self._scheduler.next(table, number, number, self._limits.max_epochs))

    def _promotion(self, decision: NewTrial | Promote | None) -> Decision:
        if not isinstance(decision, Promote):
            return Decision()
        row, values = self._ledger.table[decision.number], self._ledger.trials[decision.number]
        return Decision(self._specs(row.number, values, row.to_epoch, decision.to_epoch, range(self._folds)))

    def _continued(self, specs: list[RungSpec]) -> list[RungSpec]:
        """Each rung from the checkpoint that the one before left; without one it is trained again up to there."""
        for i, spec in enumerate(specs):
            job = self._ledger.rung(spec.trial, spec.fold, spec.from_epoch) if spec.from_epoch else None
            found = None if job is None else outcome(self._store.directory, self._store.jobs[job].spec)
            if found is not None and found.result.checkpoint:
                path = found.folder / found.result.checkpoint
                specs[i] = replace(spec, parent=path.relative_to(self._store.directory).as_posix())
        return specs

    def _specs(
        self, trial: int, values: Values, from_epoch: int, to_epoch: int, folds: Sequence[int]
    ) -> list[RungSpec]:
        first = len(self._store.jobs)
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


def _answer(tell: Tell, thought: Future[Decision]) -> None:
    tell(thought.exception() or thought.result())
