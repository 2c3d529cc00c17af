"""How long MLflow is waited for: in our own calls, and in nobody else's of the same process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from lstm_automl.errors import LstmAutomlError


@dataclass(frozen=True)
class _Patience:
    seconds: int
    retries: int
    end: float | None

    def timeout(self) -> float:
        """Of one request, such that its retries too are over in time."""
        if self.end is None:
            return self.seconds
        left = self.end - time.monotonic()
        if left <= 0:
            raise LstmAutomlError("MLflow did not answer in the time that was left")
        return min(self.seconds, left / (1 + self.retries))


# of a thread, or a task: os.environ is everybody's
_PATIENCE: ContextVar[_Patience | None] = ContextVar("patience", default=None)


@contextmanager
def impatient(seconds: int = 10, retries: int = 0, within: float | None = None) -> Iterator[None]:
    """Within: MLflow waits this long for an answer, instead of four minutes for a server that is down.

    Only calls from this thread do; what the user has set in the environment holds here too.

    Args:
        seconds: For one answer.
        retries: After the first try.
        within: Seconds for all answers together; None = no limit.

    Raises:
        LstmAutomlError: by a request that begins after ``within``.
    """
    end = None if within is None else time.monotonic() + within
    token = _PATIENCE.set(_Patience(seconds, retries, end))
    try:
        yield
    finally:
        _PATIENCE.reset(token)


@cache
def install() -> None:
    """Let MLflow ask for the patience of the thread that calls; imports MLflow.

    It has no argument for that: its requests read the environment, through one object for each variable.
    """
    from mlflow import environment_variables as known

    _override(known.MLFLOW_HTTP_REQUEST_TIMEOUT, _timeout)
    _override(known.MLFLOW_HTTP_REQUEST_MAX_RETRIES, _retries)
    _override(known.MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR, lambda patience, chosen: 1 if chosen is None else chosen)


def _timeout(patience: _Patience, chosen: float | None) -> float:
    ours = patience.timeout()
    if chosen is None:
        return ours
    return chosen if patience.end is None else min(chosen, ours)


def _retries(patience: _Patience, chosen: int | None) -> int:
    return patience.retries if chosen is None or patience.end is not None else chosen


def _override(variable: Any, of: Callable[[_Patience, Any], Any]) -> None:
    usual = variable.get

    def get() -> Any:
        patience = _PATIENCE.get()
        if patience is None:
            return usual()
        return of(patience, usual() if variable.is_set() else None)

    variable.get = get
