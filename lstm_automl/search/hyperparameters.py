"""Our space as Keras Tuner's hyper-parameters. Imports no Keras Tuner: it is handed an ``hp``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lstm_automl.spaces.space import Parameter, Space, Value, is_active


def to_hyperparameters(space: Space, hp: Any) -> dict[str, Value]:
    """Declare every parameter of ``space`` on ``hp`` and return the active values, of their own types.

    Children are declared under the conditions of their parents, active or not, so that a tuner knows the whole
    space after one call. Called again on a filled ``hp`` it returns that filling.

    Args:
        space: What may be searched.
        hp: A ``keras_tuner.HyperParameters``.
    """
    values: dict[str, Value] = {}
    for parameter in space.parameters.values():
        with _conditions(space, parameter, hp):
            raw = _declare(parameter, hp)
        if is_active(parameter, values):
            values[parameter.name] = decode(parameter, raw)
    return values


def from_hyperparameters(space: Space, hp_values: dict[str, Any]) -> dict[str, Value]:
    """The active values of a trial, from ``hp.values`` of a tuner that knows the space."""
    values: dict[str, Value] = {}
    for parameter in space.parameters.values():
        if is_active(parameter, values) and parameter.name in hp_values:
            values[parameter.name] = decode(parameter, hp_values[parameter.name])
    return values


def to_hp_values(space: Space, values: dict[str, Any]) -> dict[str, Any]:
    """Inverse of :func:`from_hyperparameters`."""
    known = space.parameters
    return {name: _encoded(known[name], value) for name, value in values.items() if name in known}


def decode(parameter: Parameter, raw: Any) -> Value:
    """A Keras Tuner value as ours: exact grid points, and a choice's own type."""
    if _listed(parameter):
        for value in _points(parameter):
            if _encoded(parameter, value) == raw:
                return value
        # Bayesian search rounds through floats: the nearest point is meant.
        return min(_points(parameter), key=lambda v: abs(float(v) - float(raw)))
    if parameter.kind == "int":
        return int(raw)
    if parameter.kind == "float":
        low, high = float(parameter.min_value or 0), float(parameter.max_value or 0)
        return min(max(float(raw), low), high)
    return bool(raw) if parameter.kind == "bool" else parameter.default


@contextmanager
def _conditions(space: Space, parameter: Parameter, hp: Any) -> Iterator[None]:
    """Within it what is declared on ``hp`` depends on all parents of ``parameter``."""
    accepted = {
        parent: [_encoded(space.parameters[parent], v) for v in allowed] for parent, allowed in parameter.when.items()
    }
    if len(accepted) == 1 and not space.parameters[next(iter(accepted))].when:
        with hp.conditional_scope(*next(iter(accepted.items()))):
            yield
        return
    # ``conditional_scope`` finds a parent only under exactly the conditions it was declared with: two independent
    # parents, or a parent that has one itself, cannot be said with it. Its list of conditions can hold them.
    if accepted:
        from keras_tuner.src.engine.conditions import Parent

        hp._conditions.extend(Parent(name, values) for name, values in accepted.items())
    try:
        yield
    finally:
        del hp._conditions[len(hp._conditions) - len(accepted) :]


def choices(p: Parameter) -> tuple[Value, ...] | None:
    """The values of a parameter that is declared by them; None for a range."""
    return _points(p) if _listed(p) else None


def _listed(p: Parameter) -> bool:
    """Declared by its points: choices, and grids on which Keras Tuner's arithmetic would not stay."""
    if p.kind == "choice":
        return True
    return p.kind in ("int", "float") and p.step is not None and (p.kind == "float" or p.sampling == "log")


def _points(p: Parameter) -> tuple[Value, ...]:
    points = p.grid()
    return points if p.default in points else tuple(sorted({*points, p.default}))


def _declare(p: Parameter, hp: Any) -> Any:
    if p.kind == "fixed":
        return hp.Fixed(p.name, p.default)
    if p.kind == "bool":
        return hp.Boolean(p.name, default=p.default)
    if _listed(p):
        points = [_encoded(p, v) for v in _points(p)]
        return hp.Choice(p.name, points, default=_encoded(p, p.default))
    if p.kind == "int":
        step = None if p.sampling == "log" else round(p.step or 1)
        low, high = round(p.min_value or 0), round(p.max_value or 0)
        return hp.Int(p.name, low, high, step=step, sampling=p.sampling, default=p.default)
    return hp.Float(p.name, p.min_value, p.max_value, sampling=p.sampling, default=p.default)


def _encoded(p: Parameter, value: Any) -> Any:
    """Keras Tuner's choices are of one type and know no booleans beside numbers: then text stands for each."""
    if not _listed(p):
        return value
    kinds = {type(v) for v in _points(p)}
    if len(kinds) == 1 and kinds != {bool}:
        return value
    if kinds == {int, float}:
        return float(value)
    return str(value)
