"""What other threads want of the thread that talks to workers, and a socket that wakes it."""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Iterator
from typing import Any

Order = tuple[str, Any]


class Orders:
    """A queue that may be filled from any thread, and from a signal handler; each order is taken out once."""

    def __init__(self) -> None:
        self._orders: deque[Order] = deque()
        self._wake, self.woken = socket.socketpair()

    def __bool__(self) -> bool:
        return bool(self._orders)

    def tell(self, order: Order) -> None:
        """Add one; ``woken`` can be read then."""
        self._orders.append(order)
        with contextlib.suppress(OSError):
            self._wake.send(b"x")

    def hush(self) -> None:
        """Before what there is is taken out by whoever was woken."""
        self.woken.recv(4096)

    def taken(self) -> Iterator[Order]:
        """Take out all there are, whoever else does so at the same time."""
        with contextlib.suppress(IndexError):
            while True:
                yield self._orders.popleft()

    def close(self) -> None:
        """Nobody will be woken any more."""
        self._wake.close()
        self.woken.close()
