"""The combinations of a finite space, by number: conditions cut branches off, so none comes twice."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from lstm_automl.search.results import canonical
from lstm_automl.spaces.space import Parameter, Space, Value, is_active

Points = Mapping[str, Sequence[Value]]


def grid_points(space: Space) -> Points:
    """The values of each parameter on a grid; continuous ranges are cut into points."""
    return {name: p.grid() for name, p in space.parameters.items()}


def all_points(space: Space) -> Points | None:
    """Every value of each parameter; None when one of them is continuous."""
    points = {}
    for name, p in space.parameters.items():
        if p.kind == "float" and p.step is None and p.min_value != p.max_value:
            return None
        points[name] = _whole_numbers(p) if p.kind == "int" and p.step is None else p.grid()
    return points


def _whole_numbers(p: Parameter) -> Sequence[Value]:
    return range(math.ceil(p.min_value or 0), math.floor(p.max_value or 0) + 1)


class Combinations:
    """The combinations of ``points`` in order, the last parameter changing fastest.

    Args:
        space: Parameters, parents first.
        points: The values of each.
    """

    def __init__(self, space: Space, points: Points) -> None:
        self._parameters = list(space.parameters.values())
        self._points = points
        self._parents = {parent for p in self._parameters for parent in p.when}
        self._counts: dict[tuple[int, str], int] = {}
        self.count = self._count(0, {})

    def nth(self, n: int) -> dict[str, Value]:
        """Combination ``n`` of ``0..count-1``: active parameters only."""
        values: dict[str, Value] = {}
        for i, p in enumerate(self._parameters):
            if not is_active(p, values):
                continue
            if p.name not in self._parents:
                below = self._count(i + 1, values)
                values[p.name] = self._points[p.name][n // below]
                n %= below
                continue
            for value in self._points[p.name]:
                below = self._count(i + 1, {**values, p.name: value})
                if n < below:
                    values[p.name] = value
                    break
                n -= below
        return values

    def unseen(self, start: int, seen: Collection[str]) -> dict[str, Value] | None:
        """The first combination from ``start`` on, round and round, whose canonical JSON is not in ``seen``."""
        for i in range(min(self.count, len(seen) + 1)):
            values = self.nth((start + i) % self.count)
            if canonical(values) not in seen:
                return values
        return None

    def _count(self, i: int, values: Mapping[str, Value]) -> int:
        """How many ways there are to choose the parameters from ``i`` on."""
        if i == len(self._parameters):
            return 1
        key = i, canonical({k: v for k, v in values.items() if k in self._parents})
        if key not in self._counts:
            self._counts[key] = self._ways(i, values)
        return self._counts[key]

    def _ways(self, i: int, values: Mapping[str, Value]) -> int:
        p = self._parameters[i]
        if not is_active(p, values):
            return self._count(i + 1, values)
        if p.name not in self._parents:
            return len(self._points[p.name]) * self._count(i + 1, values)
        return sum(self._count(i + 1, {**values, p.name: v}) for v in self._points[p.name])
