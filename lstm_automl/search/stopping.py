"""How a search is stopped: in order, within seconds."""

from __future__ import annotations

from lstm_automl.errors import LstmAutomlError

STOP_SECONDS = 2.5
"""How long rungs may take to leave a checkpoint when the search is stopped."""
KILL_SECONDS = 1.0
OVERRUN_SECONDS = 5.0
"""How long a rung may go on after its deadline before it is killed."""


class Stopped(LstmAutomlError):  # noqa: N818 - an event, not a mistake
    """The search was stopped in order; the same call continues it."""
