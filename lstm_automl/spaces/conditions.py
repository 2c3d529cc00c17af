"""Conditions: parents exist and can take the values asked for, no circles, parents stand before children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lstm_automl.errors import did_you_mean
from lstm_automl.spaces.ranges import Declared
from lstm_automl.spaces.space import Parameter, Value
from lstm_automl.spaces.vocabulary import shown

Allowed = dict[str, tuple[Value, ...]]


def check(declared: Mapping[str, Declared], broken: set[str]) -> None:
    """Report every condition that cannot be meant, each where it is written.

    Args:
        declared: All parameters of the space.
        broken: Names that are declared but could not be read: nothing is said of them again.
    """
    for d in declared.values():
        if d.conditions_of is not None:
            continue  # checked where it was written
        for parent, values in d.parameter.when.items():
            found = d.scope.get(parent) or declared.get(parent)
            if parent in broken and found is None:
                continue
            if found is None:
                hint = did_you_mean(parent, [n for n in declared if n != d.name])
                d.report(f"unknown parent {parent!r}{hint}", "when", parent, key=True)
            else:
                _check_parent(d, found, values)
    for circle in _circles(declared):
        declared[circle[0]].report(f"conditions go in a circle: {' -> '.join(circle)}", "when", key=True)


def ordered(declared: Mapping[str, Declared]) -> dict[str, Declared]:
    """Parents before children, otherwise as declared; members of a circle are left out."""
    out: dict[str, Declared] = {}
    waiting = dict(declared)
    while True:
        ready = (n for n, d in waiting.items() if not any(p in waiting for p in d.parameter.when))
        name = next(ready, None)
        if name is None:
            return out
        out[name] = waiting.pop(name)


def reachable(declared: Mapping[str, Declared]) -> tuple[dict[str, Declared], dict[str, Allowed]]:
    """The parameters that can be active, and for each what its ancestors may then be.

    Conditions keep only values their parents still have: narrowing a parent narrows its children.
    """
    kept: dict[str, Declared] = {}
    closure: dict[str, Allowed] = {}
    for name, d in ordered(declared).items():
        allowed: Allowed = {}
        when: Allowed = {}
        possible = True
        for parent, values in d.parameter.when.items():
            if parent not in kept:
                possible = False
                break
            when[parent] = tuple(v for v in values if takes(kept[parent].parameter, v))
            for ancestor, among in {**closure[parent], parent: when[parent]}.items():
                before = allowed.get(ancestor)
                allowed[ancestor] = among if before is None else tuple(v for v in before if v in among)
        if possible and all(allowed.values()):
            kept[name] = replace(d, parameter=replace(d.parameter, when=when))
            closure[name] = allowed
    return kept, closure


def takes(parameter: Parameter, value: Value) -> bool:
    """Whether a parameter can have this value, grid points included."""
    if not parameter.contains(value):
        return False
    return parameter.kind != "int" or parameter.sampling == "log" or value in parameter.grid()


def _check_parent(d: Declared, parent: Declared, values: tuple[Value, ...]) -> None:
    p = parent.parameter
    if parent.per_layer:
        d.report(f"{p.name!r} has a value for each layer: it cannot be a parent", "when", p.name, key=True)
        return
    if p.kind == "float":
        d.report(f"{p.name!r} is a continuous number: it cannot be a parent", "when", p.name, key=True)
        return
    for i, value in enumerate(values):
        if not takes(p, value):
            hint = _hint(p, value)
            d.report(f"{p.name!r} cannot be {shown(value)}{hint}", "when", p.name, i)


def _hint(p: Parameter, value: Value) -> str:
    if p.kind == "int":
        return f" (valid: {shown(p.min_value)} .. {shown(p.max_value)}{f', step {p.step:g}' if p.step else ''})"
    return did_you_mean(str(value), [v if isinstance(v, str) else shown(v) for v in p.grid()])


def _circles(declared: Mapping[str, Declared]) -> list[list[str]]:
    """Each circle of conditions once, from its first declared member."""
    left = [n for n in declared if n not in ordered(declared)]
    circles, seen = [], set[str]()
    for start in left:
        chain = [start]
        while True:
            parents = [p for p in declared[chain[-1]].parameter.when if p in left]
            if not parents or parents[0] in seen:
                break
            if parents[0] in chain:
                circle = chain[chain.index(parents[0]) :]
                circles.append([*circle, circle[0]])
                break
            chain.append(parents[0])
        seen.update(chain)
    return circles
