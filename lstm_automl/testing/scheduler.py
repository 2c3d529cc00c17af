"""What every scheduler must do. ``check_scheduler(MyScheduler())`` raises AssertionError where one does not."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

from lstm_automl.search.contracts import NewTrial, Promote, Scheduler, Table, TrialRow
from lstm_automl.search.table import LiveTable
from lstm_automl.tasks.task import Direction


def check_scheduler(scheduler: Scheduler, *, max_trials: int = 9, max_epochs: int = 27) -> None:
    """Decisions are pure, within the limits, about trials that may go on, and come to an end.

    Args:
        scheduler: Its class is called with ``direction=``, ``steps=`` and ``warm_up=``, as a search does.
        max_trials, max_epochs: Limits of the searches played.
    """
    for direction in ("max", "min"):
        for lag in (4, 1):
            for bad in ({}, {1: "diverged", 4: "failed"}, dict.fromkeys(range(max_trials), "failed")):
                Play(scheduler, direction, max_trials, max_epochs, lag, bad).run()


class Play:
    """A search without training: rungs end in the order in which they were begun, ``lag`` of them under way.

    Args:
        scheduler: Asked with a live table; a new one of its class with a plain copy of it.
        direction: Of the objective.
        max_trials, max_epochs: Limits.
        lag: Rungs under way before the next decision waits for one.
        bad: Trials that fail or diverge in their first rung.
        scores: Of each trial at full length; None = made up.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        direction: Direction,
        max_trials: int,
        max_epochs: int,
        lag: int,
        bad: dict[int, Any],
        scores: Sequence[float] | None = None,
    ) -> None:
        kind: Any = type(scheduler)
        self._make, self._direction = partial(kind, direction=direction, steps=None, warm_up=True), direction
        self._asked = self._make()
        self._max_trials, self._max_epochs, self._lag, self._bad = max_trials, max_epochs, lag, bad
        self._scores = scores
        self._running: deque[int] = deque()
        self.table = LiveTable()

    def run(self) -> Table:
        """Play it, checking each decision; the table at the end."""
        for _ in range(40 * self._max_trials):
            decision = self._decide()
            if decision is not None:
                self._begin(decision)
            elif not self._running:
                break
            if self._running and (decision is None or len(self._running) >= self._lag):
                self._end(self._running.popleft())
        else:
            raise AssertionError("it never ends")
        assert len(self.table) == self._max_trials, f"{len(self.table)} of {self._max_trials} trials were begun"
        good = [row for row in self.table if row.number not in self._bad]
        assert not good or any(row.to_epoch == self._max_epochs for row in good), "no trial was trained to the end"
        return self.table

    def _decide(self) -> NewTrial | Promote | None:
        limits = len(self.table), self._max_trials, self._max_epochs
        plain = tuple(self.table)
        before = copy.deepcopy(plain)
        decision = self._asked.next(self.table, *limits)
        again = self._make().next(plain, *limits)
        assert decision == again, f"{decision} the first time, then {again}"
        assert tuple(self.table) == before, "the table was changed"
        assert plain == before, "the table was changed"
        checked: NewTrial | Promote | None = decision
        return checked

    def _begin(self, decision: NewTrial | Promote) -> None:
        assert 0 < decision.to_epoch <= self._max_epochs, f"{decision} exceeds {self._max_epochs} epochs"
        number = len(self.table)
        if isinstance(decision, NewTrial):
            assert number < self._max_trials, f"more than {self._max_trials} trials"
            self.table.put(TrialRow(number, {"units": number}, "running", to_epoch=decision.to_epoch))
        else:
            number = decision.number
            assert 0 <= number < len(self.table), f"{decision}: there is no such trial"
            row = self.table[number]
            assert row.status == "completed", f"{decision}: the trial is {row.status}"
            assert row.to_epoch < decision.to_epoch, f"{decision} goes nowhere"
            kept: dict[str, Any] = {"epochs": row.epochs, "rungs": row.rungs}
            self.table.put(TrialRow(number, row.values, "running", to_epoch=decision.to_epoch, **kept))
        self._running.append(number)

    def _end(self, number: int) -> None:
        row = self.table[number]
        if number in self._bad:
            ended = TrialRow(
                number, row.values, self._bad[number], to_epoch=row.to_epoch, rungs=((row.to_epoch, None),)
            )
        else:
            ended = self._completed(row)
        self.table.put(ended)

    def _completed(self, row: TrialRow) -> TrialRow:
        sign = 1.0 if self._direction == "max" else -1.0
        last = (row.number * 7 % 10) / 10 if self._scores is None else self._scores[row.number]
        epochs = tuple(last + sign * (e - self._max_epochs) / 1000 for e in range(row.to_epoch))
        rungs = (*row.rungs, (row.to_epoch, epochs[-1]))
        return TrialRow(
            row.number, row.values, "completed", epochs[-1], -sign * epochs[-1], row.to_epoch - 1, (epochs,),
            row.to_epoch, rungs,
        )  # fmt: skip
