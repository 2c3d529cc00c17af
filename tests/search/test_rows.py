"""Trials from jobs, the best from trials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lstm_automl.errors import NoValidTrialError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, TrialRow
from lstm_automl.search.pieces import settled
from lstm_automl.search.rows import JobRow, best, join, rank, trial_row, trial_table

SPEC = RungSpec(0, 0, "search", 0, 0, {"units": 8}, 0, "", "", 0, 4, 4)


def job(number: int, fold: int, result: RungResult | None = None) -> JobRow:
    return JobRow(number, replace(SPEC, job=number, fold=fold), result)


def done(number: int, score: float, best_epoch: int = 1, loss: float | None = 0.5) -> RungResult:
    epochs = (Epoch(0, 1.0, {"acc": 0.1}), Epoch(1, 0.9, {"acc": score}))
    return RungResult(number, 0, "completed", epochs, best_epoch, score, loss)


def fold(number: int, *scores: float) -> JobRow:
    epochs = tuple(Epoch(i, 1.0, {"acc": score, "val_loss": 1 - score}) for i, score in enumerate(scores))
    top = max(range(len(scores)), key=lambda e: scores[e])
    return job(number, number, RungResult(number, 0, "completed", epochs, top, scores[top], 1 - scores[top]))


def test_one_fold_is_scored_at_its_best_epoch() -> None:
    row = trial_row(0, {}, [fold(0, 0.1, 0.9, 0.5)], "acc")
    assert (row.score, row.loss, row.best_epoch) == (0.9, pytest.approx(0.1), 1)


def test_folds_are_scored_at_one_epoch_common_to_all() -> None:
    jobs = [fold(0, 0.9, 0.2, 0.7), fold(1, 0.1, 0.9, 0.7)]
    row = trial_row(0, {}, jobs, "acc", "max")
    assert (row.status, row.score, row.loss, row.best_epoch) == ("completed", 0.7, pytest.approx(0.3), 2)
    assert row.epochs == ((0.9, 0.2, 0.7), (0.1, 0.9, 0.7))
    assert trial_row(0, {}, jobs, "acc", "min").best_epoch == 0


def test_a_fold_that_ended_early_keeps_its_last_score() -> None:
    row = trial_row(0, {}, [fold(0, 0.2, 0.4), fold(1, 0.1, 0.3, 0.8)], "acc", "max")
    assert (row.score, row.best_epoch) == (pytest.approx(0.6), 2)


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


def rung(number: int, fold: int, start: int, *scores: float, status: str | None = "completed") -> JobRow:
    spec = replace(SPEC, job=number, fold=fold, from_epoch=start, to_epoch=start + len(scores))
    epochs = tuple(Epoch(start + i, 1.0, {"acc": s, "val_loss": 1 - s}) for i, s in enumerate(scores))
    top = max(range(len(scores)), key=lambda e: scores[e])
    result = (
        None if status is None else RungResult(number, 0, status, epochs, start + top, scores[top], 1 - scores[top])
    )  # type: ignore
    return JobRow(number, spec, result)


def test_a_trial_under_promotion_keeps_its_finished_rungs() -> None:
    jobs = [rung(0, 0, 0, 0.3, 0.5), rung(1, 0, 2, 0.7, 0.6), rung(2, 0, 4, 0.1, 0.1, 0.1, status=None)]
    row = trial_row(0, {}, jobs, "acc")
    assert (row.status, row.score, row.to_epoch) == ("running", None, 7)
    assert row.rungs == ((2, 0.5), (4, 0.7))
    assert row.epochs == ((0.3, 0.5, 0.7, 0.6),)
    found = settled(row, "max")
    assert (found.status, found.score, found.best_epoch, found.to_epoch) == ("completed", 0.7, 2, 4)


def test_a_rung_counts_when_all_folds_have_finished_it() -> None:
    jobs = [rung(0, 0, 0, 0.9, 0.2), rung(1, 1, 0, 0.1, 0.8), rung(2, 0, 2, 0.7), rung(3, 1, 2, 0.7, status=None)]
    row = trial_row(0, {}, jobs, "acc")
    assert (row.status, row.rungs) == ("running", ((2, 0.5),))
    assert row.epochs == ((0.9, 0.2), (0.1, 0.8))
    row = trial_row(0, {}, [*jobs[:3], rung(3, 1, 2, 0.7)], "acc")
    assert (row.score, row.rungs) == (0.7, ((2, 0.5), (3, 0.7)))
    row = trial_row(0, {}, [*jobs[:3], rung(3, 1, 2, 0.7, status="diverged")], "acc")
    assert (row.status, row.rungs) == ("diverged", ((2, 0.5), (3, None)))
