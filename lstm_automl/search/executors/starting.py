"""Workers that could not start: no trial's fault. Tried again ever less often, then one error that names the limits."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from lstm_automl.errors import StorageError
from lstm_automl.search.executors import memory

SECONDS = 30.0
"""How long no worker may start, while none is there, before the search ends."""
ROUNDS = 3
"""Tries in that time at least: where each worker is a fresh process, one may import for long."""
FIRST, LONGEST = 0.25, 4.0
"""Seconds between tries, doubled each time."""


class Starts:
    """When the next worker may be started.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next, self._since = 0.0, 0.0
        self._rounds, self._pause = 0, FIRST

    def left(self) -> float:
        """Seconds until one may be started; 0 = now."""
        return max(0.0, self._next - self._clock())

    def began(self) -> None:
        """A worker has started."""
        self._next, self._rounds, self._pause = 0.0, 0, FIRST

    def failed(self, how: str, *, alone: bool) -> None:
        """A worker has ended before its first word.

        Args:
            how: In words.
            alone: There is no other worker, so that nothing goes on.

        Raises:
            StorageError: it has been so for too long.
        """
        now = self._clock()
        if now < self._next:  # of several at a time
            return
        if self._rounds == 0:
            self._since = now
        self._rounds += 1
        self._next, self._pause = now + self._pause, min(LONGEST, 2 * self._pause)
        if alone and self._rounds > ROUNDS and now - self._since > SECONDS:
            raise StorageError(f"no worker process has started for {now - self._since:.0f} s: {refused(how)}")


def refused(how: str) -> str:
    """Why no process can be started, and what limits processes here."""
    return f"{how} (limits here: {', '.join(_limits())}); with room the same command continues"


def _limits() -> list[str]:
    found = []
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        most = resource.getrlimit(resource.RLIMIT_NPROC)[0]
        found.append("no ulimit -u" if most == resource.RLIM_INFINITY else f"ulimit -u {most}")
    for path in memory.groups("pids.max"):
        with contextlib.suppress(OSError, ValueError):  # "max": no limit
            found.append(f"pids.max {int(path.read_text())}")
    return [*dict.fromkeys(found), f"{memory.machine() >> 20} MiB of memory"]
