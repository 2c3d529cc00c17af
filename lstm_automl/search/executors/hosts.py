"""What a worker process of a cluster does: it keeps one rung process of its own, and runs in it what it is told.

A rung that exhausts memory or dies takes its own process with it, never the cluster's worker; one that is killed is
killed at once.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lstm_automl.errors import LstmAutomlError, StorageError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, WorkerDied
from lstm_automl.search.executors import cache, keeper
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.executors.storage import Storage

IDLE = 600.0
"""Seconds after which a host without work lets its processes go; the next rung starts them again."""

Message = dict[str, Any]
Tell = Callable[[Message], None]


@dataclass(frozen=True)
class Order:
    """What a driver tells each host before the first rung.

    Args:
        driver: The driver's own token.
        search: The search's, the same for all its drivers.
        directory: Of the search, absolute.
        token: ``(place, content)`` of a file that every worker must see.
        storage: URL, or None = the search directory is shared.
        data: Digest of the data in the storage.
        runner: ``"module:function"`` that runs a rung.
        versions: The driver's.
        options: More arguments of :class:`LocalExecutor`.
    """

    driver: str
    search: str
    directory: str
    token: tuple[str, str]
    storage: str | None
    data: str | None
    runner: str
    versions: Mapping[str, str]
    options: Mapping[str, Any]


class Host:
    """One slot for one driver."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self._said: dict[str, str] = {}
        self._cache: cache.Cache | None = None
        self._folder = cache.run_folder()
        self._storage = None if order.storage is None else Storage(order.storage)
        self._local: LocalExecutor | None = None
        self._idle: threading.Timer | None = None

    def begin(self) -> None:
        """Look for the search's files and start to import.

        Raises:
            LstmAutomlError: they are not to be seen from here.
        """
        place, content = self.order.token
        if self._storage is None:
            with contextlib.suppress(OSError):
                if Path(place).read_text() == content:
                    self._start()
                    return
            raise LstmAutomlError(
                f"it does not see {self.order.directory}: share that folder, or pass files through --storage URL"
            )
        if self._storage.read(place) != content.encode():
            raise LstmAutomlError(f"it does not see {self._storage.url}: the storage must be one for all machines")
        self._cache = cache.Cache(self._storage, self._folder, self.order.data)
        self._start()

    def run(self, task: Message, tell: Tell) -> Message:
        """Run a rung; its result, or how it ended, as a message."""
        started, spec = time.monotonic(), RungSpec(**task["spec"])
        try:
            with self._place(spec, task) as local:
                late = time.monotonic() - started
                left = None if spec.deadline is None else max(0.0, spec.deadline - late)
                with keeper.kept(self._cache, Path(local.folder), task.get("at", "")) as look:

                    def on_epoch(epoch: Epoch) -> None:
                        tell({"token": task["token"], "epoch": vars(epoch)})
                        look()

                    result = self._train(replace(local, deadline=left), task["token"], on_epoch)
                if self._cache is not None:
                    self._cache.leave(Path(local.folder), task["at"], result)
        except WorkerDied as death:
            return {"died": str(death), "ours": death.ours}
        except CancelledError:
            return {"died": f"the worker of job {spec.job} was closed", "ours": True}
        except StorageError as error:
            return {"storage": f"{socket.gethostname()}: {error}"}
        except BaseException:
            return {"error": traceback.format_exc()}
        return {"result": result.to_json()}

    def say(self, op: str, token: str) -> None:
        """``stop`` or ``kill`` a rung, begun or not."""
        with self._lock:
            job = self._running.get(token)
            if job is None:
                self._said[token] = op
            elif self._local is not None:
                getattr(self._local, op)(job)

    def close(self) -> None:
        """End the rung's process; what it did is lost."""
        with self._lock:
            local, self._local = self._local, None
            if self._idle is not None:
                self._idle.cancel()
        if local is not None:
            local.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _place(self, spec: RungSpec, task: Message) -> contextlib.AbstractContextManager[RungSpec]:
        if self._cache is None:
            return contextlib.nullcontext(spec)
        return self._cache.place(spec, task["at"], task["checkpoints"])

    def _train(self, spec: RungSpec, token: str, on_epoch: Callable[[Epoch], None]) -> RungResult:
        with self._lock:
            if self._said.pop(token, None) is not None:
                raise WorkerDied(f"job {spec.job} was stopped before it began", ours=True)
            future = self._start().submit(spec, on_epoch)
            self._running[token] = spec.job
        try:
            return future.result()
        finally:
            with self._lock:
                del self._running[token]
                self._said.pop(token, None)
                self._wait()

    def _start(self) -> LocalExecutor:
        if self._local is None:
            self._local = LocalExecutor(1, directory=self._folder, runner=self.order.runner, **self.order.options)
        self._wait()
        return self._local

    def _wait(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = threading.Timer(IDLE, self._rest)
        self._idle.daemon = True
        self._idle.start()

    def _rest(self) -> None:
        with self._lock:
            if self._running:
                return
            local, self._local = self._local, None
        if local is not None:
            local.close()
