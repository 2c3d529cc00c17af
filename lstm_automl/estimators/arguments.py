"""Constructor arguments as hyper-parameter values: which are read, which the user changed, what is wrong with them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np

from lstm_automl.errors import UsageError
from lstm_automl.spaces.loader import load
from lstm_automl.spaces.space import Parameter, Space
from lstm_automl.spaces.vocabulary import VOCABULARY


@cache
def shipped(task: str) -> Space:
    """The task's own space: its parameters are the arguments of the task's estimator."""
    return load(task)


def hyperparameters(estimator: Any, task: str) -> dict[str, Any]:
    """Every hyper-parameter of the estimator, as plain Python values."""
    return {name: _plain(getattr(estimator, name)) for name in shipped(task).parameters}


def active(estimator: Any, task: str, unread: Iterable[str] = ()) -> dict[str, Any]:
    """The estimator's values that are read, checked: ``conv_layers`` is left out where there is no convolution.

    Any value that a network can be built with is taken, inside the ranges of the shipped space or not.

    Args:
        estimator: Whose arguments are read.
        task: Name of its task.
        unread: Names that nothing reads here.

    Raises:
        UsageError: naming every value that cannot be.
    """
    given, space = hyperparameters(estimator, task), shipped(task).without(*unread)
    own = changed(estimator, given)
    values: dict[str, Any] = {}
    for parameter in space.parameters.values():
        if _is_read(parameter, values, space, parameter.name in own):
            values[parameter.name] = given[parameter.name]
    problems = {name: VOCABULARY[name].problem(v) for name, v in values.items() if (name, v) != ("batch_size", None)}
    if any(problems.values()):
        raise UsageError("\n".join(f"{name}: {problem}" for name, problem in problems.items() if problem))
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


def _is_read(parameter: Parameter, values: Mapping[str, Any], space: Space, own: bool) -> bool:
    """Whether the conditions of the shipped space hold, as far as they can be asked.

    They say nothing of a parent's value that the space does not have; and a condition on a size (patches only in long
    windows) is advice, that a value of the user's own overrides.
    """
    for parent, allowed in parameter.when.items():
        if parent not in values:
            return False
        advice = own and VOCABULARY[parent].kind in ("int", "float")
        known = space.parameters[parent].contains(values[parent])
        if values[parent] not in allowed and known and not advice:
            return False
    return True


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _same(value: Any, default: Any) -> bool:
    return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)
