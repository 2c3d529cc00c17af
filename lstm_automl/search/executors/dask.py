"""Rungs on a dask cluster: each of its worker processes takes one at a time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from lstm_automl.errors import UsageError
from lstm_automl.search.executors import attached
from lstm_automl.search.executors.addressed import AddressedExecutor
from lstm_automl.search.executors.endings import LEFT
from lstm_automl.search.executors.hosts import Message, Order
from lstm_automl.search.executors.seats import Tell

CONNECT_SECONDS = 20.0
"""A scheduler with much to do may take to answer; where nobody listens, that is known at once."""
LOOK_SECONDS = 1.0
SILENT_SECONDS = 10.0
SILENCES = 3
"""Times in a row that a scheduler may be silent for so long before it counts as gone."""
GATHER_SECONDS = 30.0
"""What a result may take to come, which is a few lines; one that went with its worker never does."""
LOST_WORKER = ("KilledWorker", "NoValidWorkerError")
"""What dask says of a task whose worker is gone, or gone again and again."""


class DaskExecutor(AddressedExecutor):
    """Rungs on the workers of a dask scheduler, at ``tcp://HOST:PORT`` or ``tls://HOST:PORT``."""

    name: ClassVar[str] = "dask"

    @staticmethod
    def _reach(address: str, workers: int | None) -> DaskCluster:
        return DaskCluster(address)

    @staticmethod
    def _greet(address: str) -> None:
        greet(address)


def connect(address: str) -> Any:
    """A client of the scheduler.

    Raises:
        UsageError: see :func:`greet`.
    """
    greet(address)
    import distributed

    kind: Any = distributed.Client
    return kind(address, timeout=CONNECT_SECONDS, set_as_default=False)


def greet(address: str) -> None:
    """Ask who is there; a client that finds nobody makes much noise.

    Raises:
        UsageError: distributed is not installed, or no scheduler of dask answers in time.
    """
    try:
        import distributed
    except ImportError:
        raise UsageError("--executor dask needs dask.distributed: pip install 'lstm_automl[dask]'") from None

    async def ask() -> Any:
        socket.create_connection(distributed.comm.get_address_host_port(address), CONNECT_SECONDS).close()
        known = distributed.Security().get_connection_args("client")
        async with distributed.rpc(address, timeout=CONNECT_SECONDS - 1, connection_args=known) as scheduler:
            return await asyncio.wait_for(scheduler.identity(), CONNECT_SECONDS)

    try:
        with ThreadPoolExecutor(1) as beside:  # in a notebook this thread has a loop already
            kind = beside.submit(asyncio.run, ask()).result()["type"]
    except Exception as error:  # an address that is none, a host that is not there, something that is no scheduler
        said = " ".join(str(error).split()) or "it is silent"
        raise UsageError(f"--address {address}: no dask scheduler answers there ({said})") from None
    if kind != "Scheduler":
        raise UsageError(f"--address {address}: a dask {str(kind).lower()} answers there, not a scheduler")


