"""Workers forked from a warm parent, which has imported what they need."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import socket
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from lstm_automl.search.executors import presence, wire
from lstm_automl.search.executors.endings import describe
from lstm_automl.search.executors.launch import LOG, Ended
from lstm_automl.search.executors.memory import look
from lstm_automl.search.executors.processes import begun, finish


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
        self._process = begun(["fork", str(theirs.fileno()), runner], theirs, self._said, {})
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
        finish(self._process, patience if self.ready else 0.0)
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
