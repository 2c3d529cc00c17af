"""What a worker tells its driver: epochs that follow each other quickly travel together, unless they are news."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lstm_automl.search.contracts import Epoch
from lstm_automl.search.executors import wire
from lstm_automl.search.records import Records

HOLD = 1.0
"""Seconds between messages about epochs; one that comes later, the first of a job and records go at once."""


class Post:
    """Sends from any thread, one message after the other.

    Args:
        send: Sends a message.
        hold: Seconds that an epoch waits at most.
    """

    def __init__(self, send: Callable[[wire.Message], None], hold: float = HOLD) -> None:
        self._send, self._hold = send, hold
        self._lock, self._filled = threading.Lock(), threading.Event()
        self._held: list[Epoch] = []
        self._records = Records()
        self._job, self._last = -1, time.monotonic()
        threading.Thread(target=self._send_in_time, name="post", daemon=True).start()

    def epoch(self, job: int, epoch: Epoch) -> None:
        """An epoch of the job that runs."""
        with self._lock:
            news = self._records.broken_by(epoch) or job != self._job
            self._job = job
            self._held.append(epoch)
            if news or time.monotonic() - self._last >= self._hold:
                self._let_go()
            else:
                self._filled.set()

    def send(self, message: wire.Message) -> None:
        """Anything else, at once and after the epochs before it; a result tells its own epochs."""
        with self._lock:
            told = {e["epoch"] for e in message.get("result", {}).get("epochs", ())}
            self._held = [e for e in self._held if e.epoch not in told]
            self._let_go()
            self._send(message)
            self._last = time.monotonic()

    def _let_go(self) -> None:
        if self._held:
            self._send({"op": "epochs", "job": self._job, "epochs": [vars(e) for e in self._held]})
            self._held.clear()
            self._last = time.monotonic()

    def _send_in_time(self) -> None:
        while True:
            self._filled.wait()
            self._filled.clear()
            time.sleep(max(0.0, self._last + self._hold - time.monotonic()))
            with self._lock:
                self._let_go()