class DaskCluster:
    """The backend: rungs are tasks bound to one worker, so that dask itself never moves or repeats them."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = connect(address)
        self._futures: dict[str, Any] = {}
        self._calls = ThreadPoolExecutor(4, thread_name_prefix="dask-calls")
        self._closed = threading.Event()
        self._known: set[str] = set()

    def start(self, order: Order, tell: Tell) -> None:
        """Listen, and look every second who is there."""
        self._order, self._tell = order, tell
        self._topic = f"lstm_automl-{order.driver}"
        self._client.subscribe_topic(self._topic, lambda event: tell("epoch", event[1]))
        threading.Thread(target=self._watch, name="dask-watch", daemon=True).start()

    def run(self, name: str, task: Message) -> None:
        """A task for that worker alone."""
        token = task["token"]
        try:
            future = self._submit(name, f"rung-{token}", run, self._order.driver, self._topic, task)
        except Exception:  # the client is closed
            self._lost()
            return
        self._futures[token] = future
        future.add_done_callback(lambda done: self._tell("done", (name, token, self._message(token, done))))

    def say(self, names: list[str], op: str, tokens: list[str]) -> None:
        """Beside its task: a worker listens while it works."""
        self._call(attached.say, self._order.driver, op, tokens, workers=names)

    def again(self, name: str) -> None:
        """Attach it as if it were new."""
        self._attach(name)

    def close(self) -> None:
        """Release the workers and the client."""
        self._closed.set()
        if self._client.status == "running":
            with contextlib.suppress(Exception):
                self._client.run(attached.release, self._order.driver, workers=sorted(self._known), on_error="ignore")
        self._calls.shutdown(wait=False, cancel_futures=True)
        self._client.close(timeout=1)

    def _watch(self) -> None:
        silent = 0
        while not self._closed.wait(0 if not self._known else LOOK_SECONDS):
            there: set[str] | None = None
            try:
                there, silent = set(self._client.sync(self._there, callback_timeout=SILENT_SECONDS)), 0
            except TimeoutError:
                silent += 1
            except Exception:  # it is connecting again, or closed
                self._closed.wait(LOOK_SECONDS / 5)
            if self._closed.is_set():
                return
            if self._client.status == "closed" or silent >= SILENCES:
                self._lost()
                return
            if there is not None:
                self._look(there)
            if not self._known:
                self._closed.wait(LOOK_SECONDS / 5)

    async def _there(self) -> Any:
        return await self._client.scheduler.ncores(workers=None)

    def _look(self, there: set[str]) -> None:
        for name in sorted(self._known - there):
            self._forget(name, LEFT)
        new = sorted(there - self._known)
        self._known |= there
        if new:
            self._tell("found", new)
        for name in new:
            self._attach(name)

    def _attach(self, name: str) -> None:
        """First end what a dead driver of this search left running there: it would hold the worker's only slot."""
        self._call(attached.evict, self._order.search, self._order.driver, workers=[name])
        future = self._submit(name, f"attach-{self._order.driver}-{name}", attached.attach, self._order)

        def answered(done: Any) -> None:
            if done.cancelled():
                return
            report = self._message("", done)
            problem = report.get("problem", report.get("died"))
            self._tell(*(("joined", name) if problem is None else ("refused", (name, problem))))
            done.release()

        future.add_done_callback(answered)

    def _lost(self) -> None:
        self._tell("lost", f"the dask scheduler at {self._address} is gone; the same command continues")

    def _forget(self, name: str, how: str) -> None:
        self._known.discard(name)
        self._tell("left", (name, how))

    def _message(self, token: str, done: Any) -> Message:
        """What a task returned, or how it was lost."""
        self._futures.pop(token, None)
        if done.cancelled():
            return {"died": "the scheduler let go of it", "ours": True}
        try:
            error = done.exception(timeout=GATHER_SECONDS)
            if error is None:
                found: Message = done.result(timeout=GATHER_SECONDS)
                return found
        except TimeoutError:
            done.release()
            return {"died": f"its worker {LEFT}, and took the result with it", "ours": False}
        if isinstance(error, ImportError):
            return {"died": f"lstm_automl cannot be imported there: {error}", "ours": False}
        kind = type(error).__name__
        how = LEFT if kind in LOST_WORKER else "ended"
        return {"died": f"its worker {how}: {kind}: {error}", "ours": False}

    def _submit(self, name: str, key: str, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._client.submit(
            function, *arguments, key=f"lstm_automl-{key}", workers=[name], allow_other_workers=False, pure=False
        )

    def _call(self, function: Callable[..., Any], *arguments: Any, workers: list[str]) -> None:
        with contextlib.suppress(RuntimeError):  # closed
            self._calls.submit(self._client.run, function, *arguments, workers=workers, on_error="ignore")


def run(driver: str, topic: str, task: Message) -> Message:
    """Run a rung in a worker of dask; its epochs are events."""
    from distributed import get_worker

    worker = get_worker()
    return attached.run(driver, task, lambda message: worker.log_event(topic, message))
