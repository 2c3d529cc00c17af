"""Workers each started by itself: with a GPU, or where nothing can be forked."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

from lstm_automl.search.executors import devices, presence
from lstm_automl.search.executors.endings import describe
from lstm_automl.search.executors.launch import LOG, Ended
from lstm_automl.search.executors.memory import oom_kills, starved_since
from lstm_automl.search.executors.processes import begun, finish


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
            self._processes[number] = begun(words, ours, log, devices.seen_by(slot, self._gpus))

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
            finish(process, 1.0)
