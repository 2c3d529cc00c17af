"""What was decided and what came of it, in memory: all that decisions need, and no work that grows with the search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from lstm_automl.search.contracts import RungResult, RungSpec, TrialRow, Values
from lstm_automl.search.pieces import Piece, piece, row_of
from lstm_automl.search.reading import Expected, ReadingOrder, same
from lstm_automl.search.store import Store
from lstm_automl.search.table import LiveTable
from lstm_automl.tasks.task import Direction


class Ledger:
    """The search's jobs in the order they were decided; seed and refit jobs have no part in it.

    Args:
        store: What is recorded so far.
        metric, direction: The objective.
        concurrency: See :meth:`rule`; None = no decision waits for a result.
        cost: Predicted; it orders the results.
    """

    def __init__(
        self, store: Store, metric: str, direction: Direction, concurrency: int | None, cost: Expected = same
    ) -> None:
        self._metric, self._direction, self._concurrency, self._cost = metric, direction, concurrency, cost
        self.table = LiveTable()
        self.trials: list[Values] = []
        self.shown = 0
        """How many results the table holds: those of the first jobs in the order of reading."""
        self._order, self._visible = ReadingOrder(), set[int]()
        self._jobs: list[int] = []
        self._places: dict[int, int] = {}
        self._trial: list[int] = []
        self._pieces: list[Piece] = []
        self._shown: list[int] = []
        self._of_trial: list[list[int]] = []
        self._done = 0
        for _, values in sorted(store.trials.items()):
            self._begin(values)
        for reads, group in decisions(store):
            self._note(group, max(0, self.rule()) if reads is None else reads)
        for number in range(len(self.trials)):
            self._refresh(number)

    def __len__(self) -> int:
        """How many jobs were decided."""
        return len(self._jobs)

    def __contains__(self, job: int) -> bool:
        return job in self._places

    def rule(self) -> int:
        """How many results the next decision waits for: of ``k`` jobs decided, ``k - concurrency + 1``."""
        return 0 if self._concurrency is None else len(self) - self._concurrency + 1

    def decide(self, specs: Sequence[RungSpec], shown: int, trial: tuple[int, Values] | None = None) -> None:
        """A decision was recorded; ``shown`` is how many results it was shown."""
        if trial is not None:
            self._begin(trial[1])
        self._note([(spec.job, spec.trial, piece(spec, None, self._metric)) for spec in specs], shown)
        for number in {spec.trial for spec in specs}:
            self._refresh(number)

    def end(self, spec: RungSpec, result: RungResult) -> None:
        """A job has ended; the table does not show it before :meth:`show`."""
        self._pieces[self._places[spec.job]] = piece(spec, result, self._metric)

    def finished(self, count: int) -> bool:
        """Whether the first ``count`` jobs in the order of reading have finished."""
        for place in self._order[self._done : count]:
            if self._pieces[place].status in (None, "stopped"):
                return False
            self._done += 1
        return True

    def show(self, count: int) -> None:
        """Let the table hold the first ``count`` results in the order of reading, and no fewer than before."""
        places = self._order[self.shown : count]
        self.shown = max(self.shown, count)
        self._visible.update(places)
        for trial in dict.fromkeys(self._trial[place] for place in places):
            self._refresh(trial)

    def row(self, trial: int) -> TrialRow:
        """A trial with all that is known of it."""
        places = self._of_trial[trial]
        if places and self._visible.issuperset(places):
            return self.table[trial]
        return row_of(trial, self.trials[trial], [self._pieces[i] for i in places], self._direction)

    def jobs_of(self, trial: int) -> list[int]:
        """The jobs of a trial in the order they were decided."""
        return [self._jobs[i] for i in self._of_trial[trial]]

    def rung(self, trial: int, fold: int, end: int) -> int | None:
        """The job that trained a trial up to ``end`` on that fold."""
        for i in self._of_trial[trial]:
            if (self._pieces[i].fold, self._pieces[i].to_epoch) == (fold, end):
                return self._jobs[i]
        return None

    def newest(self, trial: int) -> tuple[int, int, set[int]]:
        """Where the newest rung of a trial starts and ends, and its folds; 0 for an end that is not known."""
        pieces = [self._pieces[i] for i in self._of_trial[trial]]
        ends = sorted({p.to_epoch for p in pieces})
        start, end = ([0, 0, *ends])[-2:] if ends else (0, 0)
        return start, end, {p.fold for p in pieces if p.to_epoch == end}

    def shown_for(self, trial: int, end: int) -> int:
        """How many results the decision on a rung was shown; where it is not recorded, those of the next decision."""
        found = [self._shown[i] for i in self._of_trial[trial] if self._pieces[i].to_epoch == end]
        return found[0] if found else max(0, self.rule())

    def _begin(self, values: Values) -> None:
        self.trials.append(values)
        self._of_trial.append([])

    def _note(self, group: Sequence[tuple[int, int, Piece]], shown: int) -> None:
        """The jobs of one decision: number, trial, piece."""
        costs = [self._cost(self.trials[trial], self._length(trial, part)) for _, trial, part in group]
        self._order.decide(shown, costs)
        for number, trial, part in group:
            place = len(self._jobs)
            self._jobs.append(number)
            self._places[number] = place
            self._trial.append(trial)
            self._pieces.append(part)
            self._shown.append(shown)
            self._of_trial[trial].append(place)

    def _length(self, trial: int, part: Piece) -> int:
        """Epochs of a rung, from where the one before it ends."""
        ends = (self._pieces[i].to_epoch for i in self._of_trial[trial])
        return part.to_epoch - max((end for end in ends if end < part.to_epoch), default=0)

    def _refresh(self, trial: int) -> None:
        """The row of the table: results beyond those shown are not there yet."""
        pieces = [
            p if i in self._visible else Piece(p.fold, p.to_epoch)
            for i, p in ((i, self._pieces[i]) for i in self._of_trial[trial])
        ]
        self.table.put(row_of(trial, self.trials[trial], pieces, self._direction))


def decisions(store: Store) -> Iterator[tuple[int | None, list[tuple[int, int, Piece]]]]:
    """The recorded decisions in order: results shown where they were more than the rule says, and the jobs."""
    jobs = groupby(store.jobs.pieces(), key=lambda job: (job[1], job[2].to_epoch))
    for _, found in jobs:
        group = list(found)
        yield store.reads_of(group[0][0]), group
