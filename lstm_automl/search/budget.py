"""Time: what is left of a search's budget, by a clock that never jumps."""

from __future__ import annotations

import math
from collections.abc import Callable


class Budget:
    """Seconds left of a time budget that spans all runs of a search.

    Args:
        seconds: The budget, None = unlimited.
        used: Seconds that earlier runs took.
        clock: A monotonic clock in seconds.
    """

    def __init__(self, seconds: float | None, used: float, clock: Callable[[], float]) -> None:
        self._seconds = math.inf if seconds is None else seconds
        self._used = used
        self._clock = clock
        self._since: float | None = None

    def start(self) -> None:
        """Time counts from now."""
        if self._since is None:
            self._since = self._clock()

    def pause(self) -> None:
        """Time no longer counts."""
        self._used, self._since = self.used(), None

    def used(self) -> float:
        """Seconds used so far, in all runs."""
        return self._used + (self._clock() - self._since if self._since is not None else 0.0)

    def left(self) -> float | None:
        """Seconds left, at least 0; None when unlimited."""
        return None if math.isinf(self._seconds) else max(0.0, self._seconds - self.used())

    @property
    def spent(self) -> bool:
        """Nothing is left."""
        return self.left() == 0.0
