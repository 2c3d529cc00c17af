"""What every scheduler must do. ``check_scheduler(MyScheduler())`` raises AssertionError where one does not."""

from __future__ import annotations

import copy

from lstm_automl.search.contracts import NewTrial, Promote, Scheduler, Table, TrialRow


def check_scheduler(scheduler: Scheduler, *, max_trials: int = 9, max_epochs: int = 27) -> None:
    """Decisions are pure, within the limits, about trials that exist, and come to an end."""
    table, reached, decisions = tuple[TrialRow, ...](), dict[int, int](), 0
    while (decision := _decide(scheduler, table, len(reached), max_trials, max_epochs)) is not None:
        decisions += 1
        assert decisions <= 20 * max_trials, "it never ends"
        assert 0 < decision.to_epoch <= max_epochs, f"{decision} exceeds {max_epochs} epochs"
        if isinstance(decision, NewTrial):
            number = len(reached)
            assert number < max_trials, f"more than {max_trials} trials"
            table = (*table, _row(number, decision.to_epoch))
        else:
            number = decision.number
            assert reached.get(number, max_epochs) < decision.to_epoch, f"{decision} goes nowhere"
            table = tuple(_row(number, decision.to_epoch) if r.number == number else r for r in table)
        reached[number] = decision.to_epoch
    assert len(reached) == max_trials, f"{len(reached)} of {max_trials} trials were begun"
    assert max_epochs in reached.values(), "no trial was trained to the end"


def _decide(
    scheduler: Scheduler, table: Table, started: int, max_trials: int, max_epochs: int
) -> NewTrial | Promote | None:
    before = copy.deepcopy(table)
    decision = scheduler.next(table, started, max_trials, max_epochs)
    again = type(scheduler)().next(table, started, max_trials, max_epochs)
    assert decision == again, f"{decision} the first time, then {again}"
    assert table == before, "the table was changed"
    return decision


def _row(number: int, epochs: int) -> TrialRow:
    scores = tuple((number * 7 % 10) / 10 + e / 1000 for e in range(epochs))
    return TrialRow(number, {"units": number}, "completed", scores[-1], -scores[-1], epochs - 1, (scores,))
