"""Where the first rung of a search ends: what the space's schedules have to do with it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lstm_automl.estimators.request import Search
from lstm_automl.estimators.sessions import scheduler
from lstm_automl.search.contracts import NewTrial
from lstm_automl.spaces.loader import load


def problem(examples: int) -> Any:
    return SimpleNamespace(
        split=SimpleNamespace(folds=[SimpleNamespace(train=range(examples))]), metric=SimpleNamespace(direction="min")
    )


@pytest.mark.parametrize(
    ("task", "overrides", "epochs"),
    [
        ("regression", {}, 3),
        ("forecasting", {}, 3),
        ("regression", {"batch_size": 1024}, 50),
        ("classification", {}, 12),
        ("classification", {"schedule": "constant"}, 3),
        ("classification", {"schedule": "one_cycle"}, 12),
    ],
)
@pytest.mark.parametrize("name", ["asha", "hyperband"])
def test_a_rate_that_rises_first_is_waited_for(name: str, task: str, overrides: dict[str, Any], epochs: int) -> None:
    space = load(task, overrides=overrides, task=task)
    made = scheduler(Search(scheduler=name), problem(20_000), space)
    assert made.next((), 0, 10, 50) == NewTrial(epochs)
