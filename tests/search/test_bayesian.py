"""What the Gaussian process is told of trials that are not at their end."""

from __future__ import annotations

from typing import Any

import pytest

from lstm_automl.search.contracts import TrialRow
from lstm_automl.search.oracles import keras_tuner as tuner
from lstm_automl.search.oracles.bayesian import INITIAL, BayesianOracle
from lstm_automl.testing.search import small_space

SPACE = small_space()


def row(number: int, status: Any, *rungs: tuple[int, float | None]) -> TrialRow:
    score = rungs[-1][1] if status == "completed" else None
    return TrialRow(number, SPACE.defaults(), status, score, to_epoch=9, rungs=rungs)


def test_a_promoted_trial_is_told_with_what_it_was_promoted_for() -> None:
    from keras_tuner.oracles import BayesianOptimizationOracle

    oracle = BayesianOptimizationOracle(**tuner.settings(SPACE, 1, "max"))
    table = (
        row(0, "completed", (3, 0.2)), row(1, "running", (3, 0.9)), row(2, "running"), row(3, "completed", (3, 0.4)),
        row(4, "diverged", (3, 0.8), (9, None)), row(5, "failed"),
    )  # fmt: skip
    tuner.fill(oracle, SPACE, table, "max")
    assert [oracle.trials[str(n)].score for n in range(6)] == [0.2, 0.9, 0.4, 0.4, 0.2, 0.2]


def test_promoted_trials_count_among_those_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    filled: list[int] = []
    original = tuner.fill

    def fill(oracle: Any, space: Any, table: Any, direction: Any) -> None:
        filled.append(len(table))
        original(oracle, space, table, direction)

    monkeypatch.setattr(tuner, "fill", fill)
    table = tuple(row(n, "running", (3, 0.1 * n)) for n in range(INITIAL))
    BayesianOracle().propose(SPACE, 0, INITIAL - 1, table[:-1], "max")
    assert filled == []
    BayesianOracle().propose(SPACE, 0, INITIAL, table, "max")
    assert filled != []
