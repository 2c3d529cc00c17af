"""Checkpoints on their way: what a rung leaves while it runs outlives the machine it runs on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from lstm_automl.search.contracts import WorkerDied
from lstm_automl.search.executors.cache import Cache
from lstm_automl.search.executors.exchange import CHECKPOINT


@contextlib.contextmanager
def kept(cache: Cache | None, folder: Path, at: str) -> Iterator[Callable[[], None]]:
    """Pass on each checkpoint of the rung inside, and all of one that dies; its result is passed on by others.

    Args:
        cache: None = the folder is shared: nothing has to be passed on.
        folder: Of the attempt.
        at: Its place in the storage.

    Yields:
        To be called whenever there may be a new one; it does not wait.
    """
    if cache is None:
        yield lambda: None
        return
    keeper = _Keeper(cache, folder, at)
    keeper.start()
    try:
        yield keeper.due.set
    except WorkerDied:
        keeper.end(once_more=True)
        raise
    finally:
        keeper.end(once_more=False)


class _Keeper(threading.Thread):
    def __init__(self, cache: Cache, folder: Path, at: str) -> None:
        super().__init__(name="keeper", daemon=True)
        self._cache, self._folder, self._at = cache, folder, at
        self._ended, self._last = False, 0
        self.due = threading.Event()

    def run(self) -> None:
        while not self._ended:
            self.due.wait()
            self.due.clear()
            if not self._ended:
                self._look()

    def end(self, *, once_more: bool) -> None:
        self._ended = True
        self.due.set()
        self.join()
        if once_more:
            self._pass_on()

    def _look(self) -> None:
        with contextlib.suppress(OSError):
            now = (self._folder / CHECKPOINT).stat().st_mtime_ns
            if now != self._last:
                self._pass_on()
                self._last = now

    def _pass_on(self) -> None:
        with contextlib.suppress(OSError):  # what is not passed on is trained again
            self._cache.leave(self._folder, self._at, None)
