"""Ctrl-C and SIGTERM: the first stops the search in order, the second at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_received: list[int] = []


@contextmanager
def stop_on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first SIGINT or SIGTERM; leave the process at the second."""

    def handle(number: int, frame: FrameType | None) -> None:
        if _received:
            os._exit(128 + number)
        _received.append(number)
        # not print: the handler may have interrupted one
        os.write(2, b"\nstopping, a moment (once more stops at once)\n")
        stop()

    before = {n: signal.signal(n, handle) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code() -> int:
    """128 + the signal received, 0 without one."""
    return 128 + _received[0] if _received else 0
