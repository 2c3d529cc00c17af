"""How a worker ended, in words, and what these say about whose doing it was: words pass through files and clusters."""

from __future__ import annotations

import signal

from lstm_automl.search.executors.caps import OVER, TIME

EXHAUSTED = "ran out of memory"
OUTSIDE = "killed by SIGKILL by somebody"
LEFT = "left the cluster"
ANEW = "was begun anew"


def describe(code: int, starved: bool | None = None) -> str:
    """How a process ended, in words.

    Args:
        code: Its exit code, below 0 for a signal.
        starved: Whether the machine has killed any process for want of memory since this one began; None = unknown.

    >>> describe(-9)
    'killed by SIGKILL (out of memory, or by somebody)'
    >>> describe(-9, starved=False)
    'killed by SIGKILL by somebody (the machine has not run out of memory)'
    >>> describe(3)
    'left with exit code 3'
    """
    if code >= 0:
        return f"left with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name != "SIGKILL":
        return f"killed by {name}"
    if starved is False:
        return f"{OUTSIDE} (the machine has not run out of memory)"
    return "killed by SIGKILL (out of memory, or by somebody)"


def is_own(message: str) -> bool:
    """Whether it was the rung's own doing, wherever it happened: a cap, or memory that it did not get."""
    return OVER in message or EXHAUSTED in message


def is_late(message: str) -> bool:
    """Whether it was the cap on time: another attempt, which would go on from a checkpoint, would have that anew."""
    return OVER in message and TIME in message


def is_outside(message: str) -> bool:
    """Whether it was somebody else's doing: a kill while there is memory, or the loss of a cluster's worker.

    A rung there has a process of its own, whose end is not the worker's.
    """
    return any(words in message for words in (OUTSIDE, LEFT, ANEW))
