"""Messages about options in the words of Python: ``allow_nan`` and not ``--allow-nan``."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from lstm_automl.errors import DataError, UsageError

P = ParamSpec("P")
R = TypeVar("R")


def in_python(method: Callable[P, R]) -> Callable[P, R]:
    """The method, with flags of the command line in its errors spelt as arguments."""

    @functools.wraps(method)
    def speaking(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except UsageError as wrong:
            said = as_argument(str(wrong))
            if type(wrong) not in (UsageError, DataError) or said == str(wrong):
                raise
            raise type(wrong)(said) from None

    return speaking


def as_argument(message: str) -> str:
    """A message with its flags as argument names.

    >>> as_argument("--allow-nan masks missing values")
    'allow_nan=True masks missing values'
    """
    message = message.replace("--allow-nan", "allow_nan=True")
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda flag: flag[1].replace("-", "_"), message)
