"""Batches gathered in the graph against the same made by hand from the frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_problems import equal_lengths, problem

from lstm_automl.data.frame import Field, Frame
from lstm_automl.models import feeds
from lstm_automl.models.feeds import Feed, input_spec
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import State


def feed_of(found: Problem, window: int | None = None, state: State | None = None, **arrays: Any) -> Feed:
    values = {} if window is None else {"window": window}
    head = found.task.head(found.frame, values)
    fitted = state or found.task.fit_state(found.frame, found.split.folds[0].train, found.options)
    fitted = replace(fitted, arrays={**fitted.arrays, **arrays})
    return Feed(input_spec(found.frame, head, values), head, window, found.frame.info, fitted)


def batch_of(feed: Feed, frame: Frame, index: list[int]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    examples = np.array(index)
    tensors = feed.tensors(frame)
    batch, lengths = feed.inputs(tensors, examples, np.int64(feed.lengths(frame, examples).max()))
    return {k: np.asarray(v) for k, v in batch.items()}, np.asarray(lengths)


def rows_by_hand(frame: Frame, feed: Feed, i: int, window: int | None) -> np.ndarray:
    low, end = frame.examples["low"][i], frame.examples["end"][i]
    start = low if window is None else max(low, end - window)
    x = np.asarray(frame.fields["x"].values[start:end], np.float64)
    return (x - feed._arrays["x_mean"]) / feed._arrays["x_std"]


@pytest.mark.parametrize("window", [None, 4, 30])
def test_ragged_sequences_are_scaled_padded_and_masked(window: int | None) -> None:
    found = problem("regression")
    feed = feed_of(found, window)
    index = [3, 0, 17]
    batch, lengths = batch_of(feed, found.frame, index)
    wanted = [rows_by_hand(found.frame, feed, i, window) for i in index]
    assert lengths.tolist() == [len(w) for w in wanted]
    assert batch["x"].shape[1] == max(lengths)
    for row, w in enumerate(wanted):
        np.testing.assert_allclose(batch["x"][row, : len(w)], w, rtol=1e-5, atol=1e-6)
        assert (batch["x"][row, len(w) :] == 0).all()
        if feed.spec.mask:
            assert batch["mask"][row].tolist() == [t < len(w) for t in range(batch["x"].shape[1])]


def test_equal_lengths_need_no_mask() -> None:
    spec = feed_of(equal_lengths()).spec
    assert (spec.mask, spec.length) == (False, None)
    assert feed_of(problem("classification")).spec.mask


def test_a_forecaster_has_a_fixed_window_continued_backwards() -> None:
    found = problem("forecasting")
    feed = feed_of(found, 40)
    assert (feed.spec.mask, feed.spec.length, feed.spec.known) == (False, 40, 1)
    short = int(np.argmin(found.frame.lengths))
    batch, _ = batch_of(feed, found.frame, [short, len(found.frame) - 1])
    for row, i in enumerate([short, len(found.frame) - 1]):
        wanted = rows_by_hand(found.frame, feed, i, 40)
        wanted = np.concatenate([np.repeat(wanted[:1], 40 - len(wanted), axis=0), wanted])
        np.testing.assert_allclose(batch["x"][row], wanted, rtol=1e-5, atol=1e-6)
    assert found.frame.lengths[short] < 40


def test_forecasts_know_the_covariates_ahead_and_not_the_target() -> None:
    found = problem("forecasting")
    frame, feed = found.frame, feed_of(found, 8)
    horizon, i = frame.info["horizon"], 100
    end = int(frame.examples["end"][i])
    batch, _ = batch_of(feed, frame, [i])
    x, mean, std = frame.fields["x"].values, feed._arrays["x_mean"], feed._arrays["x_std"]
    promo = (x[end : end + horizon, 1] - mean[1]) / std[1]
    np.testing.assert_allclose(batch["known"][0, :, 0], promo, rtol=1e-5, atol=1e-6)
    y = np.asarray(feed.targets(feed.tensors(frame), np.array([i])))
    np.testing.assert_allclose(y[0, :, 0], (x[end : end + horizon, 0] - mean[0]) / std[0], rtol=1e-5)
    changed = x.copy()
    changed[end:, 0] = 1e6
    other = replace(frame, fields={**frame.fields, "x": Field(changed, frame.fields["x"].offsets)})
    after, _ = batch_of(feed, other, [i])
    assert all(np.array_equal(after[name], batch[name]) for name in batch)


def test_targets_and_weights() -> None:
    found = problem("regression")
    feed = feed_of(found)
    frame = replace(found.frame, fields={**found.frame.fields, "weight": Field(np.arange(len(found.frame)) / 7)})
    tensors, index = feed.tensors(frame), np.array([4, 2])
    y = np.asarray(feed.targets(tensors, index))
    wanted = (frame.fields["y"].values[index] - feed._arrays["y_mean"]) / feed._arrays["y_std"]
    np.testing.assert_allclose(y[:, 0], wanted, rtol=1e-5)
    np.testing.assert_allclose(feed.weights(tensors, index, y), [4 / 7, 2 / 7], rtol=1e-6)


def test_class_weights() -> None:
    found = equal_lengths()
    feed = feed_of(found, class_weight=np.array([3.0, 0.5]))
    y = np.array([1, 0, -1], np.int32)
    assert np.asarray(feed.weights(feed.tensors(found.frame), np.array([0, 1, 2]), y)).tolist() == [0.5, 3.0, 3.0]


def test_missing_values_are_the_mean() -> None:
    found = equal_lengths()
    x = found.frame.fields["x"].values.copy()
    x[2, 0] = np.nan
    frame = replace(found.frame, fields={**found.frame.fields, "x": Field(x, found.frame.fields["x"].offsets)})
    batch, _ = batch_of(feed_of(found), frame, [0])
    assert batch["x"][0, 2, 0] == 0
    assert np.isfinite(batch["x"]).all()


def test_trainers_share_the_mapped_file(tmp_path: Path) -> None:
    equal_lengths().frame.save(tmp_path / "frame")
    frame = Frame.load(tmp_path / "frame")
    one, two = feed_of(equal_lengths()).tensors(frame), feed_of(equal_lengths()).tensors(frame)
    assert all(one[name] is two[name] for name in ("x", "y", "sequence", "low", "end"))
    with (tmp_path / "frame" / "field.x.npy").open("r+b") as file:
        x = np.load(file)
        file.seek(-x.itemsize, 2)
        file.write(np.full(1, 7, x.dtype).tobytes())
    assert float(one["x"][-1, -1]) == 7  # it was not copied
    key = id(frame)
    assert key in feeds._SHARED
    del frame
    assert key not in feeds._SHARED
