"""Constructor arguments as hyper-parameter values: which are read, which the user changed, what is wrong with them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np

from lstm_automl.errors import UsageError
from lstm_automl.spaces.loader import load
from lstm_automl.spaces.space import Space
from lstm_automl.spaces.vocabulary import VOCABULARY


@cache
def shipped(task: str) -> Space:
    """The task's own space: its parameters are the arguments of the task's estimator."""
    return load(task)


def hyperparameters(estimator: Any, task: str) -> dict[str, Any]:
    """Every hyper-parameter of the estimator, as plain Python values."""
    return {name: _plain(getattr(estimator, name)) for name in shipped(task).parameters}


def active(given: Mapping[str, Any], task: str, unread: Iterable[str] = ()) -> dict[str, Any]:
    """The values that are read, checked: a child of a parent that switches it off is left out.

    Any value that a network can be built with is taken, inside the ranges of the shipped space or not.

    Args:
        given: Of :func:`hyperparameters`.
        unread: Names that nothing reads here.

    Raises:
        UsageError: naming every value that cannot be.

    >>> active({**shipped("classification").defaults(), "front_end": "none"}, "classification").get("conv_layers")
    """
    values: dict[str, Any] = shipped(task).without(*unread).fill(given)
    problems = []
    for name, value in values.items():
        if name == "batch_size" and value is None:
            continue
        problem = VOCABULARY[name].problem(value)
        if problem:
            problems.append(f"{name}: {problem}")
    if problems:
        raise UsageError("\n".join(problems))
    return values


def changed(estimator: Any, names: Iterable[str]) -> dict[str, Any]:
    """Those of the arguments that differ from the constructor's defaults."""
    defaults = inspect.signature(type(estimator).__init__).parameters
    found = {name: _plain(getattr(estimator, name)) for name in names}
    return {name: value for name, value in found.items() if not _same(value, defaults[name].default)}


def whole(name: str, value: Any, *, none: bool = False) -> int | None:
    """A whole number of at least 1, or None where that means something.

    Raises:
        UsageError: naming the argument.
    """
    value = _plain(value)
    if value is None and none:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError(
            f"{name} is {value!r}: a whole number of at least 1 is needed" + (" (or None)" if none else "")
        )
    return value


def fraction(value: Any) -> float:
    """``validation_fraction``: a number from 0 (None means the same) to below 1.

    Raises:
        UsageError: for anything else.
    """
    number = 0.0 if value is None else _plain(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < 1:
        raise UsageError(
            f"validation_fraction is {value!r}: a number from 0 to below 1 is needed (0: no early stopping)"
        )
    return float(number)


def precision(value: Any) -> str:
    """``"float32"`` or ``"float64"``.

    Raises:
        UsageError: for anything else.
    """
    if value not in ("float32", "float64"):
        raise UsageError(f"dtype is {value!r}: 'float32' or 'float64' is needed")
    return str(value)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _same(value: Any, default: Any) -> bool:
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)
