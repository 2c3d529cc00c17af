"""The ``Space`` object: active parameters, filling, holding, limiting."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_automl.spaces.describe import describe
from lstm_automl.spaces.loader import load, loads
from lstm_automl.spaces.sampling import draw, random_values
from lstm_automl.spaces.space import Parameter, Space

TEXT = """
task: forecasting
parameters:
  bidirectional: {type: bool}
  merge_mode: {type: choice, values: [sum, ave], when: {bidirectional: true}}
  window: {type: int, min_value: 24, max_value: 96, step: 24, default: 72}
  patch: {type: choice, values: [1, 8, 24], default: 24}
  learning_rate: {type: float, min_value: 1e-4, max_value: 1e-2, sampling: log}
"""


@pytest.fixture
def space() -> Space:
    return loads(TEXT)


def test_fill_adds_defaults_and_drops_what_is_not_active(space: Space) -> None:
    filled = space.fill({"merge_mode": "ave", "window": 48})
    assert filled == {"bidirectional": False, "window": 48, "patch": 24, "learning_rate": 1e-4}
    assert space.fill({"merge_mode": "ave", "bidirectional": True})["merge_mode"] == "ave"


def test_fixed_keeps_conditions(space: Space) -> None:
    held = space.fixed({"merge_mode": "ave"})
    assert "merge_mode" not in held.defaults()
    assert held.fill({"bidirectional": True})["merge_mode"] == "ave"
    assert held.digest() != space.digest()


def test_without_removes_children_too(space: Space) -> None:
    assert list(space.without("bidirectional", "patch").parameters) == ["window", "learning_rate"]
    layered = load("classification").without("num_layers")
    assert "num_layers" not in layered.parameters


@pytest.mark.parametrize(
    ("high", "values", "default"),
    [(200, (24, 48, 72, 96), 72), (80, (24, 48, 72), 72), (72, (24, 48, 72), 72), (50, (24, 48), 48), (10, (10,), 10)],
)
def test_limited_range(space: Space, high: int, values: tuple[int, ...], default: int) -> None:
    found = space.limited("window", high).parameters["window"]
    assert (found.grid(), found.default) == (values, default)


@pytest.mark.parametrize(("high", "values"), [(24, (1, 8, 24)), (23, (1, 8)), (1, (1,)), (0, (0,))])
def test_limited_choice(space: Space, high: int, values: tuple[int, ...]) -> None:
    found = space.limited("patch", high).parameters["patch"]
    assert (found.grid(), found.default) == (values, values[-1])


def test_limiting_what_is_not_there_changes_nothing(space: Space) -> None:
    assert space.limited("units", 3) is space


def test_draws_cover_the_range_evenly_on_their_scale() -> None:
    rate = Parameter("learning_rate", "float", 1e-4, 1e-4, 1e-2, sampling="log")
    rng = np.random.default_rng(0)
    drawn = np.array([draw(rate, rng) for _ in range(2000)], dtype=float)
    assert drawn.min() >= 1e-4
    assert drawn.max() <= 1e-2
    assert abs(np.mean(drawn < 1e-3) - 0.5) < 0.05, "half of the draws in each order of magnitude"
    units = Parameter("units", "int", 1, 1, 4)
    counts = np.bincount([int(draw(units, rng)) for _ in range(2000)], minlength=5)[1:]
    assert counts.min() > 400


def test_random_values_are_plain_python() -> None:
    values = random_values(load("forecasting"), np.random.default_rng(3))
    assert {type(v) for v in values.values()} <= {bool, int, float, str}


def test_table() -> None:
    lines = describe(loads(TEXT, name="mine")).splitlines()
    assert lines[0] == "mine: a space for forecasting: 5 parameters, 5 searched"
    assert lines[2].split() == ["parameter", "values", "first", "only", "when", "what", "it", "is"]
    assert lines[4].startswith("merge_mode     sum, ave             sum     bidirectional = true  how both")
    assert lines[5].startswith("window         24 .. 96, step 24    72 ")
    assert lines[7].startswith("learning_rate  0.0001 .. 0.01, log  0.0001")
