"""One parameter of a file: from what is written to a ``Parameter``, with every mistake of its range reported."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from lstm_automl.errors import did_you_mean
from lstm_automl.spaces.document import Document, Path
from lstm_automl.spaces.grammar import SPECS, BoolSpec, ChoiceSpec, FixedSpec, FloatSpec, IntSpec, Spec, spec_model
from lstm_automl.spaces.space import Parameter, Value
from lstm_automl.spaces.validating import validated
from lstm_automl.spaces.vocabulary import VOCABULARY, Meaning, shown, split_layer


@dataclass(frozen=True)
class Declared:
    """A parameter as a file declares it, before conditions are resolved and layers expanded.

    Args:
        parameter: With ``when`` as written.
        per_layer: One value a layer.
        document: The file, for later mistakes.
        path: Where in it.
        scope: All parameters that the file which wrote ``when`` can see, by name.
        conditions_of: Who wrote ``when``, where a bare value took it over from an included file.
    """

    parameter: Parameter
    per_layer: bool
    document: Document
    path: Path
    scope: dict[str, Declared] = field(repr=False, compare=False)
    conditions_of: Declared | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Name as declared."""
        return self.parameter.name

    def report(self, message: str, *path: str | int, key: bool = False) -> None:
        """A mistake of this parameter: at ``path`` below it, or at its name."""
        self.document.report((*self.path, *path), message, key=key or not path)


def meaning_of(name: str) -> Meaning | None:
    """What the vocabulary knows of a name, per-layer names included."""
    return VOCABULARY.get(name) or VOCABULARY.get(split_layer(name)[0])


def declare(name: str, data: Any, document: Document, path: Path, scope: dict[str, Declared]) -> Declared | None:
    """Read ``name: data``; None, with all mistakes reported, where it cannot be.

    Args:
        name: Of the parameter.
        data: What stands beside it.
        document: The file, for mistakes.
        path: Where in it.
        scope: All parameters that the file can see, for conditions.
    """
    found = len(document.mistakes)
    spec = _spec(name, data, document, path)
    if spec is None:
        return None
    when = {parent: tuple(values) for parent, values in spec.when.items()}
    parameter = _RANGES[type(spec)](name, spec, meaning_of(name), _At(document, path))
    declared = Declared(replace(parameter, when=when), spec.per == "layer", document, path, scope)
    return declared if len(document.mistakes) == found else None


@dataclass(frozen=True)
class _At:
    """Where the parameter stands: reports below it."""

    document: Document
    path: Path

    def report(self, message: str, *path: str | int) -> None:
        self.document.report((*self.path, *path), message, key=not path)


def _spec(name: str, data: Any, document: Document, path: Path) -> Spec | None:
    if isinstance(data, dict):
        model = spec_model(data)
        if model is not None:
            return validated(model, data, document, path, rest=True)
        if "type" in data:
            kind = data["type"]
            said = "this" if isinstance(kind, dict | list) else shown(kind)
            name = kind if isinstance(kind, str) else ""
            document.report((*path, "type"), f"{said} is no type{did_you_mean(name, SPECS)}")
        else:
            document.report(path, f"{name!r} needs `type:` (valid: {', '.join(sorted(SPECS))}) or `value:`", key=True)
        return None
    if isinstance(data, list):
        document.report(path, "a list is not a range; write {type: choice, values: [...]}")
        return None
    if data is None:
        document.report(path, f"{name!r} has no value; the name that means nothing is written `none`", key=True)
        return None
    return validated(FixedSpec, {"value": data}, document, path)


