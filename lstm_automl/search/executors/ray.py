"""Rungs on a ray cluster: an actor a CPU, each with one rung at a time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import Any, ClassVar

from lstm_automl.search.executors import attached
from lstm_automl.search.executors.addressed import AddressedExecutor
from lstm_automl.search.executors.endings import LEFT
from lstm_automl.search.executors.hosts import Message, Order
from lstm_automl.search.executors.ray_joining import MEMBERSHIP, imported, knock
from lstm_automl.search.executors.seats import Tell

LOOK_SECONDS = 1.0
NEWS_SECONDS = 0.25
TURN_SECONDS = 0.05
"""After which a rung that has been handed out is waited for, too."""
LEAVE_SECONDS = 60.0
"""A call of ours about a cluster that is gone takes this long to fail."""
LOST_AFTER = 5
"""Times in a row that nobody answers before the cluster counts as gone."""


class RayExecutor(AddressedExecutor):
    """Rungs on the CPUs of a ray cluster whose head is at ``HOST:PORT``."""

    name: ClassVar[str] = "ray"

    @staticmethod
    def _reach(address: str, workers: int | None) -> RayCluster:
        return RayCluster(address, workers)

    @staticmethod
    def _greet(address: str) -> None:
        imported()
        knock(address)


class Actor:
    """What runs on a CPU of the cluster: a process with a host."""

    def __init__(self) -> None:
        self._news: deque[Message] = deque()  # the same one for life: a rung that runs holds on to it
        self._closed = threading.Event()

    def attach(self, order: Order) -> Message:
        """See :func:`attached.attach`."""
        return attached.attach(order)

    def run(self, driver: str, task: Message) -> Message:
        """Run a rung; its epochs wait for :meth:`news`."""
        return attached.run(driver, task, self._news.append)

    def say(self, driver: str, op: str, tokens: list[str]) -> None:
        """Stop or kill rungs."""
        attached.say(driver, op, tokens)

    def news(self) -> list[Message]:
        """Epochs since the last call."""
        return [self._news.popleft() for _ in range(len(self._news))]

    def live(self) -> None:
        """Return when the process is to end; its death is noticed by whoever waits for this."""
        self._closed.wait()


class RayCluster:
    """The backend: actors that ray neither restarts nor repeats, kept at the number of CPUs."""

    def __init__(self, address: str, workers: int | None) -> None:
        self._address, self._most = address, workers
        MEMBERSHIP.join(address)
        self._actors: dict[str, Any] = {}
        self._pending: dict[Any, tuple[str, str, str]] = {}  # reference -> what, actor, token
        self._busy: dict[str, str] = {}
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._made = self._refused = 0

    @property
    def _ray(self) -> Any:
        return imported()

    def start(self, order: Order, tell: Tell) -> None:
        """Make actors, and listen to them."""
        self._order, self._tell = order, tell
        self._kind = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0, max_concurrency=6)(Actor)
        for work, name in ((self._watch, "ray-watch"), (self._listen, "ray-listen")):
            self._threads.append(threading.Thread(target=work, name=name, daemon=True))
            self._threads[-1].start()

    def run(self, name: str, task: Message) -> None:
        """A call of an actor."""
        with self._lock:
            actor = self._actors.get(name)
            if actor is not None:
                self._busy[name] = task["token"]
                self._pending[actor.run.remote(self._order.driver, task)] = ("run", name, task["token"])

    def say(self, names: list[str], op: str, tokens: list[str]) -> None:
        """A call beside the rung's own."""
        with self._lock:
            for actor in (self._actors[name] for name in names if name in self._actors):
                actor.say.remote(self._order.driver, op, tokens)

    def again(self, name: str) -> None:
        """Never needed: an actor is not restarted."""

    def close(self) -> None:
        """End our actors; a cluster joined for this search is left, unless one of our threads still hears of it."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
            actors, self._actors = list(self._actors.values()), {}
            self._pending.clear()
        with contextlib.suppress(Exception):
            for actor in actors:
                self._ray.kill(actor)
        end = time.monotonic() + LEAVE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if not any(thread.is_alive() for thread in self._threads):
            with contextlib.suppress(Exception):
                MEMBERSHIP.leave()

    def _watch(self) -> None:
        """As many actors as CPUs; those for which there is no room yet wait for it."""
        silent = 0
        while not self._closed.is_set():
            try:
                knock(self._address)
                cpus = int(self._ray.cluster_resources().get("CPU", 0))
                silent = 0
            except Exception:
                silent += 1
                if silent >= LOST_AFTER and not self._closed.is_set():
                    self._tell("lost", f"the ray cluster at {self._address} is gone; the same command continues")
                    return
                self._closed.wait(LOOK_SECONDS)
                continue
            self._make(min(cpus, self._most or cpus) - len(self._actors) - self._refused)
            self._closed.wait(LOOK_SECONDS)

    def _make(self, count: int) -> None:
        names = []
        for _ in range(count):
            with self._lock:
                if self._closed.is_set():
                    return
                self._made += 1
                name = f"actor-{self._made}"
                actor = self._actors[name] = self._kind.remote()
                self._pending[actor.attach.remote(self._order)] = ("attach", name, "")
                self._pending[actor.live.remote()] = ("live", name, "")
            names.append(name)
        if names:
            self._tell("found", names)

    def _listen(self) -> None:
        """All that is ready is taken in at once; nobody waits for an actor that is silent."""
        due = 0.0
        while not self._closed.is_set():
            if time.monotonic() >= due:
                due = time.monotonic() + NEWS_SECONDS
                self._ask_for_news()
            with self._lock:
                waiting = list(self._pending)
            if not waiting:
                self._closed.wait(TURN_SECONDS)
                continue
            try:
                ready, _ = self._ray.wait(waiting, timeout=TURN_SECONDS)
                if ready:
                    ready, _ = self._ray.wait(waiting, num_returns=len(waiting), timeout=0)
                for reference in ready:
                    self._on_ready(reference)
            except Exception:  # it is being shut down, or connects again
                self._closed.wait(TURN_SECONDS)

    def _ask_for_news(self) -> None:
        """Of each rung that runs, unless its actor still owes an answer."""
        with self._lock, contextlib.suppress(Exception):
            for name in self._busy.keys() & self._actors.keys() - self._asked:
                self._pending[self._actors[name].news.remote()] = ("news", name, "")
                self._asked.add(name)

    def _on_ready(self, reference: Any) -> None:
        with self._lock:
            what, name, token = self._pending.pop(reference, ("", "", ""))
            if what == "run" and self._busy.get(name) == token:
                del self._busy[name]
            if what == "news":
                self._asked.discard(name)
        if not what:
            return
        try:
            message = self._ray.get(reference)
        except Exception as error:
            message = {"died": _words(error), "ours": False}
            if what == "live" or (what == "attach" and name in self._actors):
                refused = what == "attach" and getattr(error, "actor_init_failed", True)
                with self._lock:
                    self._actors.pop(name, None)
                    self._refused += refused  # it would be refused again
                self._tell("refused" if refused else "left", (name, _words(error)))
            if what != "run":
                return
        if what == "news":
            for news in message:
                self._tell("epoch", news)
        elif what == "attach":
            problem = message["problem"]
            self._tell(*(("joined", name) if problem is None else ("refused", (name, problem))))
        elif what == "run":
            self._tell("done", (name, token, message))


def _words(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    known: Any = imported().exceptions
    lost = isinstance(error, (known.RayActorError, known.NodeDiedError, known.ObjectLostError))
    return f"{LEFT if lost else 'ended'}: {lines[0] if lines else type(error).__name__}"
