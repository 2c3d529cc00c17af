"""Combinations by number, against plain enumeration."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_automl.search.oracles.combinations import Combinations, all_points, grid_points
from lstm_automl.search.results import canonical
from lstm_automl.spaces.space import Parameter, Space
from lstm_automl.testing.search import small_space


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Small choices, each perhaps under a condition on earlier ones."""
    parameters: dict[str, Parameter] = {}
    for i in range(draw(st.integers(1, 5))):
        values = tuple("abc"[: draw(st.integers(1, 3))])
        parents = draw(st.lists(st.sampled_from(list(parameters)), unique=True, max_size=2)) if parameters else []
        when = {p: tuple(draw(st.sets(st.sampled_from("abc"), min_size=1))) for p in parents}
        parameters[f"p{i}"] = Parameter(f"p{i}", "choice", values[0], values=values, when=when)
    return Space("t", parameters)


@settings(deadline=None)
@given(spaces())
def test_every_combination_once(space: Space) -> None:
    combinations = Combinations(space, grid_points(space))
    found = [canonical(combinations.nth(n)) for n in range(combinations.count)]
    points = [p.grid() for p in space.parameters.values()]
    every = {canonical(space.fill(dict(zip(space.parameters, v, strict=True)))) for v in itertools.product(*points)}
    assert sorted(found) == sorted(every)


def test_unseen_finds_the_last_one_left() -> None:
    space = Space("t", {"a": Parameter("a", "int", 1, 1, 3), "b": Parameter("b", "bool", True)})
    combinations = Combinations(space, grid_points(space))
    every = [combinations.nth(n) for n in range(6)]
    seen = {canonical(v) for v in every[:2] + every[3:]}
    assert all(combinations.unseen(start, seen) == every[2] for start in range(6))
    assert combinations.unseen(0, {canonical(v) for v in every}) is None


def test_a_continuous_parameter_makes_a_space_infinite() -> None:
    assert all_points(small_space()) is None
    assert Combinations(small_space(), grid_points(small_space())).count > 1000
