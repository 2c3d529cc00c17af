"""Random values of a space: for tests, demos and rehearsals. A search draws through its oracle."""

from __future__ import annotations

import math

import numpy as np

from lstm_automl.spaces.space import Parameter, Space, Value, is_active


def random_values(space: Space, rng: np.random.Generator) -> dict[str, Value]:
    """Active parameters with values drawn evenly, each on its own scale.

    Args:
        space: The space.
        rng: The only source of randomness: an equal generator gives equal values.

    >>> from lstm_automl.spaces.loader import load
    >>> values = random_values(load("classification"), np.random.default_rng(0))
    >>> all(load("classification").parameters[n].contains(v) for n, v in values.items())
    True
    """
    values: dict[str, Value] = {}
    for p in space.parameters.values():
        if is_active(p, values):
            values[p.name] = draw(p, rng)
    return values


def draw(p: Parameter, rng: np.random.Generator) -> Value:
    """One value of one parameter."""
    stepped = p.step is not None or (p.kind == "int" and p.sampling == "linear")
    if p.kind in ("fixed", "bool", "choice") or stepped:
        grid = p.grid()
        return grid[int(rng.integers(len(grid)))]
    low, high = float(p.min_value or 0), float(p.max_value or 0)
    if p.sampling == "log":
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        value = rng.uniform(low, high)
    value = min(max(value, low), high)
    return round(value) if p.kind == "int" else float(f"{value:.12g}")
