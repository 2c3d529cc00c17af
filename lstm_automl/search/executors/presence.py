"""Workers that live hold a lock: a new driver waits for those of a dead one, which are just ending.

Without that, a job could finish in such a worker right after the new driver found it unfinished.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

FILE = "workers.lock"


def hold(path: Path) -> None:
    """Be present until this process ends. A directory that is gone needs no presence."""
    with contextlib.suppress(OSError):
        fcntl.flock(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), fcntl.LOCK_SH)


def wait_for_others(path: Path, seconds: float = 20.0) -> bool:
    """Wait until no worker is present; False when one still is (somebody has stopped it: it does no harm)."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return True
    try:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > until:
                    return False
                time.sleep(0.005)
            else:
                return True
    finally:
        os.close(fd)
