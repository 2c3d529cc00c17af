"""Parts of the executors of clusters, without a cluster."""

from __future__ import annotations

import itertools
import json
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from clusters import search

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, WorkerDied
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors import attached
from lstm_automl.search.executors.cluster import ClusterExecutor
from lstm_automl.search.executors.endings import LEFT, is_outside
from lstm_automl.search.executors.hosts import Message, Order
from lstm_automl.search.executors.ray import Actor, _words
from lstm_automl.search.executors.seats import Tell
from lstm_automl.testing import dummy
from lstm_automl.testing.executor import rung
from lstm_automl.testing.search import facts, lines, small_space


def test_epochs_of_a_rung_that_runs_reach_whoever_asks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    actor, heard = Actor(), list[list[Message]]()

    def run(driver: str, task: Message, tell: Any) -> Message:
        for epoch in range(3):
            tell({"epoch": epoch})
            heard.append(actor.news())
        return {}

    monkeypatch.setattr(attached, "run", run)
    actor.run("driver", {})
    assert heard == [[{"epoch": 0}], [{"epoch": 1}], [{"epoch": 2}]]


class Restarted:
    """A cluster of one worker, whose process is begun anew when it is given its first rung."""

    def __init__(self) -> None:
        self.lost = False

    def start(self, order: Order, tell: Tell) -> None:
        self.tell = tell
        tell("found", ["one"])
        tell("joined", "one")

    def run(self, name: str, task: Message) -> None:
        result = RungResult(task["spec"]["job"], 0, "completed").to_json()
        self.tell("done", (name, task["token"], {"result": result} if self.lost else {"lost": True}))
        self.lost = True

    def say(self, names: list[str], op: str, tokens: list[str]) -> None:
        """It is never told anything."""

    def again(self, name: str) -> None:
        threading.Timer(0.5, self.tell, ("joined", name)).start()

    def close(self) -> None:
        """Nothing is left."""


class Losing:
    """A cluster that loses the worker of a trial, so many times as it is told to; a new one comes at once.

    Args:
        trial: Whose worker.
        times: How often.
        how: ``left``, as dask and ray tell it, or ``lost``: its process is another one.
    """

    def __init__(self, trial: int, times: int, how: str) -> None:
        self._trial, self._times, self._how = trial, times, how
        self._made = itertools.count()

    def start(self, order: Order, tell: Tell) -> None:
        self.tell = tell
        self._new()

    def run(self, name: str, task: Message) -> None:
        spec = RungSpec(**task["spec"])
        if spec.trial != self._trial or self._times == 0:
            self.tell("done", (name, task["token"], {"result": dummy.run_rung(spec, ignore).to_json()}))
            return
        self._times -= 1
        if self._how == "left":
            self.tell("left", (name, LEFT))
            self._new()
        else:
            self.tell("done", (name, task["token"], {"lost": True}))

    def say(self, names: list[str], op: str, tokens: list[str]) -> None:
        """It is never told anything."""

    def again(self, name: str) -> None:
        self.tell("joined", name)

    def close(self) -> None:
        """Nothing is left."""

    def _new(self) -> None:
        name = f"worker-{next(self._made)}"
        self.tell("found", [name])
        self.tell("joined", name)


class ToldTwice:
    """A cluster whose only worker joins once more while it has a rung."""

    def start(self, order: Order, tell: Tell) -> None:
        self.tell = tell
        tell("found", ["one"])
        tell("joined", "one")

    def run(self, name: str, task: Message) -> None:
        self.tell("joined", name)
        result = RungResult(task["spec"]["job"], 0, "completed").to_json()
        self.tell("done", (name, task["token"], {"result": result}))

    def say(self, names: list[str], op: str, tokens: list[str]) -> None:
        """It is never told anything."""

    def again(self, name: str) -> None:
        """It is never lost."""

    def close(self) -> None:
        """Nothing is left."""


def test_a_worker_that_joins_twice_keeps_its_rung(tmp_path: Path) -> None:
    with closing(ClusterExecutor(ToldTwice(), tmp_path)) as executor:
        assert [executor.submit(rung(tmp_path, n), ignore).result(60).status for n in range(2)] == ["completed"] * 2


def ignore(epoch: Epoch) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("how", ["left", "lost"])
def test_a_lost_worker_is_not_the_doing_of_its_trial(how: str, tmp_path: Path) -> None:
    meta = facts(small_space(), limits=Limits(4, 3).to_json(), oracle="grid")

    def table(times: int) -> list[str]:
        directory = tmp_path / str(times)
        return lines(search(directory, lambda: ClusterExecutor(Losing(2, times, how), directory), meta))

    assert table(6) == table(0)
    statuses = [json.loads(line)["status"] for line in table(100)]
    assert statuses == ["completed", "completed", "failed", "completed"], "or it goes on for ever"


def test_what_ray_says_of_a_lost_process_is_told_from_the_rest() -> None:
    exceptions = pytest.importorskip("ray", reason="needs the extra ray").exceptions
    assert is_outside(_words(exceptions.ActorDiedError()))
    assert is_outside(_words(exceptions.NodeDiedError("the node has died")))
    assert not is_outside(_words(exceptions.OutOfMemoryError("the node runs low on memory")))
    assert not is_outside(_words(ValueError("a mistake of ours")))


def test_a_single_worker_that_is_begun_anew_is_waited_for(tmp_path: Path) -> None:
    with closing(ClusterExecutor(Restarted(), tmp_path)) as executor:
        executor._empty_since -= 1000.0  # the search has run for a while
        death = executor.submit(rung(tmp_path, 0), ignore).exception(300)
        assert isinstance(death, WorkerDied)
        assert executor.submit(rung(tmp_path, 1), ignore).result(300).status == "completed"
