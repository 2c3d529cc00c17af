"""A runner whose warm parent cannot fork while the file named in ``NO_ROOM`` is there; each try adds a byte to it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from lstm_automl.testing.dummy import run_rung

NO_ROOM = "TEST_NO_ROOM"
RUNNER = f"{__name__}:run_rung"
__all__ = ["NO_ROOM", "RUNNER", "run_rung"]

_fork = os.fork


def fork() -> int:
    """As on a machine whose table of processes is full."""
    path = Path(os.environ[NO_ROOM])
    if path.exists():
        with path.open("a") as file:
            file.write("x")
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return _fork()


if NO_ROOM in os.environ:
    os.fork = fork
