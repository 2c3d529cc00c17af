"""Parts of the executors of clusters, without a cluster."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.search.contracts import Epoch, RungResult, WorkerDied
from lstm_automl.search.executors import hosts
from lstm_automl.search.executors.cluster import ClusterExecutor
from lstm_automl.search.executors.hosts import Message, Order
from lstm_automl.search.executors.ray import Actor
from lstm_automl.search.executors.seats import Tell
from lstm_automl.testing.executor import rung


def test_epochs_of_a_rung_that_runs_reach_whoever_asks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    actor, heard = Actor(), list[list[Message]]()

    def run(driver: str, task: Message, tell: Any) -> Message:
        for epoch in range(3):
            tell({"epoch": epoch})
            heard.append(actor.news())
        return {}

    monkeypatch.setattr(hosts, "run", run)
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


def test_a_single_worker_that_is_begun_anew_is_waited_for(tmp_path: Path) -> None:
    def ignore(epoch: Epoch) -> None:
        """Nobody listens."""

    with closing(ClusterExecutor(Restarted(), tmp_path)) as executor:
        executor._empty_since -= 1000.0  # the search has run for a while
        death = executor.submit(rung(tmp_path, 0), ignore).exception(30)
        assert isinstance(death, WorkerDied)
        assert executor.submit(rung(tmp_path, 1), ignore).result(30).status == "completed"
