"""The workers of a cluster, seen from the driver, and what a kind of cluster must be able to do."""

from __future__ import annotations

import contextlib
import queue
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from lstm_automl.errors import UsageError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, WorkerDied
from lstm_automl.search.executors.hosts import Message, Order

BEGIN_SECONDS = 60.0
"""How long a search waits for a first worker."""
MORE_SECONDS = 5.0
"""How long it then waits for the others that are there: some may be busy with somebody else's work."""
SHOWN = 5

Tell = Callable[[str, Any], None]
Events = queue.SimpleQueue[tuple[str, Any]]


class Backend(Protocol):
    """A cluster. ``run`` and ``say`` do not wait; what happens is told as an event:

    ``found`` (names), ``joined`` (name), ``refused`` (name, problem), ``left`` (name, how), ``epoch`` (message),
    ``done`` (name, token, message), ``lost`` (why): the cluster itself is gone.
    """

    def start(self, order: Order, tell: Tell) -> None:
        """Begin to look for workers, and attach each that comes."""

    def run(self, name: str, task: Message) -> None:
        """Run a rung on a worker."""

    def say(self, names: list[str], op: str, tokens: list[str]) -> None:
        """``stop`` or ``kill`` rungs."""

    def again(self, name: str) -> None:
        """Attach a worker anew: its process is another one."""

    def close(self) -> None:
        """Let go of all workers and of the cluster; may take seconds."""


@dataclass
class Job:
    """A rung on its way."""

    spec: RungSpec
    on_epoch: Callable[[Epoch], None]
    future: Future[RungResult]
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    since: float = field(default_factory=time.monotonic)
    told: int = -1

    def tell(self, epoch: Epoch) -> None:
        """Each epoch once, in order, while anybody listens."""
        if epoch.epoch > self.told and not self.future.done():
            self.told = epoch.epoch
            self.on_epoch(epoch)

    def end(self, found: RungResult | Exception) -> None:
        """Tell the epochs that were not told live, then end it."""
        for epoch in () if isinstance(found, Exception) else found.epochs:
            self.tell(epoch)
        self.resolve(found)

    def resolve(self, found: RungResult | Exception) -> None:
        """End it, unless it has ended: by a kill, a moment ago."""
        with contextlib.suppress(Exception):
            if isinstance(found, Exception):
                self.future.set_exception(found)
            else:
                self.future.set_result(found)

    def died(self, message: str, *, ours: bool) -> None:
        """End it without a result."""
        self.resolve(WorkerDied(message, ours=ours))


@dataclass
class Seat:
    """A worker process: one rung at a time."""

    name: str
    job: Job | None = None
    last: RungSpec | None = None

    def fits(self, spec: RungSpec) -> int:
        """How much of a rung's model this worker knows already."""
        if self.last is None:
            return 0
        same = (self.last.trial, self.last.fold) == (spec.trial, spec.fold)
        return 2 if same else int(dict(self.last.values) == dict(spec.values))


class Start:
    """The beginning: every worker there is must be usable, at least one must be."""

    def __init__(self, executor: str) -> None:
        self._executor = executor
        self._found: set[str] = set()
        self._joined: list[str] = []
        self._problems: dict[str, str] = {}

    def wait(self, events: Events) -> list[str]:
        """The workers that have joined, when all have answered or time is up.

        Raises:
            UsageError: there is none, or one that cannot be used.
        """
        until, first = time.monotonic() + BEGIN_SECONDS, True
        while not self._found or self._found - set(self._joined) - self._problems.keys():
            try:
                self._take(*events.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                break
            if self._joined and first:
                until, first = time.monotonic() + MORE_SECONDS, False
        if self._problems:
            lines = [f"  {name}: {problem}" for name, problem in list(self._problems.items())[:SHOWN]]
            more = [f"  and {len(self._problems) - SHOWN} more"] if len(self._problems) > SHOWN else []
            raise UsageError("\n".join([f"--executor {self._executor}: workers that cannot be used:", *lines, *more]))
        if not self._joined:
            what = f"{len(self._found)} workers, of which none answered" if self._found else "no worker"
            raise UsageError(f"--executor {self._executor}: the cluster has {what} within {BEGIN_SECONDS:.0f} s")
        return self._joined

    def _take(self, kind: str, what: Any) -> None:
        if kind == "found":
            self._found |= set(what)
        elif kind == "joined":
            self._joined.append(what)
        elif kind == "refused":
            self._problems[what[0]] = what[1]
        elif kind == "left":
            name, _ = what
            self._found.discard(name)
            self._problems.pop(name, None)
            self._joined = [n for n in self._joined if n != name]
        elif kind == "lost":
            raise UsageError(str(what))


def need_address(name: str, address: str | None) -> str:
    """The address of a cluster.

    Raises:
        UsageError: there is none.
    """
    if not address:
        raise UsageError(f"--executor {name} needs --address")
    return address
