"""A budget that is spent while an oracle thinks: nobody waits for it, and its answer is not lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lstm_automl import plugins
from lstm_automl.search.driver import Driver, JobRequest, Limits
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.store import Store
from lstm_automl.testing.dummy import run_twice
from lstm_automl.testing.search import RUNNER, facts, lines, make_driver, small_space

TRIALS, LATE = 8, 3


class Slow:
    """An oracle that thinks about one trial until it is told to end, while all the time there is goes by."""

    name: ClassVar[str] = "random"

    def __init__(self, error: Exception | None = None) -> None:
        self.now, self.error, self.ended = 0.0, error, threading.Event()
        self.asked: list[int] = []
        self.answered = False
        self._oracle = plugins.load("oracle", "random")()

    def propose(self, space: Any, seed: int, n: int, table: Any, direction: Any) -> Any:
        self.asked.append(n)
        if n == LATE and self.asked.count(n) == 1:
            self.now += 1000.0
            self.ended.wait(300)
            self.answered = True
            if self.error is not None:
                raise self.error
        return self._oracle.propose(space, seed, n, table, direction)


@contextmanager
def driver(directory: Path, oracle: Slow, budget: float | None) -> Iterator[Driver]:
    meta = facts(small_space(), oracle="random", limits=Limits(TRIALS, 2, budget).to_json())
    store = Store.open_or_create(directory, meta)
    with closing(store), ThreadPoolExecutor(2) as threads:
        made = make_driver(directory, store, FuturesExecutor(threads, 2, runner=RUNNER), clock=lambda: oracle.now)
        made._decider._oracle = oracle
        yield made


def test_a_spent_budget_ends_a_search_and_the_answer_is_for_the_next_call(tmp_path: Path) -> None:
    (calm := Slow()).ended.set()
    with driver(tmp_path / "whole", calm, None) as made:
        whole = made.search()
    oracle = Slow()
    with driver(tmp_path / "cut", oracle, 500.0) as made:
        cut = made.search()
        assert not oracle.answered
        assert [t.values for t in cut] == [t.values for t in whole[:LATE]]
        made.run([JobRequest(0, "seed", 0, 1, 2)])  # takes the number that the late trial's job would have had
        oracle.ended.set()
        assert lines(made.search()) == lines(whole)
    assert oracle.asked == list(range(TRIALS)), "an answer was thrown away"
    assert not run_twice(tmp_path / "cut")


def test_an_answer_that_never_comes_is_asked_for_again_by_another_driver(tmp_path: Path) -> None:
    oracle, other = Slow(), Slow()
    other.ended.set()
    with driver(tmp_path, oracle, 500.0) as made:
        made.search()
    with driver(tmp_path, other, None) as made:
        assert len(made.search()) == TRIALS
    oracle.ended.set()
    assert other.asked[0] == LATE


def test_an_oracle_that_fails_late_is_asked_again(tmp_path: Path) -> None:
    oracle = Slow(RuntimeError("the oracle has lost its voice"))
    with driver(tmp_path, oracle, 500.0) as made:
        made.search()
        oracle.ended.set()
        with pytest.raises(RuntimeError, match="lost its voice"):
            made._decider._thought.result(300)  # type: ignore[union-attr]
        assert len(made.search()) == TRIALS
    assert oracle.asked.count(LATE) == 2
