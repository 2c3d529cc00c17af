"""Successive halving: who is promoted, when, and that the search ends with its best trials trained to the end."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_automl.search.contracts import NewTrial, Promote, TrialRow
from lstm_automl.search.schedulers import asha, hyperband
from lstm_automl.search.schedulers.asha import AshaScheduler, ends
from lstm_automl.search.schedulers.hyperband import HyperbandScheduler, shares
from lstm_automl.search.schedulers.ladder import Ladder, levels
from lstm_automl.search.table import LiveTable
from lstm_automl.testing.scheduler import Play

SHIPPED = asha.FACTOR


@pytest.fixture(autouse=True, scope="module")
def three_rungs():
    """The rule is the same for any rungs: here there are three, and one trial in three goes on."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (asha, hyperband):
            patch.setattr(module, "ends", lambda max_epochs, steps=None, **_: levels(max_epochs, 3, steps or 5))
            patch.setattr(module, "FACTOR", 3)
        yield


def done(number, *scores, at=(6, 17, 50), loss=None, status="completed", length=None):
    """A trial with a score for each finished rung."""
    rungs = tuple(zip(at, scores, strict=False))
    last = scores[-1] if status == "completed" else None
    epochs = ((0.0,) * (rungs[-1][0] if length is None else length),)
    return TrialRow(number, {}, status, last, loss, 0, epochs, rungs[-1][0], rungs)


def under_way(number, *scores, at=(6, 17, 50)):
    """A trial whose next rung is not finished."""
    rungs = tuple(zip(at, scores, strict=False))
    return TrialRow(number, {}, "running", to_epoch=at[len(scores)], rungs=rungs)


def asked(*rows, trials=40, direction="max"):
    return AshaScheduler(direction).next(rows, len(rows), trials, 50)


@pytest.mark.parametrize(
    ("max_epochs", "found"), [(1, (1,)), (14, (14,)), (15, (5, 15)), (50, (6, 17, 50)), (300, (11, 33, 100, 300))]
)
def test_levels(max_epochs: int, found: tuple[int, ...]) -> None:
    assert levels(max_epochs, 3, 5) == found


@pytest.mark.parametrize(
    ("max_epochs", "found"), [(1, (1,)), (11, (11,)), (12, (3, 12)), (50, (12, 50)), (1000, (250, 1000))]
)
def test_shipped_rungs(max_epochs: int, found: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asha, "FACTOR", SHIPPED)
    assert ends(max_epochs) == found


@pytest.mark.parametrize(("steps", "found"), [(16, (50,)), (31, (50,)), (33, (12, 50)), (72, (12, 50))])
def test_a_rung_has_steps_enough_to_tell(steps: int, found: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asha, "FACTOR", SHIPPED)
    assert ends(50, steps) == found


@pytest.mark.parametrize(("steps", "found"), [(16, (50,)), (72, (12, 50)), (127, (12, 50)), (134, (3, 12, 50))])
def test_rates_that_never_rise_are_judged_sooner(
    steps: int, found: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asha, "FACTOR", SHIPPED)
    assert ends(50, steps, warm_up=False) == found


@pytest.mark.parametrize("made", [AshaScheduler, HyperbandScheduler])
def test_schedulers_know_the_steps_of_an_epoch(made: type[AshaScheduler]) -> None:
    assert made().next((), 0, 10, 50) == NewTrial(6)
    assert made(steps=20).next((), 0, 10, 50) == NewTrial(50)


def test_the_best_of_three_goes_on() -> None:
    rows = [done(0, 0.5), done(1, 0.9)]
    assert asked(*rows) == NewTrial(6)
    assert asked(*rows, done(2, 0.7)) == Promote(1, 17)
    assert asked(*rows, done(2, 0.7), direction="min") == Promote(0, 17)


def test_nobody_goes_on_twice_and_the_highest_rung_comes_first() -> None:
    rows = [under_way(0, 0.9), done(1, 0.8), done(2, 0.7), done(3, 0.6)]
    assert asked(*rows) == NewTrial(6)
    top = [done(n, 0.5, 0.5 + n / 10) for n in range(3)]
    low = [done(n, 0.9) for n in range(3, 6)]
    assert asked(*top, *low) == Promote(2, 50)


def test_equal_scores_are_parted_by_loss_then_number() -> None:
    assert asked(done(0, 1.0, loss=0.3), done(1, 1.0, loss=0.1), done(2, 1.0, loss=0.1)) == Promote(1, 17)
    gone = under_way(0, 1.0)
    assert asked(gone, done(1, 1.0, loss=0.0), done(2, 0.2)) == NewTrial(6), "one in three has gone on already"


def test_failed_trials_fill_a_rung_and_never_go_on() -> None:
    rows = [done(0, None, status="failed"), done(1, None, status="diverged"), done(2, 0.1)]
    assert asked(*rows) == Promote(2, 17)
    assert asked(*rows[:2], done(2, None, status="failed")) == NewTrial(6)
    assert asked(*rows[:2], done(2, None, status="failed"), trials=3) is None


