"""The grammar of a space file as pydantic models: also the source of the JSON Schema.

What a single value must be stands here; what values mean together (``min > max``) is in ``ranges``, how a mistake is
reported in ``validating``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from lstm_automl.spaces.vocabulary import shown

_SCALAR_SCHEMA = {"type": ["boolean", "number", "string"]}


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("space", "{message}", {"message": message})


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(f"{described(value)} is not a number")
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
        raise _wrong(f"{described(value)} is not a single value")
    return _finite(value) if isinstance(value, int | float) else value


def _several(value: Any) -> Any:
    if value == []:
        raise _wrong("an empty list: it could never hold")
    return value if isinstance(value, list) else [value]


def _choices(value: Any) -> Any:
    if not isinstance(value, list):
        raise _wrong(f"{described(value)} is not a list of values, such as [1, 2, 4]")
    if not value:
        raise _wrong("an empty choice; list at least one value")
    return value


def described(value: Any) -> str:
    """What a wrong value is called in a message.

    >>> described([1]), described("adam")
    ('a list', "'adam'")
    """
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


def spec_model(data: dict[str, Any]) -> type[Spec] | None:
    """The model that a mapping asks for, by its ``type`` or its ``value``; None where it names neither."""
    if "type" not in data and "value" in data:
        return FixedSpec
    kind = data.get("type")
    return SPECS.get(kind) if isinstance(kind, str) else None
