"""What a trial may use on one fold. A cap makes results depend on the machine: it is no part of a search's identity."""

from __future__ import annotations

from dataclasses import dataclass

OVER = "ended for being over its cap"
TIME = "(trial_time)"


@dataclass(frozen=True)
class Caps:
    """Limits of one rung; None = no limit.

    Args:
        seconds: Wall time from the moment its worker begins, and that of the rungs it goes on from.
        memory: MiB by which its worker may grow while it runs.
    """

    seconds: float | None = None
    memory: int | None = None

    def __bool__(self) -> bool:
        return self.seconds is not None or self.memory is not None

    def exceeded(self, seconds: float, gained: int) -> str:
        """Which cap is exceeded, in words; empty when none is.

        >>> Caps(seconds=90).exceeded(90.2, 0)
        'ended for being over its cap of 90 s (trial_time)'
        >>> Caps(memory=500).exceeded(1.0, 600 << 20)
        'ended for being over its cap of 500 MiB (trial_memory): 600 MiB'
        >>> Caps().exceeded(1e9, 1 << 60)
        ''
        """
        if self.seconds is not None and seconds > self.seconds:
            return f"{OVER} of {self.seconds:g} s {TIME}"
        if self.memory is not None and gained > self.memory << 20:
            return f"{OVER} of {self.memory} MiB (trial_memory): {gained >> 20} MiB"
        return ""
