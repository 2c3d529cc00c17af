"""Options shared by several verbs, and flags made from pydantic models."""

from __future__ import annotations

import json
import math
import re
import types
import typing
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def stacked(*decorators: Decorator) -> Decorator:
    """Several click options as one decorator, listed in the order of ``--help``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


class Duration(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """Seconds, or ``90s``, ``10m``, ``2h``, ``1d``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", str(value).strip())
        if not found or float(found[1]) <= 0:
            self.fail(f"{value!r} is not a time; write seconds or 90s, 10m, 2h, 1d", param, ctx)
        return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


class Sizes(click.ParamType):  # type: ignore[type-arg]
    """``A,B`` or ``A,B,C`` positive whole numbers."""

    name = "a,b[,c]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """The sizes of train, valid and test."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if len(parts) not in (2, 3) or not all(re.fullmatch(r"\s*[1-9]\d*\s*", p) for p in parts):
            self.fail(
                f"{value!r} is not A,B or A,B,C (sizes of train, valid[, test]), e.g. 8640,2880,2880",
                param,
                ctx,
            )
        return tuple(int(p) for p in parts)


@contextmanager
def warnings_told() -> Iterator[None]:
    """Warnings as lines for a user, without the place in the code that raised them."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: click.echo(f"Warning: {message}", err=True)
        yield


def checked_uri(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A callback: a tracking URI that MLflow will take."""
    from lstm_automl.tracking.client import check_uri

    return None if value is None else check_uri(value)


home = click.option("--home", default="searches", show_default=True, metavar="DIR", help="Folder of searches.")
tracking_uri = click.option(
    "--tracking-uri",
    metavar="URI",
    callback=checked_uri,
    help="MLflow store.  [default: $MLFLOW_TRACKING_URI, else sqlite:///mlflow.db]",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Last line of output is one JSON object.")
as_json_array = click.option("--json", "as_json", is_flag=True, help="Last line of output is a JSON array of objects.")


def as_line(found: Any) -> str:
    """One line of JSON, with null for numbers that are not finite: JSON has no word for them.

    >>> as_line({"mase": float("nan"), "rows": [1, 2.5, "a"]})
    '{"mase": null, "rows": [1, 2.5, "a"]}'
    """
    return json.dumps(_finite(found))


def _finite(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {name: _finite(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [_finite(value) for value in found]
    return None if isinstance(found, float) and not math.isfinite(found) else found


def from_model(model: type[BaseModel], skip: frozenset[str] = frozenset()) -> list[click.Option]:
    """One flag a field; the field's description is the help."""
    return [_option(name, field) for name, field in model.model_fields.items() if name not in skip]


def _option(name: str, field: FieldInfo) -> click.Option:
    flag = f"--{name.replace('_', '-')}"
    described = field.description or ""
    shown = "" if field.default in (None, (), False) or field.is_required() else f"  [default: {_show(field.default)}]"
    kinds = _plain_types(field.annotation)
    if kinds == {bool}:
        return click.Option([flag, name], is_flag=True, default=None, help=described)
    choices = [str(a) for k in kinds if typing.get_origin(k) is typing.Literal for a in typing.get_args(k)]
    if choices:
        kind: Any = click.Choice(choices)
    elif _is_list(kinds):
        commas = "" if "commas" in described else ", with commas"
        return click.Option([flag, name], help=f"{described}{commas}{shown}", metavar="A,B", callback=_commas)
    elif float in kinds:
        kind = float
    elif int in kinds:
        kind = int
    else:
        kind = str
    return click.Option([flag, name], type=kind, default=None, help=described + shown)


def _plain_types(annotation: Any) -> set[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _plain_types(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        found: set[Any] = set()
        for a in typing.get_args(annotation):
            found |= _plain_types(a)
        return found - {type(None)}
    return {annotation}


def _is_list(kinds: set[Any]) -> bool:
    return any(typing.get_origin(k) in (tuple, list) for k in kinds)


def _commas(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(p.strip() for p in value.split(",") if p.strip())


def _show(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
