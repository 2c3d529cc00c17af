"""What was decided and what came of it, in memory: all that decisions need, and no work that grows with the search."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_automl.search.contracts import RungResult, RungSpec, TrialRow, Values
from lstm_automl.search.pieces import Piece, piece, row_of
from lstm_automl.search.store import Store
from lstm_automl.search.table import LiveTable
from lstm_automl.tasks.task import Direction


class Ledger:
    """The search's jobs in the order they were decided; seed and refit jobs have no part in it.

    Args:
        store: What is recorded so far.
        metric, direction: The objective.
    """

    def __init__(self, store: Store, metric: str, direction: Direction) -> None:
        self._metric, self._direction = metric, direction
        self.table = LiveTable()
        self.trials: list[Values] = []
        self.shown = 0
        """How many results the table holds: those of the first jobs."""
        self._jobs: list[int] = []
        self._places: dict[int, int] = {}
        self._trial: list[int] = []
        self._pieces: list[Piece] = []
        self._of_trial: list[list[int]] = []
        self._done = 0
        for _, values in sorted(store.trials.items()):
            self._begin(values)
        for number, trial, part in store.jobs.pieces():
            self._note(number, trial, part)
        for number in range(len(self.trials)):
            self._refresh(number)

    def __len__(self) -> int:
        """How many jobs were decided."""
        return len(self._jobs)

    def __contains__(self, job: int) -> bool:
        return job in self._places

    def decide(self, specs: Sequence[RungSpec], trial: tuple[int, Values] | None = None) -> None:
        """A decision was recorded."""
        if trial is not None:
            self._begin(trial[1])
        for spec in specs:
            self._note(spec.job, spec.trial, piece(spec, None, self._metric))
        for number in {spec.trial for spec in specs}:
            self._refresh(number)

    def end(self, spec: RungSpec, result: RungResult) -> None:
        """A job has ended; the table does not show it before :meth:`show`."""
        self._pieces[self._places[spec.job]] = piece(spec, result, self._metric)

    def finished(self, count: int) -> bool:
        """Whether the first ``count`` jobs have finished."""
        while self._done < len(self._pieces) and self._pieces[self._done].status not in (None, "stopped"):
            self._done += 1
        return self._done >= count

    def show(self, count: int) -> None:
        """Let the table hold the results of the first ``count`` jobs, and no fewer than before."""
        trials = dict.fromkeys(self._trial[self.shown : count])
        self.shown = max(self.shown, count)
        for trial in trials:
            self._refresh(trial)

    def row(self, trial: int) -> TrialRow:
        """A trial with all that is known of it."""
        places = self._of_trial[trial]
        if places and places[-1] < self.shown:
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

    def _begin(self, values: Values) -> None:
        self.trials.append(values)
        self._of_trial.append([])

    def _note(self, number: int, trial: int, part: Piece) -> None:
        place = len(self._jobs)
        self._jobs.append(number)
        self._places[number] = place
        self._trial.append(trial)
        self._pieces.append(part)
        self._of_trial[trial].append(place)

    def _refresh(self, trial: int) -> None:
        """The row of the table: results beyond those shown are not there yet."""
        pieces = [
            p if i < self.shown else Piece(p.fold, p.to_epoch)
            for i, p in ((i, self._pieces[i]) for i in self._of_trial[trial])
        ]
        self.table.put(row_of(trial, self.trials[trial], pieces, self._direction))
