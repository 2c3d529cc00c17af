"""The task suite fails where a promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstm_automl.tasks.classification import Classification
from lstm_automl.tasks.regression import Regression
from lstm_automl.testing.task import check_task


class LooksAtEverything(Classification):
    def fit_state(self, frame: Any, train: Any, options: Any) -> Any:
        return super().fit_state(frame, np.arange(len(frame)), options)


class LooksAtNothing(Classification):
    def fit_state(self, frame: Any, train: Any, options: Any) -> Any:
        state = super().fit_state(frame, train, options)
        return replace(state, arrays={k: np.ones_like(v) for k, v in state.arrays.items()})


class TestsOnTraining(Classification):
    __test__ = False

    def prepare(self, parts: Any, options: Any, **settings: Any) -> Any:
        prepared = super().prepare(parts, options, **settings)
        return replace(prepared, split=replace(prepared.split, test=prepared.split.refit[:5]))


class ForgetsAPart(Classification):
    def prepare(self, parts: Any, options: Any, **settings: Any) -> Any:
        prepared = super().prepare(parts, options, **settings)
        return replace(prepared, split=replace(prepared.split, test=None))


class WrongUnits(Regression):
    def score(self, frame: Any, examples: Any, outputs: Any, state: Any) -> Any:
        return super().score(frame, examples, outputs * 2, state)


class MissingMetric(Regression):
    def score(self, frame: Any, examples: Any, outputs: Any, state: Any) -> Any:
        scores = super().score(frame, examples, outputs, state)
        return {k: v for k, v in scores.items() if k != "mae"}


class RandomDemo(Regression):
    def demo(self, seed: int = 0) -> Any:
        return super().demo(int(np.random.default_rng().integers(1 << 30)))


class NoFloor(Regression):
    def baselines(self, prepared: Any, options: Any) -> Any:
        return {}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (LooksAtEverything, "not training examples"),
        (LooksAtNothing, "does not follow"),
        (TestsOnTraining, "sees the test part"),
        (ForgetsAPart, "examples in no part"),
        (WrongUnits, "right answers have"),
        (MissingMetric, "score"),
        (RandomDemo, "differs from call to call"),
        (NoFloor, "no baseline"),
    ],
)
def test_a_broken_promise_is_found(broken: Callable[[], Any], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_task(broken())
