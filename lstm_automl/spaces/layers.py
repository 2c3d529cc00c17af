"""``per: layer``: one parameter becomes ``units_0``, ``units_1``, ..., as many as there can be layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lstm_automl.spaces import reads
from lstm_automl.spaces.neutral import NEUTRAL
from lstm_automl.spaces.ranges import Declared
from lstm_automl.spaces.space import Parameter, Value
from lstm_automl.spaces.vocabulary import split_layer

COUNT = "num_layers"


def check(asked: Mapping[str, Declared], declared: Mapping[str, Declared], broken: set[str]) -> set[str]:
    """Report what of ``asked`` cannot differ by layer, or is no layer of the space; returns the wrong names."""
    wrong = set()
    for name, d in asked.items():
        problem, *where = _problem(d, declared, broken)
        if problem:
            d.report(problem, *where)
            wrong.add(name)
    return wrong


def _problem(d: Declared, declared: Mapping[str, Declared], broken: set[str]) -> tuple[str, ...]:
    layered = reads.layered()
    base, layer = split_layer(d.name)
    if d.per_layer and d.name not in layered:
        return f"{d.name!r} is one for all layers (per layer: {', '.join(layered)})", "per"
    if d.per_layer and COUNT not in declared and COUNT not in broken:
        return f"`per: layer` needs {COUNT!r} in the space", "per"
    if layer is None or base not in layered:
        return ("",)
    if base in declared and not declared[base].per_layer:
        return (f"{base!r} is one for all layers here; give it `per: layer` to set {d.name!r} by itself",)
    if layer >= _most(declared) and COUNT not in broken:
        return (f"there is no layer {layer}: {COUNT} is at most {_most(declared)}, and the first layer is 0",)
    return ("",)


def expand(declared: Mapping[str, Declared]) -> dict[str, Declared]:
    """Every parameter under its final name; a layer declared by its own name replaces the expanded one."""
    layered = reads.layered()
    out: dict[str, Declared] = {}
    for name, d in declared.items():
        base, layer = split_layer(name)
        if d.per_layer:
            for i in range(_most(declared)):
                out.setdefault(f"{name}_{i}", _layer(d, name, i, declared))
        elif layer is not None and base in layered:
            out[name] = _layer(d, base, layer, declared)
        else:
            out[name] = replace(d, parameter=replace(d.parameter, base=name))
    return out


def counts(declared: Mapping[str, Declared]) -> tuple[int, ...]:
    """The numbers of layers that are possible."""
    if COUNT not in declared:
        return (int(NEUTRAL[COUNT]),)
    p = declared[COUNT].parameter
    if p.kind == "int" and p.sampling == "log":
        return tuple(range(int(p.min_value or 1), int(p.max_value or 1) + 1))
    return tuple(int(v) for v in p.grid())


def _most(declared: Mapping[str, Declared]) -> int:
    return max(counts(declared), default=int(NEUTRAL[COUNT]))


def _layer(d: Declared, base: str, layer: int, declared: Mapping[str, Declared]) -> Declared:
    when: dict[str, tuple[Value, ...]] = dict(d.parameter.when)
    possible = counts(declared)
    enough = tuple(n for n in possible if n > layer)
    conditional = COUNT in declared and bool(declared[COUNT].parameter.when)
    if COUNT in when:
        when[COUNT] = tuple(n for n in when[COUNT] if n in enough)
    elif len(enough) < len(possible) or (conditional and layer):
        when[COUNT] = enough
    parameter: Parameter = replace(d.parameter, name=f"{base}_{layer}", base=base, when=when)
    return replace(d, parameter=parameter, per_layer=False)
