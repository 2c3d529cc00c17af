"""What starts worker processes promises to the crew that talks to them."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Protocol

LOG = "workers.log"


@dataclass(frozen=True)
class Ended:
    """How a worker ended; ``ours``: not by its own doing."""

    how: str
    ours: bool = False


class Launcher(Protocol):
    """Starts and ends worker processes; all calls come from one thread."""

    control: socket.socket | None
    """Readable when :meth:`read` should be called."""
    ready: bool
    """Workers can be started without waiting for imports, or it will never be otherwise."""
    words: str
    """What the parent said last, or how it ended, once it is closed."""

    def start(self, number: int, sock: socket.socket, slot: int) -> None:
        """A new worker that owns ``sock``."""

    def kill(self, number: int) -> None:
        """End a worker at once."""

    def ended(self, number: int) -> Ended | None:
        """How a worker ended; None while it is not known."""

    def read(self) -> bool:
        """Take news from ``control``; False when the parent has died."""

    def revive(self) -> None:
        """Wake what somebody has stopped, beside the workers."""

    def close(self) -> None:
        """End what is left."""
