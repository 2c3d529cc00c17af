"""Start worker processes: forked from a warm parent, or each by itself."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol

import lstm_automl
from lstm_automl.search.executors import presence, wire

Mode = Literal["fork", "spawn"]
LOG = "workers.log"

# One thread a process: several models train side by side, and one LSTM gains nothing from more.
ENVIRONMENT = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(frozen=True)
class Ended:
    """How a worker ended; ``ours``: not by its own doing."""

    how: str
    ours: bool = False


class Launcher(Protocol):
    """Starts and ends worker processes; all calls come from one thread."""

    control: socket.socket | None
    """Readable when :meth:`read` should be called."""

    def start(self, number: int, sock: socket.socket) -> None:
        """A new worker that owns ``sock``."""

    def kill(self, number: int) -> None:
        """End a worker at once."""

    def ended(self, number: int) -> Ended | None:
        """How a worker ended; None while it is not known."""

    def read(self) -> bool:
        """Take news from ``control``; False when the parent has died."""

    def close(self) -> None:
        """End what is left."""


def default_mode() -> Mode:
    """``spawn`` where a forked process could hang: with a GPU in sight, or not on Linux."""
    if sys.platform != "linux":
        return "spawn"
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all") in ("", "-1"):
        return "fork"
    return "spawn" if Path("/proc/driver/nvidia").exists() or Path("/dev/nvidia0").exists() else "fork"


def launcher(mode: Mode, runner: str, directory: Path | None) -> Launcher:
    """The launcher of a mode; the workers' standard error goes to a log in ``directory``."""
    return Forked(runner, directory) if mode == "fork" else Spawned(runner, directory)


class Forked:
    """Workers forked from one warm parent, which starts to import at once."""

    def __init__(self, runner: str, directory: Path | None) -> None:
        self._control, theirs = socket.socketpair()
        self.control: socket.socket | None = self._control
        self._process = _popen("fork", runner, directory, theirs)
        self._inbox = wire.Inbox()
        self._ended: dict[int, Ended] = {}
        self.ready = False

    def start(self, number: int, sock: socket.socket) -> None:
        socket.send_fds(self._control, [wire.pack({"op": "fork", "worker": number})], [sock.fileno()])

    def kill(self, number: int) -> None:
        with contextlib.suppress(OSError):
            wire.send(self._control, {"op": "kill", "worker": number})

    def ended(self, number: int) -> Ended | None:
        return self._ended.get(number)

    def read(self) -> bool:
        messages = wire.receive(self._control, self._inbox)
        for message in messages or ():
            if message["op"] == "ready":
                self.ready = True
            elif message["op"] == "ended":
                self._ended.setdefault(message["worker"], Ended(message["how"], message.get("ours", False)))
        return messages is not None

    def close(self) -> None:
        self._control.close()
        _end(self._process)


class Spawned:
    """Each worker a fresh process."""

    control: socket.socket | None = None

    def __init__(self, runner: str, directory: Path | None) -> None:
        self._runner, self._directory = runner, directory
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, number: int, sock: socket.socket) -> None:
        self._processes[number] = _popen("spawn", self._runner, self._directory, sock.dup())

    def kill(self, number: int) -> None:
        self._processes[number].kill()

    def ended(self, number: int) -> Ended | None:
        from lstm_automl.search.executors.warm import describe

        code = self._processes[number].poll()
        return None if code is None else Ended(describe(code))

    def read(self) -> bool:
        return True

    def close(self) -> None:
        for process in self._processes.values():
            _end(process)


def _popen(mode: Mode, runner: str, directory: Path | None, sock: socket.socket) -> subprocess.Popen[bytes]:
    """Our own module in a new session: a terminal's Ctrl-C is not for workers. Closes ``sock`` on this side."""
    command = [sys.executable, "-P", "-m", "lstm_automl.search.executors.warm", mode, str(sock.fileno()), runner]
    if directory is not None:
        command.append(str(directory / presence.FILE))
    log: IO[bytes] | int = subprocess.DEVNULL if directory is None else (directory / LOG).open("ab")
    try:
        return subprocess.Popen(
            command,
            env=_environment(mode),
            pass_fds=[sock.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        sock.close()
        if not isinstance(log, int):
            log.close()


def _environment(mode: Mode) -> Mapping[str, str]:
    """Ours, with one thread a process, and this package on the path wherever it was found."""
    found = [str(Path(lstm_automl.__file__).parents[1]), *(p for p in sys.path if p)]
    extra = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"} if mode == "spawn" else {}
    return {**extra, **os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(dict.fromkeys(found))}


def _end(process: subprocess.Popen[bytes], patience: float = 1.0) -> None:
    until = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    if process.poll() is None:
        process.kill()
    process.wait()
