"""What every search space promises, as checks for authors of spaces: ``check_space(load("my_space.yaml"))``."""

from __future__ import annotations

import json

import numpy as np

from lstm_automl.spaces.describe import describe
from lstm_automl.spaces.dump import dumps
from lstm_automl.spaces.loader import loads
from lstm_automl.spaces.neutral import NEUTRAL
from lstm_automl.spaces.sampling import random_values
from lstm_automl.spaces.space import Parameter, Space, Value

DRAWS = 200


def check_space(space: Space) -> None:
    """Run every check.

    Args:
        space: As loaded.

    Raises:
        AssertionError: naming the promise that is broken.
    """
    assert space.parameters, "a space has parameters"
    check_order(space)
    check_values(space, space.defaults())
    check_draws(space)
    check_round_trips(space)
    for name in space.parameters:
        assert name in describe(space), f"{name} is not in the table"


def check_order(space: Space) -> None:
    """Parents stand before their children, and can take the values the children ask for."""
    seen: dict[str, Parameter] = {}
    for p in space.parameters.values():
        assert p.contains(p.default), f"the default of {p.name} is outside its range"
        for parent, allowed in p.when.items():
            assert parent in seen, f"{parent} stands behind its child {p.name}"
            assert allowed, f"{p.name} is never active"
            for value in allowed:
                assert seen[parent].contains(value), f"{parent} cannot be {value!r}, which {p.name} asks for"
        seen[p.name] = p


def check_values(space: Space, values: dict[str, Value]) -> None:
    """``values`` holds exactly the active parameters, each inside its range and on its grid."""
    active = [p.name for p in space.active(values)]
    assert list(values) == active, f"values of {sorted(set(values) ^ set(active))}: active, or there, but not both"
    for name, value in values.items():
        p = space.parameters[name]
        assert p.contains(value), f"{name} = {value!r} is outside its range"
        if p.step is not None:
            assert any(abs(float(value) - float(v)) < 1e-9 for v in p.grid()), f"{name} = {value!r} is off its grid"
    assert space.fill(values) == values, "filling complete values changes them"


def check_draws(space: Space) -> None:
    """Random values are valid, repeat with the seed, and reach every parameter and every listed value."""
    drawn = [random_values(space, np.random.default_rng(i)) for i in range(DRAWS)]
    assert drawn[0] == random_values(space, np.random.default_rng(0)), "an equal generator gave other values"
    for values in drawn:
        check_values(space, values)
    for name, p in space.parameters.items():
        found = {v[name] for v in drawn if name in v}
        assert found, f"{name} was never active in {DRAWS} draws"
        assert len(found) > 1 or not p.searched, f"{name} is searched, yet every draw was {found}"


def check_round_trips(space: Space) -> None:
    """Through JSON and through YAML the space stays what it is."""
    stored = json.loads(json.dumps(space.to_json(), allow_nan=False))
    assert Space.from_json(stored, space.name) == space, "JSON and back is another space"
    assert Space.from_json(stored).digest() == space.digest(), "JSON and back has another digest"
    again = loads(dumps(space), name=space.name)
    assert again == space, "YAML and back is another space"
    assert again.digest() == space.digest(), "YAML and back has another digest"


def check_known(space: Space) -> None:
    """Every parameter has a neutral value: what a model takes where a space does not mention it."""
    for p in space.parameters.values():
        assert p.base in NEUTRAL, f"{p.base} has no neutral value"
