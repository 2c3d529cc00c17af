"""Parts are disjoint, even, grouped where asked, and the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_automl.errors import DataError, UsageError
from lstm_automl.tasks.forecasting_parts import bounds_of_sizes
from lstm_automl.tasks.splits import Layout, arrange, by_size


def _everything(layout: Layout) -> np.ndarray:
    test = np.array([], np.int64) if layout.test is None else layout.test
    return np.sort(np.concatenate([layout.refit, test]))


@settings(max_examples=80, deadline=None)
@given(
    n=st.integers(6, 300),
    classes=st.integers(1, 9),
    grouped=st.booleans(),
    folds=st.sampled_from([None, 1, 3]),
    seed=st.integers(0, 5),
)
def test_every_sequence_is_in_one_part_and_no_group_in_two(
    n: int, classes: int, grouped: bool, folds: int | None, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, classes, n)
    groups = np.concatenate([np.arange(5), rng.integers(0, 12, n - 5)]) if grouped else None
    layout = arrange((n, 0, 0), examples=n, strata=strata, groups=groups, folds=folds, seed=seed)
    assert np.array_equal(_everything(layout), np.arange(n))
    for train, valid in layout.folds:
        assert len(train)
        assert len(valid)
        both = np.concatenate([train, valid])
        assert np.array_equal(np.sort(both), layout.refit)
        if groups is not None:
            assert not set(groups[train]) & set(groups[valid])
    if groups is not None and layout.test is not None:
        assert not set(groups[layout.test]) & set(groups[layout.refit])
    again = arrange((n, 0, 0), examples=n, strata=strata, groups=groups, folds=folds, seed=seed)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(layout.folds, again.folds, strict=True))


def test_folds_hold_each_class_evenly_and_each_sequence_once() -> None:
    strata = np.repeat([0, 1, 2], [23, 11, 6])
    layout = arrange((40, 0, 0), examples=40, strata=strata)
    assert layout.test is None
    assert len(layout.folds) == 5
    assert np.array_equal(np.sort(np.concatenate([v for _, v in layout.folds])), np.arange(40))
    counts = np.array([np.bincount(strata[v], minlength=3) for _, v in layout.folds])
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert np.ptp(counts.sum(axis=1)) <= 1


def test_a_test_part_of_one_in_five_is_carved_from_fifty_sequences_on() -> None:
    strata = np.tile([0, 1], 25)
    layout = arrange((50, 0, 0), examples=50, strata=strata)
    assert layout.test is not None
    assert np.bincount(strata[layout.test]).tolist() == [5, 5]
    assert arrange((49, 0, 0), examples=49).test is None
    assert arrange((400, 0, 30), examples=400).test.tolist() == list(range(400, 430))


def test_one_in_five_is_held_out_from_five_hundred_examples_on() -> None:
    (pair,) = arrange((1000, 0, 1), examples=1000).folds
    assert [len(p) for p in pair] == [800, 200]
    assert len(arrange((499, 0, 1), examples=499).folds) == 5
    assert len(arrange((40, 0, 1), examples=9000).folds) == 1


def test_a_rare_class_stays_in_training() -> None:
    strata = np.array([0] * 800 + [1] * 2 + [2])
    for seed in range(5):
        layout = arrange((803, 0, 0), examples=803, strata=strata, seed=seed)
        assert set(strata[layout.folds[0][0]]) == {0, 1, 2}


def test_groups_are_spread_by_class() -> None:
    groups = np.repeat(np.arange(20), 30)
    strata = np.repeat(np.arange(20) % 2, 30)
    layout = arrange((600, 0, 1), examples=600, strata=strata, groups=groups, folds=5)
    for _, valid in layout.folds:
        assert np.bincount(strata[valid], minlength=2).tolist() == [60, 60]


def test_another_seed_draws_other_parts() -> None:
    one, two = (arrange((600, 0, 0), examples=600, seed=s) for s in (0, 1))
    assert not np.array_equal(one.test, two.test)


def test_files_are_the_parts() -> None:
    layout = arrange((60, 7, 9), examples=60)
    ((train, valid),) = layout.folds
    assert (len(train), valid.tolist(), layout.test.tolist()) == (60, list(range(60, 67)), list(range(67, 76)))
    carved = arrange((60, 7, 0), examples=60)
    assert [len(carved.folds[0][0]), len(carved.test)] == [48, 12]


def test_sizes_are_taken_in_file_order() -> None:
    layout = arrange((10, 0, 0), examples=10, sizes=(5, 3, 2))
    ((train, valid),) = layout.folds
    assert (train.tolist(), valid.tolist(), layout.test.tolist()) == ([0, 1, 2, 3, 4], [5, 6, 7], [8, 9])
    assert by_size((5, 3), 10).test is None


def test_sizes_that_leave_out_most_are_told() -> None:
    with pytest.warns(UserWarning, match=r"f\.csv: --split 70,15,15 uses 100 of 1000 sequences; the other 900"):
        by_size((70, 15, 15), 1000, source="f.csv")
    with pytest.warns(UserWarning, match=r"--split 70,15 uses 85 of 400 rows"):
        bounds_of_sizes(np.array([400, 900]), (70, 15))
    assert len(by_size((70, 15), 170).folds) == 1  # half is not most


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"sizes": (5, 3, 9)}, "asks for 17 sequences; data has 10"),
        ({"sizes": (5,)}, "two or three positive sizes"),
        ({"sizes": (5, 0)}, "two or three positive sizes"),
        ({"folds": 0}, "number of folds is 0"),
        ({"folds": 11}, "10 sequences cannot be split into 11"),
        ({"folds": 3, "groups": np.repeat([0, 1], 5)}, "2 groups cannot be split into 3"),
        ({"sizes": (5, 3), "groups": np.repeat([0, 1], 5)}, None),
        ({"sizes": (4, 3), "groups": np.repeat(["a", "b"], 5)}, "would cut group 'a' in two"),
        ({"sizes": (5, 3), "files": (10, 2, 0)}, "--split and --valid"),
        ({"sizes": (5, 3, 1), "files": (10, 0, 2)}, "--split with three sizes and --test"),
        ({"sizes": (5, 3), "folds": 4}, "--cv and --split"),
        ({"folds": 4, "files": (10, 2, 0)}, "--cv cannot be used with --valid"),
        ({"files": (1, 0, 0)}, "1 sequence cannot be split into 2"),
    ],
)
def test_what_cannot_be_split_is_said(arguments: dict[str, object], words: str | None) -> None:
    files = arguments.pop("files", (10, 0, 0))
    if words is None:
        assert len(arrange(files, examples=10, **arguments).folds) == 1
        return
    with pytest.raises(UsageError, match=words):
        arrange(files, examples=10, **arguments)


def test_too_little_data_is_a_data_error() -> None:
    with pytest.raises(DataError):
        arrange((1, 0, 0), examples=1)
