"""A space as YAML again: what was searched, whole in one file, for artifacts and ``spaces show``."""

from __future__ import annotations

from typing import Any

from lstm_automl.spaces.space import Parameter, Space, Value
from lstm_automl.spaces.vocabulary import shown


def dumps(space: Space) -> str:
    """YAML that loads to an equal space: includes resolved, layers under their own names, settings applied.

    >>> from lstm_automl.spaces.loader import load, loads
    >>> loads(dumps(load("regression"))).parameters == load("regression").parameters
    True
    """
    lines = [f"task: {_text(space.task)}", "parameters:" if space.parameters else "parameters: {}"]
    lines += [f"  {_text(p.name)}: {_flow(_spec(p))}" for p in space.parameters.values()]
    if space.first:
        lines += ["first:", *(f"  - {_flow(dict(entry))}" for entry in space.first)]
    return "\n".join(lines) + "\n"


def _spec(p: Parameter) -> Any:
    out: dict[str, Any] = {"value": p.default} if p.kind == "fixed" else {"type": p.kind}
    if p.kind in ("int", "float"):
        out |= {"min_value": p.min_value, "max_value": p.max_value}
        out |= {} if p.step is None else {"step": p.step}
        out |= {} if p.sampling == "linear" else {"sampling": p.sampling}
    if p.kind == "choice":
        out["values"] = list(p.values)
    if p.kind != "fixed":
        out["default"] = p.default
    if p.when:
        out["when"] = {parent: list(values) for parent, values in p.when.items()}
    return p.default if list(out) == ["value"] else out


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return _text(value)


def _text(value: Value) -> str:
    """A scalar that YAML 1.2 reads back as what it was: names plain only where they cannot be anything else."""
    if isinstance(value, bool):
        return shown(value)
    if isinstance(value, int | float):
        return repr(value)
    plain = value.replace("_", "").isalnum() and value.isascii() and value[0].isalpha()
    if plain and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n"):
        return value
    return "'" + value.replace("'", "''") + "'"