def test_a_trial_that_patience_ended_is_not_sent_on_but_counts_above() -> None:
    ended = done(0, 0.9, length=4)
    assert asked(ended, done(1, 0.5), done(2, 0.4)) == NewTrial(6)
    three = [done(n, 0.5, 0.6, length=12) for n in (1, 2)]
    assert asked(ended, *three, done(3, 0.1, 0.95)) == Promote(3, 50)


def test_when_all_are_begun_the_best_three_go_to_the_end() -> None:
    rows = [done(n, n / 10) for n in range(5)]
    rows[4] = under_way(4, 0.4)
    assert asked(*rows, trials=5) == Promote(3, 17)
    waiting = [*rows[:4], TrialRow(4, {}, "running", to_epoch=6)]
    waiting[3] = under_way(3, 0.3)
    assert asked(*waiting, trials=5) is None, "trial 4 may still be among the best three"
    rows = [done(0, 0.1), done(1, 0.2), *(done(n, n / 10, 0.5 + n / 10) for n in (2, 3)), done(4, 0.4, 0.9, 0.95)]
    assert asked(*rows, trials=5) == Promote(3, 50)


@pytest.mark.parametrize("lag", [1, 4, 8, 16])
def test_a_search_of_forty(lag: int) -> None:
    table = Play(AshaScheduler(), "max", 40, 50, lag, {7: "diverged"}).run()
    reached = Counter(row.to_epoch for row in table)
    assert reached[6] >= 20
    assert 3 <= reached[50] <= 8
    best = sorted((r for r in table if r.score is not None), key=lambda r: r.rungs[0][1])[-3:]
    assert all(r.to_epoch == 50 for r in best)


def test_hyperband_deals_trials_to_brackets_by_number() -> None:
    assert shares(3, 3) == (9, 5, 3)
    starts = [HyperbandScheduler().next((), n, 100, 50) for n in range(17)]
    assert [s.to_epoch for s in starts] == [6] * 9 + [17] * 5 + [50] * 3
    failed = dict.fromkeys(range(12), "failed")
    table = Play(HyperbandScheduler(), "max", 34, 50, 4, failed).run()
    assert sum(row.to_epoch == 50 for row in table) >= 3 * 2, "the brackets without failures went on as ever"


rung = st.sampled_from([None, 0.25, 0.5, 0.75, 1.0])
rows = st.tuples(
    st.lists(rung, max_size=3), st.sampled_from(["running", "completed", "failed"]), st.booleans(), st.integers(0, 2)
)


def row_of(number, scores, status, short, loss):
    """Any row there may be, consistent in itself."""
    if None in scores:
        scores, status = scores[: scores.index(None) + 1], "diverged"
    if status == "running" or not scores:
        return under_way(number, *scores[:2])
    if status == "failed":
        scores = [*scores[:-1], None]
    return done(number, *scores, loss=float(loss), status=status, length=3 if short else None)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), rows), min_size=1, max_size=60), st.sampled_from(["max", "min"]))
def test_a_live_table_and_a_plain_one_are_answered_alike(changes, direction) -> None:
    table = LiveTable()
    kept = [AshaScheduler(direction), HyperbandScheduler(direction)]
    for n in range(12):
        table.put(TrialRow(n, {}, "running", to_epoch=6))
    for number, drawn in changes:
        table.put(row_of(number, *drawn))
        for scheduler in kept:
            for trials in (12, 20):
                plain = type(scheduler)(direction).next(tuple(table), 12, trials, 50)
                assert scheduler.next(table, 12, trials, 50) == plain


def test_a_decision_costs_what_has_changed() -> None:
    class Counting(LiveTable):
        reads = 0

        def __getitem__(self, index):
            Counting.reads += 1
            return super().__getitem__(index)

    table, scheduler = Counting(), AshaScheduler()
    for n in range(500):
        table.put(done(n, n / 500))
    scheduler.next(table, 500, 1000, 50)
    before = Counting.reads
    table.put(under_way(499, 0.998))
    scheduler.next(table, 500, 1000, 50)
    assert Counting.reads - before == 1


def test_a_table_that_is_gone_takes_its_state_with_it() -> None:
    scheduler = AshaScheduler()
    for _ in range(3):
        table = LiveTable()
        table.put(done(0, 0.5))
        scheduler.next(table, 1, 5, 50)
    del table
    assert not scheduler._ladders._kept


def test_a_ladder_forgets_what_a_row_was() -> None:
    ladder = Ladder((6, 17, 50), 3, "max")
    for n, score in enumerate((0.1, 0.2, 0.9)):
        ladder.take(done(n, score))
    assert ladder.promotion() == Promote(2, 17)
    ladder.take(done(2, None, status="failed"))
    assert ladder.promotion() == Promote(1, 17)
