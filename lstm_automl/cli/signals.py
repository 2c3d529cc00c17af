"""Ctrl-C and SIGTERM: the first stops the search in order, the second, or four seconds later, at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

PATIENCE = 4.0
"""Seconds for an orderly end. What is on disk is whole at any moment, so a sudden one loses no finished trial."""

_received: list[int] = []


@contextmanager
def stop_on_signal(stop: Callable[[], None], said: str) -> Iterator[None]:
    """Call ``stop`` at the first SIGINT or SIGTERM; leave the process at the second, or when ``stop`` has no effect.

    Args:
        stop: May raise, from wherever the program is.
        said: Last words when the process is left so.
    """

    def leave() -> None:
        os.write(2, f"{said}\n".encode())
        _exit(_received[0])

    def handle(number: int, frame: FrameType | None) -> None:
        if _received:
            _exit(number)
        _received.append(number)
        # not print: the handler may have interrupted one
        os.write(2, b"\nstopping, a moment (once more stops at once)\n")
        sys.unraisablehook = _without_interrupts(sys.unraisablehook)
        timer = threading.Timer(PATIENCE, leave)
        timer.daemon = True
        timer.start()
        stop()

    before = {n: signal.signal(n, handle) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def end_on_sigterm() -> Iterator[None]:
    """Leave the block in order at SIGTERM, as Ctrl-C does, with exit code 143."""

    def handle(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int) -> None:
    for stream in (1, 2):
        if os.isatty(stream):
            os.write(stream, b"\x1b[?25h")  # the live display has hidden the cursor
    os._exit(128 + number)


def exit_code() -> int:
    """128 + the signal received, 0 without one."""
    return 128 + _received[0] if _received else 0


def _without_interrupts(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An interrupt that hits a finaliser cannot be raised there; the timer sees to it."""
    return lambda told: None if isinstance(told.exc_value, KeyboardInterrupt) else hook(told)