def _interval(name: str, spec: Spec, meaning: Meaning | None, at: _At) -> Parameter:
    assert isinstance(spec, IntSpec | FloatSpec)
    low, high, step, log = spec.min_value, spec.max_value, spec.step, spec.sampling == "log"
    default = low if spec.default is None else spec.default
    if _fits_type(name, spec.type, meaning, at):
        for bound in ("min_value", "max_value"):
            problem = meaning.problem(getattr(spec, bound)) if meaning else ""
            if problem:
                at.report(f"{name}: {problem}", bound)
    if low > high:
        at.report(f"min_value {shown(low)} is above max_value {shown(high)}", "min_value")
    elif not low <= default <= high:
        at.report(f"default {shown(default)} is outside {shown(low)} .. {shown(high)}", "default")
    elif step is not None and step > high - low > 0:
        at.report(f"step {shown(step)} is longer than the range {shown(low)} .. {shown(high)}", "step")
    elif step is not None and not _on_grid(default, low, step):
        at.report(f"default {shown(default)} is not {shown(low)} plus a multiple of step {shown(step)}", "default")
    if log and low <= 0:
        at.report(f"log sampling needs min_value above 0, not {shown(low)}", "min_value")
    if log and step is not None:
        at.report("step does not go with log sampling; list the values as a choice", "step")
    return Parameter(name, spec.type, default, low, high, step, spec.sampling)


def _on_grid(value: float, low: float, step: float) -> bool:
    return math.isclose((value - low) / step, round((value - low) / step), abs_tol=1e-6)


def _choice(name: str, spec: Spec, meaning: Meaning | None, at: _At) -> Parameter:
    assert isinstance(spec, ChoiceSpec)
    values = [cast(meaning, v) for v in spec.values]
    kinds = {_kind(v) for v in values}
    if len(kinds) > 1:
        listed = ", ".join(shown(v) for v in values)
        at.report(f"values of different types: {listed} ({', '.join(sorted(kinds))})", "values")
    elif kinds == {"numbers"} and any(isinstance(v, float) for v in values):
        values = [float(v) for v in values]
    for i, value in enumerate(values):
        problem = meaning.problem(value) if meaning and len(kinds) == 1 else ""
        if problem:
            at.report(f"{name}: {problem}", "values", i)
        elif any(_same(value, earlier) for earlier in values[:i]):
            at.report(f"{shown(value)} is listed twice", "values", i)
    if spec.default is None:
        return Parameter(name, "choice", values[0], values=tuple(values))
    default = next((v for v in values if _same(v, spec.default)), None)
    if default is None:
        hint = did_you_mean(_plain(spec.default), [_plain(v) for v in values])
        at.report(f"default {shown(spec.default)} is not one of the values{hint}", "default")
    return Parameter(name, "choice", values[0] if default is None else default, values=tuple(values))


def _bool(name: str, spec: Spec, meaning: Meaning | None, at: _At) -> Parameter:
    assert isinstance(spec, BoolSpec)
    _fits_type(name, "bool", meaning, at)
    return Parameter(name, "bool", spec.default)


def _fixed(name: str, spec: Spec, meaning: Meaning | None, at: _At) -> Parameter:
    assert isinstance(spec, FixedSpec)
    value = cast(meaning, spec.value)
    problem = meaning.problem(value) if meaning else ""
    if problem:
        at.report(f"{name}: {problem}", "value")
    return Parameter(name, "fixed", value)


_RANGES = {IntSpec: _interval, FloatSpec: _interval, ChoiceSpec: _choice, BoolSpec: _bool, FixedSpec: _fixed}


def cast(meaning: Meaning | None, value: Value) -> Value:
    """A number of the type the parameter has: ``0`` for a share is ``0.0``, ``1e2`` for a width is ``100``."""
    if meaning is None or isinstance(value, bool | str):
        return value
    if meaning.kind == "float":
        return float(value)
    return int(value) if meaning.kind == "int" and value == int(value) else value


def _fits_type(name: str, kind: str, meaning: Meaning | None, at: _At) -> bool:
    wanted = {"int": ("int",), "float": ("float", "int"), "bool": ("bool",), "name": ()}
    if meaning is None or kind in wanted[meaning.kind]:
        return True
    use = " or ".join(f"`type: {k}`" for k in (*wanted[meaning.kind][:1], "choice"))
    at.report(f"{name} is {meaning.limits()}: {use}, not `type: {kind}`", "type")
    return False


def _kind(value: Value) -> str:
    return "booleans" if isinstance(value, bool) else "names" if isinstance(value, str) else "numbers"


def _same(a: Value, b: Value) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else shown(value)
