"""News for a driver: from workers, from oracles, from signal handlers."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Collection
from typing import Any

Event = tuple[str, Any]

ROUND = 256
"""Events taken in before they are committed at the latest."""
LOOK = 5.0
"""Seconds between looks for workers that have joined, where nothing happens."""
GATHER = 0.5
"""Seconds that events for which nobody waits wait for each other, to be committed together."""


class Events:
    """A mailbox with one reader. Telling it is safe from any thread and from a signal handler."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def tell(self, kind: str, what: Any = None) -> None:
        """Something happened."""
        self._queue.put((kind, what))

    def wait(self, seconds: float | None, calm: Collection[str] = ("epoch",), most: int = ROUND) -> list[Event]:
        """What has happened, at most ``most`` events.

        Args:
            seconds: How long to wait if nothing has; None = for ever.
            calm: Events that wait for others.
            most: How many.
        """
        found = list[Event]()
        with contextlib.suppress(queue.Empty):
            found.append(self._queue.get(timeout=seconds))
            until = time.monotonic() + GATHER
            while len(found) < most:
                left = until - time.monotonic() if found[-1][0] in calm else 0.0
                until = until if left > 0 else 0.0
                found.append(self._queue.get(timeout=left) if left > 0 else self._queue.get_nowait())
        return found
