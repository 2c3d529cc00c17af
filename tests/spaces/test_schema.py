"""The JSON Schema says what the loader says, as far as a schema can."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from lstm_automl import plugins
from lstm_automl.spaces import catalog, reads
from lstm_automl.spaces.schema import json_schema

SCHEMA = json_schema()


def accepts(data: Any, schema: dict[str, Any] = SCHEMA) -> bool:
    """A validator of the part of JSON Schema that is used here."""
    if "$ref" in schema:
        return accepts(data, SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    if "anyOf" in schema and not any(accepts(data, s) for s in schema["anyOf"]):
        return False
    if "enum" in schema and not any(data == v and type(data) is type(v) for v in schema["enum"]):
        return False
    if "const" in schema and data != schema["const"]:
        return False
    kinds = schema.get("type", [])
    if kinds and not any(_is(data, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return False
    return _inside(data, schema)


def _inside(data: Any, schema: dict[str, Any]) -> bool:
    if isinstance(data, dict):
        return _mapping(data, schema)
    if isinstance(data, list):
        return all(accepts(item, schema.get("items", {})) for item in data)
    if isinstance(data, str):
        return re.search(schema.get("pattern", ""), data) is not None
    if isinstance(data, bool) or data is None:
        return True
    low, high = schema.get("minimum", data), schema.get("maximum", data)
    above, below = schema.get("exclusiveMinimum", data - 1), schema.get("exclusiveMaximum", data + 1)
    return bool(low <= data <= high and above < data < below)


def _mapping(data: dict[str, Any], schema: dict[str, Any]) -> bool:
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, value in data.items():
        of_key = [known[key]] if key in known else [s for p, s in patterns.items() if re.search(p, key)]
        other = schema.get("additionalProperties", True)
        if not of_key and (other is False or (isinstance(other, dict) and not accepts(value, other))):
            return False
        if not all(accepts(value, s) for s in of_key):
            return False
    return set(schema.get("required", [])) <= set(data)


def _is(data: Any, kind: str) -> bool:
    if kind in ("number", "integer"):
        whole = kind == "number" or data == int(data) if isinstance(data, int | float) else False
        return whole and not isinstance(data, bool)
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    return isinstance(data, types[kind])


def test_it_is_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("name", [*catalog.names(), *(f"blocks/{b}" for b in catalog.block_names())])
def test_shipped_spaces_and_blocks_are_accepted(name: str) -> None:
    file = YAML(typ="safe").load((catalog.shipped() / f"{name}.yaml").read_text())
    assert accepts({"task": "classification", **file})


def test_every_parameter_of_every_task_is_known_with_its_meaning() -> None:
    known = SCHEMA["properties"]["parameters"]["properties"]
    for task in plugins.names("task"):
        assert reads.readable(task) <= set(known)
    assert all(entry.get("description") for entry in known.values())


@pytest.mark.parametrize(
    ("parameters", "fine"),
    [
        ({"units": 64}, True),
        ({"units": 0}, False),
        ({"units": {"type": "int", "min_value": 8, "max_value": 16, "per": "layer"}}, True),
        ({"units": {"type": "int", "min_value": 8}}, False),
        ({"units": {"type": "int", "min_value": 8, "max_value": 16, "setp": 1}}, False),
        ({"units": {"type": "float", "min_value": 8, "max_value": 16}}, False),
        ({"units_1": 64}, True),
        ({"unts": 64}, False),
        ({"dropout": {"type": "float", "min_value": 0, "max_value": 0.5, "step": 0.1}}, True),
        ({"dropout": {"type": "float", "min_value": 0, "max_value": 0.5, "step": 0}}, False),
        ({"dropout": 1}, False),
        ({"ema": {"type": "bool", "default": True, "when": {"bidirectional": [True]}}}, True),
        ({"ema": "yes"}, False),
        ({"optimizer": {"type": "choice", "values": ["adam"]}}, True),
        ({"optimizer": "adm"}, False),
        ({"merge_mode": {"value": "sum", "when": {"bidirectional": True}}}, True),
    ],
)
def test_parameters(parameters: dict[str, Any], fine: bool) -> None:
    assert accepts({"task": "classification", "parameters": parameters}) is fine


def test_the_top() -> None:
    assert not accepts({"parameters": {}})
    assert not accepts({"task": "clasification"})
    assert not accepts({"task": "classification", "parameter": {}})
    assert not accepts({"task": "classification", "include": ["../x"]})
    assert accepts({"task": "classification", "include": ["recurrent"]})
