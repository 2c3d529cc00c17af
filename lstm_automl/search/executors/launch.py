"""Start worker processes: forked from a warm parent, or each by itself."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import lstm_automl
from lstm_automl.search.executors import devices, presence, wire
from lstm_automl.search.executors.endings import describe
from lstm_automl.search.executors.memory import look, oom_kills, starved_since

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


class Forked:
    """Workers forked from one warm parent, which starts to import at once.

    Until :meth:`settle` it belongs to no search and writes nothing anywhere but into a file without a name.
    """

    def __init__(self, runner: str) -> None:
        self.runner, self.ready, self.words = runner, False, ""
        self._control, theirs = socket.socketpair()
        self.control: socket.socket | None = self._control
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the parent
        self._log: Path | None = None
        self._process = _popen(["fork", str(theirs.fileno()), runner], theirs, self._said, {})
        self._inbox = wire.Inbox()
        self._ended: dict[int, Ended] = {}

    @property
    def alive(self) -> bool:
        """Its process has not ended."""
        return self._process.poll() is None

    def speaks(self, seconds: float) -> bool:
        """Whether there is something to :meth:`read`, or will be within so many seconds."""
        return bool(select.select([self._control], [], [], seconds)[0])

    def settle(self, directory: Path | None) -> None:
        """The workers started from now on write to the log in ``directory`` and hold its lock; None = nowhere."""
        self._log = None if directory is None else directory / LOG
        lock = None if directory is None else str(directory / presence.FILE)
        with open(self._log or os.devnull, "ab") as log, contextlib.suppress(OSError):  # a dead one is noticed later
            socket.send_fds(self._control, [wire.pack({"op": "settle", "presence": lock})], [log.fileno()])

    def start(self, number: int, sock: socket.socket, slot: int) -> None:
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

    def revive(self) -> None:
        seen = look(self._process.pid)
        if seen is not None and seen.stopped:
            with contextlib.suppress(OSError):
                os.kill(self._process.pid, signal.SIGCONT)

    def wait_for(self, workers: Iterable[int], seconds: float = 1.0) -> bool:
        """Wait until these have ended and forget them; False when one has not, or the parent has died."""
        left, until = set(workers), time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            while left := left - self._ended.keys():
                if not selector.select(max(0.0, until - time.monotonic())) or not self.read():
                    return False
        self._ended.clear()
        return True

    def close(self, patience: float = 1.0) -> None:
        if self._said.closed:
            return
        self._control.close()
        ended = self._process.poll()
        _end(self._process, patience if self.ready else 0.0)
        with contextlib.suppress(OSError):
            self._said.seek(0)
            said = self._said.read()
            lines = said.decode(errors="replace").split("\n")
            self.words = next(
                (line.strip() for line in reversed(lines) if line.strip()), "" if ended is None else describe(ended)
            )
            if self._log is not None and said:
                with self._log.open("ab") as log:
                    log.write(said)
        self._said.close()

    def forget(self) -> None:
        """In a copy of this process that a fork has made: it is not ours."""
        self._control.close()
        self._said.close()
        self._process.returncode = 0  # nothing to wait for


class Spawned:
    """Each worker a fresh process, which sees one GPU where there are any."""

    control: socket.socket | None = None
    ready = True
    words = ""

    def __init__(self, runner: str, directory: Path | None, gpus: tuple[str, ...] = ()) -> None:
        self._runner, self._directory, self._gpus = runner, directory, gpus
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._oom_kills: dict[int, int | None] = {}

    def start(self, number: int, sock: socket.socket, slot: int) -> None:
        ours = sock.dup()
        words = ["spawn", str(ours.fileno()), self._runner]
        words += [] if self._directory is None else [str(self._directory / presence.FILE)]
        self._oom_kills[number] = oom_kills()
        with open(os.devnull if self._directory is None else self._directory / LOG, "ab") as log:
            self._processes[number] = _popen(words, ours, log, devices.seen_by(slot, self._gpus))

    def kill(self, number: int) -> None:
        if number in self._processes:
            self._processes[number].kill()

    def ended(self, number: int) -> Ended | None:
        process = self._processes.get(number)
        if process is None:
            return Ended("could not start")
        code = process.poll()
        return None if code is None else Ended(describe(code, starved_since(self._oom_kills[number])))

    def read(self) -> bool:
        return True

    def revive(self) -> None:
        """There is nothing beside the workers."""

    def close(self) -> None:
        for process in self._processes.values():
            _end(process, 1.0)


def _popen(
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


def _environment() -> Mapping[str, str]:
    """Ours, with one thread a process, and this package on the path wherever it was found."""
    found = [str(Path(lstm_automl.__file__).parents[1]), *(p for p in sys.path if p)]
    return {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(dict.fromkeys(found))}


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    until = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    if process.poll() is None:
        process.kill()
    process.wait()
