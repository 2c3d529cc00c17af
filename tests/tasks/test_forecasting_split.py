"""Which origins train, validate and test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from forecasting_data import series, times

from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.errors import DataError, LstmAutomlError, UsageError
from lstm_automl.tasks.forecasting import Forecasting, ForecastingOptions
from lstm_automl.tasks.task import Prepared

TASK = Forecasting()


def prepare(data: Sequences, *, sizes=None, folds=None, valid=None, test=None, **options) -> Prepared:
    return TASK.prepare(Parts(data, valid, test), ForecastingOptions(**options), sizes=sizes, folds=folds)


def origins(prepared: Prepared, part: np.ndarray, number: int = 0) -> np.ndarray:
    """Rows from the start of series ``number``."""
    mine = part[prepared.frame.examples["sequence"][part] == number]
    return prepared.frame.lengths[mine]


def span(rows: np.ndarray) -> tuple[int, int, int]:
    return int(rows.min()), int(rows.max()), len(rows)


def test_split_sizes_are_the_informer_convention() -> None:
    made = prepare(series(17420, channels=2), sizes=(8640, 2880, 2880), horizon=24)
    (fold,), split = made.split.folds, made.split
    assert span(origins(made, fold.train)) == (24, 8640 - 24, 8640 - 24 - 24 + 1)
    assert span(origins(made, fold.valid)) == (8640, 11520 - 24, 2880 - 24 + 1)
    assert span(origins(made, split.refit)) == (24, 11520 - 24, 11520 - 24 - 24 + 1)
    assert span(origins(made, split.test)) == (11520, 14400 - 24, 2880 - 24 + 1)
    assert len(made.frame.fields["x"].values) == 14400, "rows after the parts stay out"
    assert made.frame.info["season"] == 24


def test_two_sizes_leave_no_test_part() -> None:
    made = prepare(series(300), sizes=(150, 100), horizon=5)
    assert made.split.test is None
    assert span(origins(made, made.split.refit))[1] == 245


def test_chronological_parts_of_each_series() -> None:
    made = prepare(series(1000, 2000), horizon=10)
    (fold,) = made.split.folds
    for number, n in enumerate((1000, 2000)):
        assert origins(made, fold.train, number).max() == 0.6 * n - 10
        assert span(origins(made, fold.valid, number))[:2] == (0.6 * n, 0.8 * n - 10)
        assert span(origins(made, made.split.test, number))[:2] == (0.8 * n, n - 10)
        assert origins(made, fold.train, number).min() == made.frame.info["history"] == 24


def test_windows_of_a_series_do_not_reach_into_the_one_before() -> None:
    made = prepare(series(1000, 900), horizon=10)
    offsets = made.frame.fields["x"].offsets
    assert np.array_equal(made.frame.examples["low"], offsets[:-1][made.frame.examples["sequence"]])
    assert (made.frame.examples["end"] + 10 <= offsets[made.frame.examples["sequence"] + 1]).all()


def test_few_origins_roll() -> None:
    made = prepare(series(144, step="M"), horizon=12)
    assert len(made.split.folds) == 5
    valid = [origins(made, f.valid) for f in made.split.folds]
    assert np.array_equal(np.concatenate(valid), np.arange(57, 115 - 12 + 1)), "blocks of origins, none left out"
    for fold, scored in zip(made.split.folds, valid, strict=True):
        assert origins(made, fold.train).max() + 12 == scored.min(), "trained on all rows before, on no target after"
        assert origins(made, fold.train).min() == 12
    assert span(origins(made, made.split.test)) == (115, 132, 18)
    assert origins(made, made.split.refit).max() + 12 == 115


def test_folds_are_as_asked() -> None:
    data = series(2000)
    assert len(prepare(data, horizon=5).split.folds) == 1
    assert len(prepare(data, horizon=5, folds=3).split.folds) == 3
    assert len(prepare(series(144), horizon=5, folds=1).split.folds) == 1


def test_least_history_is_shared_and_can_be_set() -> None:
    assert prepare(series(1000), horizon=3, season=50).frame.info["history"] == 50
    assert prepare(series(1000), horizon=60).frame.info["history"] == 60
    made = prepare(series(1000), horizon=3, history=7)
    assert origins(made, made.split.refit).min() == 7
    assert prepare(series(38), horizon=12).frame.info["history"] == 2, "the shortest series that has all parts"


def test_validation_may_be_thinned_and_training_never(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, every = prepare(series(3000), horizon=5), prepare(series(3000), horizon=5, stride=10)
    assert len(every.split.folds[0].train) == len(whole.split.folds[0].train)
    assert np.array_equal(np.diff(origins(every, every.split.folds[0].valid)), np.full(59, 10))
    assert np.array_equal(np.diff(origins(every, every.split.test)), np.full(59, 10))
    monkeypatch.setattr("lstm_automl.tasks.forecasting.MOST_VALIDATED", 300)
    thinned = prepare(series(3000), horizon=5)
    assert np.array_equal(np.diff(origins(thinned, thinned.split.folds[0].valid)), np.full(297, 2))
    assert len(thinned.split.test) == len(whole.split.test)


def test_files_continue_the_series() -> None:
    whole = series(1000, 1000)
    cut = [_rows(whole, 0, 700), _rows(whole, 700, 800), _rows(whole, 800, 1000)]
    made = prepare(cut[0], valid=cut[1], test=cut[2], horizon=10)
    assert np.array_equal(made.frame.fields["x"].values, whole.values)
    (fold,) = made.split.folds
    assert origins(made, fold.train, 1).max() == 690
    assert span(origins(made, fold.valid, 1)) == (700, 790, 91)
    assert span(origins(made, made.split.test, 1)) == (800, 990, 191)
    swapped = replace(
        cut[2], ids=cut[2].ids[::-1], values=np.concatenate([whole.values[1800:], whole.values[800:1000]])
    )
    assert np.array_equal(
        prepare(cut[0], valid=cut[1], test=swapped, horizon=10).frame.fields["x"].values, whole.values
    )


def test_a_test_file_alone_leaves_validation_to_the_training_file() -> None:
    whole = series(1200)
    made = prepare(_rows(whole, 0, 1000), test=_rows(whole, 1000, 1200), horizon=10)
    assert span(origins(made, made.split.folds[0].valid)) == (800, 990, 191)
    assert span(origins(made, made.split.test)) == (1000, 1190, 191)
    alone = prepare(_rows(whole, 0, 1000), valid=_rows(whole, 1000, 1200), horizon=10)
    assert alone.split.test is None


def test_later_rows_change_nothing_of_training() -> None:
    data = series(1000, 800)
    later = np.concatenate([np.arange(1000) >= 600, np.arange(800) >= 480])
    other = replace(data, values=np.where(later[:, None], data.values * 7 + 3, data.values))
    one, two = prepare(data, horizon=10), prepare(other, horizon=10)
    train = one.split.folds[0].train
    assert np.array_equal(train, two.split.folds[0].train)
    a, b = (TASK.fit_state(p.frame, train, ForecastingOptions(horizon=10)).arrays for p in (one, two))
    assert a.keys() == b.keys()
    assert all(np.array_equal(a[k], b[k]) for k in a)
    for i in train:
        rows = slice(one.frame.examples["low"][i], one.frame.examples["end"][i] + 10)
        assert np.array_equal(one.frame.fields["x"].values[rows], two.frame.fields["x"].values[rows])
    assert one.frame.info == two.frame.info
    assert one.frame.digest() != two.frame.digest()


def _rows(data: Sequences, start: int, stop: int) -> Sequences:
    """These rows of each series."""
    rows = np.concatenate([np.arange(a + start, a + stop) for a in data.offsets[:-1]])
    offsets = np.arange(len(data) + 1, dtype=np.int64) * (stop - start)
    return replace(data, values=data.values[rows], times=data.times[rows], offsets=offsets, source=f"{start}.csv")


MISTAKES = [
    (lambda: prepare(series(100, 37), horizon=12), DataError,
     "made.csv: horizon 12 needs at least 38 rows in each series, for training, validation and test; "
     "series 'b' has 37"),
    (lambda: prepare(series(20, 37), horizon=12), DataError,
     "made.csv: horizon 12 needs at least 38 rows in each series, for training, validation and test; "
     "series 'a' has 20"),
    (lambda: prepare(series(50), horizon=5, history=50), DataError,
     "made.csv: horizon 5 needs at least 91 rows in each series, for training, validation and test; there are 50"),
    (lambda: prepare(series(25), test=series(20, start="2020-02-01"), horizon=12), DataError,
     "made.csv: horizon 12 needs at least 26 rows in each series, for training and validation; there are 25"),
    (lambda: prepare(series(8, 8, targets=np.array(["a", "b"])), horizon=2), DataError,
     "made.csv: sequences with a target each, not series; forecasting reads rows in time"),
    (lambda: prepare(series(100), horizon=12, sizes=(60, 11, 29)), DataError,
     "made.csv: horizon 12 needs at least 12 rows in the validation part of each series; there are 11"),
    (lambda: prepare(series(100), horizon=12, sizes=(60, 30, 11)), DataError,
     "made.csv: --split 60,30,11 needs 101 rows in each series; there are 100"),
    (lambda: prepare(series(100), sizes=(60,)), UsageError,
     "--split takes two or three positive row counts (train,valid[,test]), got (60,)"),
    (lambda: prepare(series(100), sizes=(60, 20), folds=3, horizon=5), UsageError,
     "--cv 3 and a given validation part (--valid, --split) exclude each other"),
    (lambda: prepare(series(100), folds=0), UsageError,
     "the number of folds is 0; 1 (a hold-out part) or more is needed"),
    (lambda: prepare(series(60), folds=20, horizon=12), DataError,
     "made.csv: 20 rolling validation parts at horizon 12 need 61 rows before the test part in each series; "
     "there are 48"),
    (lambda: prepare(series(100), sizes=(60, 20), test=series(20)), UsageError,
     "--split cuts one file into parts: give it without --valid and --test"),
    (lambda: prepare(series(100), test=series(50, start="2020-01-02", source="t.csv")), DataError,
     "t.csv: series 'a' starts at 2020-01-02T00:00:00.000000000, not after 2020-01-05T03:00:00.000000000, "
     "the end of made.csv"),
    (lambda: prepare(series(100, 100), test=series(50, 50, ids=np.array(["a", "z"]), source="t.csv")), DataError,
     "t.csv: series 'z' is not in made.csv; every part continues its series"),
    (lambda: prepare(series(100), test=replace(series(50, source="t.csv"), channels=("c9",))), DataError,
     "t.csv: column 'c0' is missing (valid: c9); the series have c0"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), MISTAKES)
def test_mistakes_are_named(call, kind: type[LstmAutomlError], message: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_the_rows_asked_for_are_enough() -> None:
    made = prepare(series(38, 38), horizon=12)
    assert made.split.test is not None
    assert prepare(series(91), horizon=5, history=50).split.test is not None
    prepare(series(26), test=series(20, start="2020-02-01"), horizon=12)
    prepare(series(61 + 15), folds=20, horizon=12)
    with pytest.raises(DataError, match="need 83 rows before the test part"):
        prepare(series(100), folds=20, horizon=12, history=40)
    prepare(series(83 + 21), folds=20, horizon=12, history=40)


def test_times_at_the_border_must_differ() -> None:
    first = series(100, times=times(100, "2020-01-01", "D"))
    following = series(50, times=times(50, "2020-04-10", "D"))
    assert prepare(first, test=following, horizon=5).split.test is not None
    with pytest.raises(DataError, match="not after"):
        prepare(first, test=replace(following, times=times(50, "2020-04-09", "D")), horizon=5)
