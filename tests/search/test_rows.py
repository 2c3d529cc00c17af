"""Trials from jobs, the best from trials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lstm_automl.errors import NoValidTrialError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, TrialRow
from lstm_automl.search.rows import JobRow, best, join, rank, trial_row, trial_table

SPEC = RungSpec(0, 0, "search", 0, 0, {"units": 8}, 0, "", "", 0, 4, 4)


def job(number: int, fold: int, result: RungResult | None = None) -> JobRow:
    return JobRow(number, replace(SPEC, job=number, fold=fold), result)


def done(number: int, score: float, best_epoch: int = 1, loss: float | None = 0.5) -> RungResult:
    epochs = (Epoch(0, 1.0, {"acc": 0.1}), Epoch(1, 0.9, {"acc": score}))
    return RungResult(number, 0, "completed", epochs, best_epoch, score, loss)


def test_a_trial_is_the_mean_of_its_folds() -> None:
    row = trial_row(0, {}, [job(0, 0, done(0, 0.5, 3)), job(1, 1, done(1, 1.0, 1)), job(2, 2, done(2, 0.9, 2))], "acc")
    assert (row.status, row.score, row.loss, row.best_epoch) == ("completed", pytest.approx(0.8), 0.5, 2)
    assert row.epochs == ((0.1, 0.5), (0.1, 1.0), (0.1, 0.9))


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (("completed", None), "running"),
        (("completed", "diverged"), "diverged"),
        (("diverged", "failed"), "failed"),
        (("completed", "stopped"), "stopped"),
    ],
)
def test_the_worst_fold_names_the_trial(statuses: tuple[str | None, ...], status: str) -> None:
    results = [None if s is None else replace(done(i, 0.5), status=s) for i, s in enumerate(statuses)]  # type: ignore
    row = trial_row(0, {}, [job(i, i, r) for i, r in enumerate(results)], "acc")
    assert (row.status, row.score) == (status, None)


@pytest.mark.parametrize("score", [None, float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_never_best(score: float | None) -> None:
    row = trial_row(0, {}, [job(0, 0, replace(done(0, 0.5), score=score))], "acc")
    assert (row.status, row.score) == ("diverged", None)
    with pytest.raises(NoValidTrialError, match="1 diverged"):
        best([row], "max")


def test_ties_go_to_the_lower_loss_then_the_lower_number() -> None:
    rows = [
        TrialRow(i, {}, "completed", s, loss) for i, (s, loss) in enumerate([(1, 3), (2, 2), (2, 1), (2, 1), (2, None)])
    ]
    assert [t.number for t in rank(rows, "max")] == [2, 3, 1, 4, 0]
    assert [t.number for t in rank(rows, "min")] == [0, 2, 3, 1, 4]
    assert best(rows, "max").number == 2


def test_seed_and_refit_jobs_are_not_in_the_table() -> None:
    again = JobRow(1, replace(SPEC, job=1, purpose="seed", seed=1), replace(done(1, 0.0), status="failed"))
    assert trial_table({0: {}}, [job(0, 0, done(0, 0.5)), again], "acc")[0].score == 0.5


def test_a_continued_rung_has_all_its_epochs() -> None:
    before = replace(done(0, 0.9), status="stopped")
    after = RungResult(0, 0, "completed", (Epoch(2, 0.1, {"acc": 0.2}),), -1, None, None)
    joined = join(before, after)
    assert [e.epoch for e in joined.epochs] == [0, 1, 2]
    assert (joined.status, joined.best_epoch, joined.score) == ("completed", 1, 0.9)
