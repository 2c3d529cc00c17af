"""Time: what is left of a search's budget, by a clock that never jumps."""

from __future__ import annotations

from collections.abc import Callable


class Budget:
    """Seconds left of a time budget; it counts from the moment it is made.

    Args:
        seconds: The budget, None = unlimited.
        clock: A monotonic clock in seconds.

    >>> Budget(None, lambda: 0.0).left() is None
    True
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since = clock()

    def left(self) -> float | None:
        """Seconds left, at least 0; None when unlimited."""
        return None if self._seconds is None else max(0.0, self._seconds - (self._clock() - self._since))

    @property
    def spent(self) -> bool:
        """Nothing is left."""
        return self.left() == 0.0
