"""How results of many actors of ray are collected: all that are there at once, whoever else is silent."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from clusters import until

from lstm_automl.errors import UsageError
from lstm_automl.search.executors import ray as room
from lstm_automl.search.executors import ray_joining
from lstm_automl.search.executors.seats import Start

ACTORS = 20
SILENT = "actor-1"


class LostError(Exception):
    """As ray says that the node of an actor is gone, not that it could not be made."""

    actor_init_failed = False


class Call:
    """A method of an actor, called from afar."""

    def __init__(self, ray: Ray, actor: int, name: str) -> None:
        self._ray, self._actor, self._name = ray, actor, name

    def remote(self, *arguments: Any) -> Future[Any]:
        """What will be answered; a rung, ``live`` and the first actor's news are not, by themselves."""
        answer: Future[Any] = Future()
        self._ray.called.append((self._actor, self._name))
        if self._name == "attach" and self._ray.lost >= self._actor:
            answer.set_exception(LostError())
        elif self._name == "attach":
            answer.set_result({"problem": None})
        elif self._name == "run":
            self._ray.running.append(answer)
        elif self._name == "news" and self._actor > 1:
            answer.set_result([{"of": f"actor-{self._actor}"}])
        return answer


class Ray:
    """As much of ray as is used here; notes which answers each wait returned."""

    def __init__(self) -> None:
        self.called: list[tuple[int, str]] = []
        self.running: list[Future[Any]] = []
        self.lost = 0
        self.connected, self.callers = False, list[str]()
        self.returned: list[list[Future[Any]]] = []
        self.lock, self._made = threading.Lock(), 0
        self.asked, self.answer = threading.Event(), threading.Event()
        self.answer.set()

    _private = SimpleNamespace()
    exceptions = SimpleNamespace(RayActorError=LostError, NodeDiedError=LostError, ObjectLostError=LostError)

    def remote(self, **_: Any) -> Any:
        return lambda kind: SimpleNamespace(remote=self._make)

    def _make(self) -> Any:
        self._made += 1
        names = ("attach", "live", "run", "news", "say")
        return SimpleNamespace(**{name: Call(self, self._made, name) for name in names})

    def wait(self, answers: list[Any], *, num_returns: int = 1, timeout: float) -> tuple[list[Any], list[Any]]:
        assert len(set(answers)) == len(answers) >= num_returns
        end = time.monotonic() + timeout
        while True:
            with self.lock:
                done = [a for a in answers if a.done()][:num_returns]
            if len(done) == num_returns or time.monotonic() >= end:
                self.returned.append(done)
                return done, [a for a in answers if a not in done]
            time.sleep(0.001)

    def get(self, answer: Future[Any]) -> Any:
        return answer.result(0)

    def is_initialized(self) -> bool:
        return self.connected

    def init(self, **_: Any) -> None:
        assert not self.connected
        self.connected = True

    def shutdown(self) -> None:
        """A call after it ends the process."""
        self.callers = [thread.name for thread in threading.enumerate() if thread.name in ("ray-watch", "ray-listen")]
        self.connected = False

    def cluster_resources(self) -> dict[str, float]:
        self.asked.set()
        self.answer.wait()
        return {"CPU": ACTORS}

    def kill(self, actor: Any) -> None:
        """Nothing runs."""


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    made = Ray()
    monkeypatch.setattr(room, "imported", lambda: made)
    monkeypatch.setattr(ray_joining, "imported", lambda: made)
    monkeypatch.setattr(ray_joining, "knock", lambda address: None)
    monkeypatch.setattr(room, "MEMBERSHIP", ray_joining.Membership())
    monkeypatch.setattr(room, "knock", lambda address: None)
    return made


@pytest.fixture
def told(ray: Ray) -> Iterator[tuple[room.RayCluster, queue.SimpleQueue[tuple[str, Any]]]]:
    """A cluster whose actors all run a rung, and what it has told since."""
    events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    cluster = room.RayCluster("127.0.0.1:1", None)
    cluster.start(SimpleNamespace(driver="driver"), lambda kind, what: events.put((kind, what)))  # type: ignore[arg-type]
    joined = [what for kind, what in (events.get(timeout=300) for _ in range(ACTORS + 1)) if kind == "joined"]
    assert len(joined) == ACTORS
    for name in joined:
        cluster.run(name, {"token": name})
    yield cluster, events
    cluster.close()


