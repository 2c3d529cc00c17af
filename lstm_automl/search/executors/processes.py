"""A worker process as the operating system sees it: begun with our module and one thread, ended for sure."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import lstm_automl

# One thread a process: several models train side by side, and one LSTM gains nothing from more.
ENVIRONMENT = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def begun(
    words: list[str], sock: socket.socket, log: IO[bytes], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Our own module in a new session: a terminal's Ctrl-C is not for workers. Closes ``sock`` on this side."""
    with sock:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "lstm_automl.search.executors.warm", *words],
            env={**_environment(), **environment},
            pass_fds=[sock.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def finish(process: subprocess.Popen[bytes], patience: float) -> None:
    """End a process and wait for it, which has ``patience`` seconds to end by itself."""
    until = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    if process.poll() is None:
        process.kill()
    process.wait()


def _environment() -> Mapping[str, str]:
    """Ours, with one thread a process, and this package on the path wherever it was found."""
    found = [str(Path(lstm_automl.__file__).parents[1]), *(p for p in sys.path if p)]
    return {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(dict.fromkeys(found))}
