"""News for a driver: from workers, from oracles, from signal handlers."""

from __future__ import annotations

import contextlib
import queue
from typing import Any

Event = tuple[str, Any]


class Events:
    """A mailbox with one reader. Telling it is safe from any thread and from a signal handler."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def tell(self, kind: str, what: Any = None) -> None:
        """Something happened."""
        self._queue.put((kind, what))

    def wait(self, seconds: float | None, most: int) -> list[Event]:
        """What has happened, at most ``most`` events; if nothing has, wait up to ``seconds``, None = for ever."""
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._queue.get(timeout=seconds))
            while len(found) < most:
                found.append(self._queue.get_nowait())
        return found

    @property
    def empty(self) -> bool:
        """Whether there is nothing to take in just now."""
        return self._queue.empty()
