"""Regression: targets, caps, and machines that run to failure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lstm_automl.data.combine import take
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.errors import DataError
from lstm_automl.tasks.regression import Regression, RegressionOptions
from lstm_automl.tasks.targets import CUTS

TASK, OPTIONS = Regression(), RegressionOptions()


def _rows(frame, examples: np.ndarray) -> np.ndarray:
    return frame.examples["end"][examples] - 1


def test_scores_are_in_original_units_and_on_the_training_scale() -> None:
    data, options = TASK.demo()
    prepared = TASK.prepare(Parts(data), options)
    fold = prepared.split.folds[0]
    state = TASK.fit_state(prepared.frame, fold.train, options)
    y = prepared.frame.fields["y"].values
    std = y[fold.train].std()
    assert state.arrays["y_mean"] == pytest.approx([y[fold.train].mean()])
    off = (y[fold.valid] + 2.0 - state.arrays["y_mean"]) / state.arrays["y_std"]
    scores = TASK.score(prepared.frame, fold.valid, off[:, None], state)
    assert scores["rmse"] == pytest.approx(2.0)
    assert scores["rmse_scaled"] == pytest.approx(2.0 / std)
    table = TASK.decode(prepared.frame, fold.valid, off[:, None], state)
    assert table["prediction"] == pytest.approx(y[fold.valid] + 2.0)


def test_a_cap_cuts_targets_and_predictions() -> None:
    data, _ = TASK.demo()
    options = RegressionOptions(cap=12.0)
    prepared = TASK.prepare(Parts(data, None, data), options)
    assert prepared.frame.fields["y"].values.max() == 12.0
    state = TASK.fit_state(prepared.frame, prepared.split.refit, options)
    assert TASK.decode(prepared.frame, np.arange(1), np.array([[99.0]]), state)["prediction"].tolist() == [12.0]
    assert TASK.frame(data, options, prepared.frame.info).fields["y"].values.max() == 12.0


def test_a_cap_below_every_target_is_refused() -> None:
    data, _ = TASK.demo()
    with pytest.raises(DataError, match=r"--cap -3: no target is below it \(the least is"):
        TASK.prepare(Parts(data), RegressionOptions(cap=-3.0))


def test_every_row_of_a_training_engine_is_an_example(engines: Sequences) -> None:
    prepared = TASK.prepare(Parts(engines, None, engines), OPTIONS, folds=1)
    (fold,) = prepared.split.folds
    frame = prepared.frame
    sequences = np.unique(frame.examples["sequence"][fold.train])
    assert len(sequences) == 24
    assert len(fold.train) == engines.lengths[sequences].sum()
    assert np.array_equal(frame.fields["y"].values[fold.train], engines.targets[_rows(frame, fold.train)])
    assert np.array_equal(frame.examples["low"][fold.train], engines.offsets[frame.examples["sequence"][fold.train]])
    assert np.array_equal(prepared.split.refit, np.arange(len(engines.values)))


def test_few_engines_are_small_data_however_many_rows_they_have(engines: Sequences) -> None:
    assert len(engines.values) > 500
    assert len(TASK.prepare(Parts(engines, None, engines), OPTIONS).split.folds) == 5


def test_held_out_engines_are_scored_at_cuts_spread_over_their_rows(engines: Sequences) -> None:
    prepared = TASK.prepare(Parts(engines, None, engines), OPTIONS, folds=1)
    (fold,) = prepared.split.folds
    frame = prepared.frame
    held = frame.examples["sequence"][fold.valid]
    assert not np.isin(held, frame.examples["sequence"][fold.train]).any()
    assert len(np.unique(held)) == 6
    for i in np.unique(held):
        lengths = np.sort(frame.lengths[fold.valid][held == i])
        longest = engines.lengths[i]
        shortest = min(30, (longest + 1) // 2)
        assert lengths[0] >= shortest
        assert len(lengths) == min(CUTS, longest - shortest + 1) > 10
        assert np.diff(lengths).max() <= 2 * np.ceil((longest - shortest + 1) / CUTS)
    other = TASK.prepare(Parts(engines, None, engines), OPTIONS, seed=1)
    assert not np.array_equal(other.split.folds[0].valid, fold.valid)


def test_published_engines_are_scored_at_their_last_row(engines: Sequences) -> None:
    valid, test = take(engines, np.arange(5)), take(engines, np.arange(4))
    prepared = TASK.prepare(Parts(engines, valid, test), OPTIONS)
    frame, (fold,) = prepared.frame, prepared.split.folds
    n, m = len(engines.values), len(engines.values) + len(valid.values)
    assert np.array_equal(_rows(frame, fold.valid), n + valid.offsets[1:] - 1)
    assert np.array_equal(_rows(frame, prepared.split.test), m + test.offsets[1:] - 1)
    assert len(prepared.split.refit) == m
    assert len(frame) == m + 4


def test_one_target_an_engine_in_the_test_file_is_that_of_its_last_row(engines: Sequences) -> None:
    last = replace(engines, targets=np.arange(30.0), target_per_row=False)
    prepared = TASK.prepare(Parts(engines, None, last), OPTIONS)
    assert prepared.frame.fields["y"].values[prepared.split.test].tolist() == list(range(30))
    reverse = TASK.prepare(Parts(last, None, engines), OPTIONS)
    assert reverse.frame.fields["y"].values[reverse.split.test].tolist() == [0.0] * 30


def test_rows_without_a_target_are_no_examples(engines: Sequences) -> None:
    targets = engines.targets.copy()
    targets[:20] = np.nan
    prepared = TASK.prepare(Parts(replace(engines, targets=targets), None, engines), OPTIONS)
    assert len(prepared.split.refit) == len(targets) - 20
    assert np.isfinite(prepared.frame.fields["y"].values).all()


def test_an_engine_to_predict_is_one_example_up_to_its_last_row(engines: Sequences) -> None:
    info = TASK.prepare(Parts(engines), OPTIONS).frame.info
    frame = TASK.frame(replace(engines, targets=None), OPTIONS, info)
    assert np.array_equal(frame.examples["end"], engines.offsets[1:])
    assert "y" not in frame.fields
    assert TASK.frame(engines, OPTIONS, info).fields["y"].values.tolist() == [0.0] * 30


def test_groups_of_engines_stay_together(engines: Sequences) -> None:
    groups = np.arange(30) // 3
    prepared = TASK.prepare(Parts(replace(engines, groups=groups)), OPTIONS, folds=5)
    sequence = prepared.frame.examples["sequence"]
    for fold in prepared.split.folds:
        assert not set(groups[sequence[fold.train]]) & set(groups[sequence[fold.valid]])


def test_weights_belong_to_every_row_of_their_sequence(engines: Sequences) -> None:
    weights = np.arange(30.0) + 1
    frame = TASK.prepare(Parts(replace(engines, weights=weights)), OPTIONS).frame
    assert np.array_equal(frame.fields["weight"].values, weights[frame.examples["sequence"]])


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (None, "no targets"),
        (np.array(["a"] * 200), "numbers are needed"),
        (np.r_[np.nan, np.ones(199)], "sequence 0 has no target"),
        (np.r_[np.inf, np.ones(199)], "infinite target"),
        (np.r_[1e39, np.ones(199)], r"a target is too large \(at most 3\.4e\+38\)"),
        (np.ones(3), "shape"),
    ],
)
def test_targets_that_cannot_be_used_are_refused(targets: np.ndarray | None, words: str) -> None:
    data, _ = TASK.demo()
    with pytest.raises(DataError, match=words):
        TASK.prepare(Parts(replace(data, targets=targets)), OPTIONS)


def test_the_example_is_a_file_that_can_be_read(tmp_path: Path) -> None:
    wide, long, _ = (block for block in TASK.example().split("\n\n") if "    " in block)
    for name, block, options, per_row in (
        ("wide.csv", wide, OPTIONS, False),
        ("long.csv", long, RegressionOptions(id="unit", time="t", target="life"), True),
    ):
        (tmp_path / name).write_text("\n".join(line[4:] for line in block.splitlines() if line.startswith("    ")))
        data = TASK.read(tmp_path / name, options)
        assert len(data) == 2
        assert data.target_per_row is per_row
