"""Uniform draws: those of Keras Tuner's random search, number for number, without its import (10 s and 0.7 GB)."""

from __future__ import annotations

import math
import random
from typing import Any, ClassVar

from lstm_automl.search.contracts import Table
from lstm_automl.search.hyperparameters import choices
from lstm_automl.search.oracles.draws import propose_new
from lstm_automl.spaces.space import Parameter, Space, Value, is_active
from lstm_automl.tasks.task import Direction


class RandomOracle:
    """Draws as Keras Tuner's RandomSearchOracle does; a test holds the two side by side."""

    name: ClassVar[str] = "random"
    reads_results: ClassVar[bool] = False

    def propose(self, space: Space, seed: int, n: int, table: Table, direction: Direction) -> dict[str, Any] | None:
        """A draw that the table does not hold."""
        return propose_new(space, seed, n, table, lambda derived: draw(space, derived))


def draw(space: Space, seed: int) -> dict[str, Value]:
    """A value for each active parameter, of a seed of its own each.

    >>> space = Space("t", {"units": Parameter("units", "int", 8, 8, 16)})
    >>> draw(space, 1) == draw(space, 1), 8 <= draw(space, 2)["units"] <= 16
    (True, True)
    """
    values: dict[str, Value] = {}
    for p in space.parameters.values():
        if is_active(p, values):
            values[p.name] = at(p, random.Random(seed + len(values)).random())
    return values


def at(p: Parameter, share: float) -> Value:
    """The value below which that share of a parameter's range lies, from 0 up to 1 exclusive."""
    if p.kind == "fixed":
        return p.default
    if p.kind == "bool":
        return share >= 0.5
    if (points := choices(p)) is not None:
        return points[_index(share, len(points))]
    low, high = p.min_value or 0, p.max_value or 0
    if p.kind == "int":
        low, high = round(low), round(high)
        if p.sampling == "log":
            return int(low * math.pow((high + 1) / low, share))
        step = round(p.step or 1)
        return int(low + _index(share, (high - low) // step + 1) * step)
    value = low * math.pow(high / low, share) if p.sampling == "log" else share * (high - low) + low
    return min(max(float(value), float(low)), float(high))


def _index(share: float, count: int) -> int:
    return min(math.floor(share / (1 / count)), count - 1)
