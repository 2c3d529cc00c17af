"""The JSON Schema of a space file, so that an editor completes names and marks mistakes while one types."""

from __future__ import annotations

from typing import Any

from lstm_automl import plugins
from lstm_automl.spaces import reads
from lstm_automl.spaces.grammar import SPECS, FixedSpec, SpaceFile, Spec
from lstm_automl.spaces.vocabulary import VOCABULARY, Meaning

_KINDS = {
    "int": ("int", "choice"),
    "float": ("float", "int", "choice"),
    "bool": ("bool", "choice"),
    "name": ("choice",),
}


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a space file; the parameters are those that some plug-in here reads.

    >>> sorted(json_schema()["properties"])
    ['first', 'include', 'parameters', 'task']
    """
    out = SpaceFile.model_json_schema()
    models: dict[str, type[Spec]] = {**SPECS, "fixed": FixedSpec}
    names = sorted(set().union(*(reads.readable(task) for task in plugins.names("task"))))
    out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    out["title"] = "lstm_automl search space"
    out["properties"]["task"]["enum"] = plugins.names("task")
    out["properties"]["parameters"] = {
        "type": "object",
        "properties": {name: _parameter(VOCABULARY.get(name)) for name in names},
        "patternProperties": {f"^{name}_[0-9]+$": _parameter(VOCABULARY.get(name)) for name in reads.layered()},
        "additionalProperties": False,
    }
    out["$defs"] = {kind: _flat(model.model_json_schema()) for kind, model in models.items()}
    return out


def _parameter(meaning: Meaning | None) -> dict[str, Any]:
    """A bare value, or one of the forms that suit the parameter."""
    kinds = _KINDS[meaning.kind] if meaning else tuple(SPECS)
    forms = [{"$ref": f"#/$defs/{kind}"} for kind in (*kinds, "fixed")]
    if meaning is None:
        return {"anyOf": [{"type": ["boolean", "number", "string"]}, *forms]}
    return {"description": f"{meaning.help} ({meaning.limits()})", "anyOf": [_value(meaning), *forms]}


def _value(meaning: Meaning) -> dict[str, Any]:
    if meaning.kind == "name":
        return {"enum": meaning.valid_names()}
    if meaning.kind == "bool":
        return {"type": "boolean"}
    out: dict[str, Any] = {"type": "integer" if meaning.kind == "int" else "number"}
    for bound, strict, word in ((meaning.low, meaning.above, "inimum"), (meaning.high, meaning.below, "aximum")):
        if abs(bound) != float("inf"):
            key = ("exclusiveM" if strict else "m") + word
            out[key] = int(bound) if bound == int(bound) else bound
    return out


def _flat(model: dict[str, Any]) -> dict[str, Any]:
    model.pop("$defs", None)
    return model