def heard(events: queue.SimpleQueue[tuple[str, Any]], wanted: str, count: int) -> list[Any]:
    """The next events of a kind."""
    found = list[Any]()
    while len(found) < count:
        kind, what = events.get(timeout=300)
        found += [what] if kind == wanted else []
    return found


def test_results_that_are_there_are_taken_in_one_round(ray: Ray, told: Any) -> None:
    with ray.lock:
        for answer in ray.running:
            answer.set_result({"result": {}})
    done = heard(told[1], "done", ACTORS)
    assert sorted(name for name, _, _ in done) == sorted(f"actor-{n + 1}" for n in range(ACTORS))
    assert any(set(ray.running) <= set(round) for round in ray.returned), "they were taken one by one"


def test_an_actor_that_is_silent_is_asked_once_and_delays_nobody(ray: Ray, told: Any) -> None:
    until(lambda: ray.called.count((ACTORS, "news")) > 2, "the others are asked again and again")
    assert ray.called.count((1, "news")) == 1
    names = {message["of"] for message in heard(told[1], "epoch", 2 * ACTORS)}
    assert len(names) == ACTORS - 1
    assert SILENT not in names


def test_actors_that_are_lost_while_they_begin_are_made_again(ray: Ray) -> None:
    events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    cluster = room.RayCluster("127.0.0.1:1", None)
    ray.lost = 3
    cluster.start(SimpleNamespace(driver="driver"), lambda kind, what: events.put((kind, what)))  # type: ignore[arg-type]
    try:
        assert len(set(heard(events, "joined", ACTORS))) == ACTORS
    finally:
        cluster.close()


def begun() -> room.RayCluster:
    cluster = room.RayCluster("127.0.0.1:1", None)
    cluster.start(SimpleNamespace(driver="driver"), lambda kind, what: None)  # type: ignore[arg-type]
    return cluster


def test_nobody_calls_ray_once_it_is_left(ray: Ray) -> None:
    ray.answer.clear()
    cluster = begun()
    assert ray.asked.wait(300)
    closing = threading.Thread(target=cluster.close)
    closing.start()
    time.sleep(0.2)
    assert ray.connected
    ray.answer.set()
    closing.join(300)
    assert not ray.connected
    assert not ray.callers


def test_ray_stays_while_somebody_is_silent(ray: Ray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LEAVE_SECONDS", 0.1)
    ray.answer.clear()
    cluster = begun()
    assert ray.asked.wait(300)
    cluster.close()
    assert ray.connected
    ray.answer.set()


def test_searches_of_a_process_share_ray_until_the_last_ends(ray: Ray) -> None:
    first, second = begun(), begun()
    first.close()
    assert ray.connected
    second.close()
    assert not ray.connected
    again = begun()
    assert ray.connected
    again.close()
    assert not ray.connected


def test_a_search_that_is_closed_twice_leaves_once(ray: Ray) -> None:
    other, cluster = begun(), begun()
    for _ in range(3):
        cluster.close()
    assert ray.connected
    other.close()
    assert not ray.connected


def test_another_cluster_than_that_of_the_process_is_refused(ray: Ray) -> None:
    cluster = begun()
    with pytest.raises(UsageError, match=r"this process is on the ray cluster at .*:1 already"):
        room.RayCluster("127.0.0.1:2", None)
    cluster.close()
    room.RayCluster("127.0.0.1:2", None).close()
    assert not ray.connected


def test_a_search_begins_although_actors_are_lost_meanwhile(ray: Ray) -> None:
    ray.lost = 3
    events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    cluster = room.RayCluster("127.0.0.1:1", 2)
    cluster.start(SimpleNamespace(driver="driver"), lambda kind, what: events.put((kind, what)))  # type: ignore[arg-type]
    try:
        assert Start("ray").wait(events)
    finally:
        cluster.close()


def test_a_connection_that_was_there_stays(ray: Ray) -> None:
    ray.init()
    begun().close()
    assert ray.connected
