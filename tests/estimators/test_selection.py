"""Which finalist is chosen, and what it is refitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from lstm_automl.estimators import selection
from lstm_automl.estimators.effort import Effort
from lstm_automl.estimators.selection import Members, choose, refit
from lstm_automl.search.contracts import Epoch, RungResult, Status, TrialRow
from lstm_automl.search.driver import Driver, JobRequest, Limits
from lstm_automl.tasks.task import Metric

ACCURACY = Metric("accuracy", "max")
EFFORT = Effort(3, 2, 2)


class Recorded:
    """A driver whose runs have ended already: scores by (trial, seed), all folds alike; None = cut by its deadline."""

    def __init__(
        self, scores: Mapping[tuple[int, int], float | None], epochs: int = 4, status: Status = "completed"
    ) -> None:
        self.limits, self._scores, self._epochs, self._status = Limits(max_epochs=10), scores, epochs, status
        self.asked: list[JobRequest] = []

    def run(self, requests: Sequence[JobRequest], **_: Any) -> list[RungResult]:
        self.asked = list(requests)
        return [self._result(i, r) for i, r in enumerate(requests)]

    def folder(self, job: int) -> Path:
        return Path(f"job-{job}")

    def _result(self, job: int, request: JobRequest) -> RungResult:
        score = self._scores.get((request.trial, request.seed))
        if score is None:
            return RungResult(job, request.trial, "stopped")
        epochs = tuple(Epoch(e, 0.1, {"accuracy": score, "val_loss": 1 - score}) for e in range(self._epochs))
        return RungResult(job, request.trial, self._status, epochs, 0, score, 1 - score, "checkpoint.npz")


def _table(*scores: float) -> tuple[TrialRow, ...]:
    return tuple(TrialRow(n, {}, "completed", s, 1 - s, best_epoch=3) for n, s in enumerate(scores))


def _choose(driver: Recorded, table: tuple[TrialRow, ...], effort: Effort = EFFORT, folds: int = 2) -> TrialRow:
    return choose(cast(Driver, driver), table, ACCURACY, folds, effort)


def test_fresh_seeds_overrule_one_lucky_run() -> None:
    fresh = {(0, 1): 0.8, (0, 2): 0.8, (1, 1): 0.88, (1, 2): 0.9, (2, 1): 0.5, (2, 2): 0.5}
    best = _choose(Recorded(fresh), _table(0.92, 0.9, 0.7))
    assert best.number == 1
    assert best.score == pytest.approx(0.89)  # of the fresh runs alone


def test_the_run_of_the_search_counts_as_one() -> None:
    fresh = {(0, 1): 0.86, (1, 1): 0.87}
    assert _choose(Recorded(fresh), _table(0.95, 0.85), Effort(2, 1, 1)).number == 0


def test_runs_cut_by_time_do_not_count() -> None:
    fresh = {(0, 1): 0.8, (0, 2): None, (1, 1): None, (1, 2): None}
    assert _choose(Recorded(fresh), _table(0.9, 0.95)).number == 0
    assert _choose(Recorded({}), _table(0.9, 0.95)).number == 1


def test_without_runs_the_search_decides() -> None:
    driver = Recorded({})
    assert _choose(driver, _table(0.9, 0.95), Effort(1, 0, 1)).number == 1
    assert driver.asked == []


def _curve(number: int, best: int, *scores: float) -> TrialRow:
    return TrialRow(number, {}, "completed", scores[best], 1 - scores[best], best, epochs=(scores,) * 2)


@pytest.mark.parametrize(
    ("curves", "chosen"),
    [
        ((_curve(0, 1, 0.4, 0.95, 0.4), _curve(1, 2, 0.88, 0.9, 0.91)), 1),  # swings: good between two bad ones
        ((_curve(0, 2, 0.4, 0.4, 0.95), _curve(1, 2, 0.88, 0.9, 0.91)), 1),  # the same at the end
        ((_curve(0, 1, 0.2, 0.95, 0.9), _curve(1, 2, 0.88, 0.9, 0.91)), 0),  # learns fast
        ((_curve(0, 0, 0.95), _curve(1, 2, 0.88, 0.9, 0.91)), 0),  # one epoch says what it says
    ],
)
def test_without_runs_a_lucky_epoch_does_not_decide(curves: tuple[TrialRow, ...], chosen: int) -> None:
    assert _choose(Recorded({}), curves, Effort(1, 0, 1)).number == chosen


def test_without_runs_only_the_best_three_are_looked_at() -> None:
    swings = [_curve(n, 1, 0.1, 0.95 - n / 100, 0.1) for n in range(3)]
    assert _choose(Recorded({}), (*swings, _curve(3, 1, 0.9, 0.9, 0.9)), Effort(1, 0, 1)).number == 0


def test_each_finalist_is_first_run_once() -> None:
    driver = Recorded({})
    _choose(driver, _table(0.9, 0.8, 0.7, 0.6))
    seeds = [r.seed for r in driver.asked]
    assert seeds == sorted(seeds)
    assert {r.trial for r in driver.asked} == {0, 1, 2}


def test_whole_refits_before_cut_ones() -> None:
    trial: Any = TrialRow(4, {"schedule": "constant"}, "completed", 0.9, 0.1, best_epoch=6)
    driver = Recorded({(4, 0): 0.9, (4, 1): None})
    assert refit(cast(Driver, driver), trial, EFFORT, 7) == Members([Path("job-0/checkpoint.npz")])
    assert {r.to_epoch for r in driver.asked} == {7}


@pytest.mark.parametrize(
    ("own", "expected"), [(5, Members([Path("own")], 1)), (4, Members([Path("job-0/checkpoint.npz")]))]
)
def test_a_refit_that_was_cut_short_yields_to_a_network_trained_for_longer(
    own: int, expected: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "_of_the_search", lambda *_: (1, own, Path("own")))
    trial = TrialRow(4, {"schedule": "constant"}, "completed", 0.9, 0.1, best_epoch=6)
    assert refit(cast(Driver, Recorded({(4, 0): 0.9}, 4, "stopped")), trial, Effort(1, 0, 1), 7) == expected
