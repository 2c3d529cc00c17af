"""Time budgets: what is left, what it allows, what is made ahead."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from lstm_automl.errors import DataError
from lstm_automl.estimators import effort as room
from lstm_automl.estimators.ahead import Ahead, busy
from lstm_automl.estimators.effort import Allowance, Cost, Effort, Means, affordable, expected_epochs
from lstm_automl.estimators.request import Search
from lstm_automl.search.contracts import TrialRow

ASKED = Effort(3, 3, 3)


def test_without_a_budget_everything_asked_is_done() -> None:
    assert Allowance(Search(), time.monotonic()).left() is None
    assert affordable(ASKED, 3, 5, None) == ASKED


def test_part_of_a_budget_is_kept_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 5000.0
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: now))
    assert Allowance(Search(time_budget=50.0), now).left() == 45.0
    assert Allowance(Search(time_budget=1000.0), now).left() == 992.0
    assert Allowance(Search(time_budget=10.0), now - 60).left() == 0.0


@pytest.mark.parametrize("seconds", [0.0, 10.0, 25.0, 40.0, 70.0, 1000.0])
@pytest.mark.parametrize("folds", [1, 5])
def test_what_is_chosen_fits(seconds: float, folds: int) -> None:
    means = Means(seconds, workers=4, job=10.0, refit=10.0)
    effort = affordable(ASKED, 3, folds, means)
    jobs = effort.finalists * effort.seeds * folds if effort.seeds else 0
    spent = -(-jobs // means.workers) * means.job + means.refits(effort.ensemble)
    assert spent <= max(seconds, means.refits(effort.ensemble))
    assert effort.ensemble == 3 or seconds < means.refits(3)


def test_more_time_never_means_less_effort() -> None:
    efforts = [affordable(ASKED, 3, 5, Means(s, 4, 5.0, 5.0)) for s in range(0, 300, 10)]
    runs = [e.finalists * e.seeds for e in efforts]
    assert runs == sorted(runs)
    assert (runs[0], runs[-1]) == (0, 9)


def test_expected_epochs_follow_patience() -> None:
    trial = TrialRow(0, {"schedule": "one_cycle"}, "completed", best_epoch=48)
    assert expected_epochs(trial, 50, 10) == 50
    assert expected_epochs(trial, 50, None) == 50
    assert Cost(2.0, 0.5).of(10) == 7.0


def test_what_goes_wrong_ahead_is_raised_where_it_is_needed() -> None:
    def wrong() -> int:
        raise DataError("no rows")

    made = Ahead(wrong, modules=())
    with pytest.raises(DataError, match="no rows"):
        made.result()
    assert Ahead(lambda: [1], modules=("a_module_that_is_not_there",)).result() == [1]


def test_what_is_made_ahead_is_not_waited_for_for_ever() -> None:
    go = threading.Event()
    made = Ahead(lambda: go.wait(600), modules=("json",))
    made.imported()
    assert busy()
    with pytest.raises(TimeoutError):
        made.result(0.01)
    go.set()
    assert made.result() is True
