"""The grammar of a space file as pydantic models: also the source of the JSON Schema.

What a single value must be stands here; what values mean together (``min > max``) is in ``ranges``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from lstm_automl.errors import did_you_mean
from lstm_automl.spaces.document import Document, Path
from lstm_automl.spaces.vocabulary import shown

_SCALAR_SCHEMA = {"type": ["boolean", "number", "string"]}


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("space", "{message}", {"message": message})


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(f"{_described(value)} is not a number")
    return _finite(value)


def _finite(value: int | float) -> int | float:
    if abs(value) <= 1e300:  # false for NaN; large integers compare without overflow
        return value
    raise _wrong(f"{shown(value) if isinstance(value, float) else 'an integer this long'} is not a finite number")


def _whole(value: Any) -> Any:
    number = _number(value)
    if number != int(number):
        raise _wrong(f"{shown(value)} is not a whole number, which `type: int` needs")
    return int(number)


def _step(value: Any) -> Any:
    if value is not None and _number(value) <= 0:
        raise _wrong(f"step {shown(value)} is not above 0")
    return value


def _whole_step(value: Any) -> Any:
    return value if value is None else _whole(_step(value))


def _scalar(value: Any) -> Any:
    if value is None:
        raise _wrong("no value; the name that means nothing is written `none`")
    if not isinstance(value, bool | int | float | str):
        raise _wrong(f"{_described(value)} is not a single value")
    return _finite(value) if isinstance(value, int | float) else value


def _several(value: Any) -> Any:
    if value == []:
        raise _wrong("an empty list: it could never hold")
    return value if isinstance(value, list) else [value]


def _choices(value: Any) -> Any:
    if not isinstance(value, list):
        raise _wrong(f"{_described(value)} is not a list of values, such as [1, 2, 4]")
    if not value:
        raise _wrong("an empty choice; list at least one value")
    return value


def _described(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return shown(value)


Number = Annotated[float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Whole = Annotated[int, BeforeValidator(_whole), WithJsonSchema({"type": "integer"})]
Step = Annotated[float | None, BeforeValidator(_step), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]
WholeStep = Annotated[int | None, BeforeValidator(_whole_step), WithJsonSchema({"type": "integer", "minimum": 1})]
Single = Annotated[Any, BeforeValidator(_scalar), WithJsonSchema(_SCALAR_SCHEMA)]
Several = Annotated[
    list[Single],
    BeforeValidator(_several),
    WithJsonSchema({"anyOf": [_SCALAR_SCHEMA, {"type": "array", "items": _SCALAR_SCHEMA, "minItems": 1}]}),
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Spec(_Model):
    """What every parameter may say."""

    per: Literal["layer"] | None = Field(None, description="`layer`: one value for each recurrent layer")
    when: dict[str, Several] = Field(
        default_factory=dict, description="parent: value or [values]; all must hold for this one to be active"
    )


class FixedSpec(Spec):
    """One value, not searched; a bare value is short for it."""

    value: Single = Field(description="the value")


class IntSpec(Spec):
    """Whole numbers from ``min_value`` to ``max_value``, both included."""

    type: Literal["int"]
    min_value: Whole
    max_value: Whole
    step: WholeStep = Field(None, description="distance of neighbouring values, from min_value on")
    sampling: Literal["linear", "log"] = "linear"
    default: Whole | None = Field(None, description="value of the first trial; min_value where absent")


class FloatSpec(Spec):
    """Numbers from ``min_value`` to ``max_value``, both included."""

    type: Literal["float"]
    min_value: Number
    max_value: Number
    step: Step = Field(None, description="distance of neighbouring values; absent: any number")
    sampling: Literal["linear", "log"] = "linear"
    default: Number | None = Field(None, description="value of the first trial; min_value where absent")


class ChoiceSpec(Spec):
    """One of the listed values, all of one type."""

    type: Literal["choice"]
    values: Annotated[list[Single], BeforeValidator(_choices)] = Field(description="the values")
    default: Single = Field(None, description="value of the first trial; the first value where absent")


class BoolSpec(Spec):
    """True or false."""

    type: Literal["bool"]
    default: bool = Field(False, description="value of the first trial")


SPECS: dict[str, type[Spec]] = {"int": IntSpec, "float": FloatSpec, "choice": ChoiceSpec, "bool": BoolSpec}

_BLOCK_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
Name = Annotated[str, Field(pattern=_BLOCK_NAME)]


def is_block_name(text: str) -> bool:
    """Whether ``include`` may hold it: no path, nothing hidden."""
    return re.fullmatch(_BLOCK_NAME, text) is not None


class BlockFile(_Model):
    """A file that others include."""

    include: list[Name] = Field(default_factory=list, description="blocks whose parameters are taken over")
    parameters: dict[str, Any] = Field(default_factory=dict, description="name: a value, or what to search")


class SpaceFile(BlockFile):
    """A search space."""

    task: str = Field(description="the task it is for")
    first: list[dict[str, Single]] = Field(
        default_factory=list, description="trials to run right after the defaults: the values that differ from them"
    )


Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], data: Any, document: Document, path: Path = ()) -> Model | None:
    """``data``, which stands at ``path``, as ``model``; None, its mistakes reported, where it is not."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors = error.errors()
        for item in errors:
            _report(item, model, document, path)
        if all(item["type"] == "extra_forbidden" and len(item["loc"]) == 1 for item in errors):
            return model.model_validate({k: v for k, v in data.items() if k in model.model_fields})
        return None


def spec_model(data: dict[str, Any]) -> type[Spec] | None:
    """The model that a mapping asks for, by its ``type`` or its ``value``; None where it names neither."""
    if "type" not in data and "value" in data:
        return FixedSpec
    kind = data.get("type")
    return SPECS.get(kind) if isinstance(kind, str) else None


def _report(item: Any, model: type[BaseModel], document: Document, path: Path) -> None:
    kind, loc, value = item["type"], item["loc"], item["input"]
    where = (*path, *loc)
    if kind == "extra_forbidden":
        hint = did_you_mean(str(loc[-1]), model.model_fields)
        document.report(where, f"unknown key {loc[-1]!r}{hint}", key=True)
    elif kind == "missing" and not path and loc[-1] in document.broken:
        pass  # it is there, and what is wrong with it was said
    elif kind == "missing":
        owner = f"{path[-1]!r} needs" if path else "missing"
        document.report(path, f"{owner} `{loc[-1]}:`", key=True)
    elif kind == "space":
        document.report(where, item["ctx"]["message"])
    elif kind == "literal_error":
        valid = item["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        document.report(where, f"{_described(value)} is not known here{did_you_mean(str(value), valid)}")
    else:
        document.report(where, f"{_described(value)} is not {_EXPECTED.get(kind, item['msg'])}")


_EXPECTED = {
    "bool_type": "true or false",
    "string_type": "a name",
    "string_pattern_mismatch": "the name of a block: letters, digits, - and _",
    "list_type": "a list of names, such as [recurrent, training]",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping with `task:` and `parameters:`",
}
