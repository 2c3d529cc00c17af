"""A search space: parameters with ranges, conditions and defaults. Plain Python, no Keras."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Value = bool | int | float | str
Kind = Literal["int", "float", "choice", "bool", "fixed"]


@dataclass(frozen=True)
class Parameter:
    """One hyper-parameter, after ``per: layer`` is expanded (``units_0``, ``units_1``, ...).

    Args:
        name: As in tables, Keras Tuner and MLflow.
        kind: ``fixed`` has only ``default``.
        default: Always inside the range.
        min_value, max_value: Inclusive range of ``int`` and ``float``.
        step: Distance of grid points (``int``: default 1; ``float``: None = continuous).
        sampling: ``linear`` or ``log``.
        values: The values of a ``choice``.
        when: Parent name -> values for which this parameter is active; all must hold.
        base: Name before ``per: layer``; equal to ``name`` otherwise.
    """

    name: str
    kind: Kind
    default: Value
    min_value: float | None = None
    max_value: float | None = None
    step: float | None = None
    sampling: Literal["linear", "log"] = "linear"
    values: tuple[Value, ...] = ()
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    base: str = ""

    @property
    def searched(self) -> bool:
        """More than one value is possible."""
        return len(self.grid(2)) > 1

    def grid(self, points: int = 10) -> tuple[Value, ...]:
        """The distinct values; a continuous range is cut into ``points``, evenly on its scale."""
        if self.kind == "fixed":
            return (self.default,)
        if self.kind == "bool":
            return (False, True)
        if self.kind == "choice":
            return self.values
        low, high = float(self.min_value or 0), float(self.max_value or 0)
        if low == high:
            return (self._typed(low),)
        if (self.kind == "int" and self.sampling == "linear") or self.step:
            step = self.step or 1
            count = math.floor((high - low) / step + 1e-9) + 1
            return tuple(self._typed(low + i * step) for i in range(count))
        fractions = [i / (points - 1) for i in range(points)]
        if self.sampling == "log":
            raw = [math.exp(math.log(low) + f * (math.log(high) - math.log(low))) for f in fractions]
        else:
            raw = [low + f * (high - low) for f in fractions]
        return tuple(dict.fromkeys(self._typed(v) for v in raw))

    def contains(self, value: object) -> bool:
        """Whether ``value`` is of the right type and inside the range."""
        if self.kind == "fixed":
            return value == self.default and isinstance(value, bool) == isinstance(self.default, bool)
        if self.kind == "bool":
            return isinstance(value, bool)
        if self.kind == "choice":
            return any(value == v and isinstance(value, bool) == isinstance(v, bool) for v in self.values)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        if self.kind == "int" and value != int(value):
            return False
        return (self.min_value or 0) - 1e-12 <= value <= (self.max_value or 0) + 1e-12

    def _typed(self, value: float) -> Value:
        return round(value) if self.kind == "int" else float(f"{value:.12g}")


@dataclass(frozen=True)
class Space:
    """Parameters in an order in which every parent stands before its children.

    Args:
        task: Name of the task it is for.
        parameters: By name, parents first.
        name: File name without ``.yaml``.
        first: Values of trials worth trying before any other, each named parameter in place of its default.
    """

    task: str
    parameters: Mapping[str, Parameter]
    name: str = ""
    first: tuple[Mapping[str, Value], ...] = ()

    def active(self, values: Mapping[str, Value]) -> Iterator[Parameter]:
        """The parameters whose conditions hold, given the values of their parents in ``values``."""
        for p in self.parameters.values():
            if is_active(p, values):
                yield p

    def defaults(self) -> dict[str, Value]:
        """Default values of the active parameters."""
        values: dict[str, Value] = {}
        for p in self.parameters.values():
            if is_active(p, values):
                values[p.name] = p.default
        return values

    def starts(self) -> list[dict[str, Value]]:
        """Values of the first trials: the defaults, then those of ``first``; what the space has not is passed over."""
        found = [self.defaults()]
        for entry in self.first:
            if all(name in self.parameters and self.parameters[name].contains(v) for name, v in entry.items()):
                typed = {n: float(v) if self.parameters[n].kind == "float" else v for n, v in entry.items()}
                values = self.fill(typed)
                if values not in found:
                    found.append(values)
        return found

    def fill(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """``values`` with defaults for what is active and absent, and without what is not active."""
        out: dict[str, Value] = {}
        for p in self.parameters.values():
            if is_active(p, out):
                out[p.name] = values.get(p.name, p.default)
        return out

    def fixed(self, values: Mapping[str, Value]) -> Space:
        """The space with these parameters held at one value each (no checks: see ``spaces.settings``)."""
        parameters = {
            n: Parameter(n, "fixed", values[n], when=p.when, base=p.base) if n in values else p
            for n, p in self.parameters.items()
        }
        return replace(self, parameters=parameters)

    def without(self, *names: str) -> Space:
        """The space without these parameters and what depends on them: ``window`` where there are no windows."""
        parameters: dict[str, Parameter] = {}
        for name, p in self.parameters.items():
            if name not in names and p.base not in names and all(parent in parameters for parent in p.when):
                parameters[name] = p
        return replace(self, parameters=parameters)

    def limited(self, name: str, high: int) -> Space:
        """The space with a whole-number parameter at most ``high``: a ``window`` where the series are short.

        Values above are dropped; where none is left, the parameter is held at ``high``. Unchanged where absent.
        """
        p = self.parameters.get(name)
        if p is None or all(isinstance(v, int) and v <= high for v in p.grid()):
            return self
        default = max((v for v in p.grid() if isinstance(v, int) and v <= high), default=high)
        if isinstance(p.default, int) and p.default <= high:
            default = p.default
        values = tuple(v for v in p.values if isinstance(v, int) and v <= high)
        if p.kind == "int" and high >= (p.min_value or 0):
            held = replace(p, max_value=high, default=default)
        elif p.kind == "choice" and values:
            held = replace(p, values=values, default=default)
        else:
            held = Parameter(name, "fixed", high, when=p.when, base=p.base)
        return replace(self, parameters={**self.parameters, name: held})

    def choosing(self, name: str, values: Sequence[Value], default: Value | None = None) -> Space:
        """The space with a choice of these values and ``default`` (None: its own); the first where that is not one."""
        p = self.parameters[name]
        wanted = p.default if default is None else default
        chosen = wanted if wanted in values else values[0]
        return replace(self, parameters={**self.parameters, name: replace(p, values=tuple(values), default=chosen)})

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; equal spaces, equal JSON."""
        return {
            "task": self.task,
            "parameters": [
                {k: (dict(v) if k == "when" else v) for k, v in vars(p).items()} for p in self.parameters.values()
            ],
            "first": [dict(entry) for entry in self.first],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], name: str = "") -> Space:
        """Inverse of :meth:`to_json`."""
        parameters = {}
        for raw in data["parameters"]:
            when = {k: tuple(v) for k, v in raw["when"].items()}
            parameters[raw["name"]] = Parameter(**{**raw, "values": tuple(raw["values"]), "when": when})
        return cls(data["task"], parameters, name, tuple(data.get("first", ())))

    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def is_active(parameter: Parameter, values: Mapping[str, Value]) -> bool:
    """Whether the conditions of a parameter hold; a parent that is not active makes its children inactive."""
    return all(parent in values and values[parent] in allowed for parent, allowed in parameter.when.items())
