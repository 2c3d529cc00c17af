"""Workers that cannot start, and executors that break: one error or another try, never a wait and never a loop."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import closing
from pathlib import Path
from typing import Any

import no_room
import pytest

from lstm_automl.errors import LstmAutomlError, StorageError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.executors import hosts, ready, starting
from lstm_automl.search.executors.forked import Forked
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.executors.roster import Job
from lstm_automl.search.executors.versions import versions
from lstm_automl.search.store import Store
from lstm_automl.testing.executor import RUNNER, rung
from lstm_automl.testing.search import facts, make_driver, small_space

MISSING = "no_such_module:run"


def ignore(epoch: Epoch) -> None:
    """Nobody listens."""


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end, "nothing happened in five minutes"
        time.sleep(0.01)


def test_what_broke_the_workers_is_said_to_every_later_job(tmp_path: Path) -> None:
    with closing(LocalExecutor(1, directory=tmp_path, runner=MISSING, mode="fork")) as executor:
        first = executor.submit(rung(tmp_path, 0), ignore).exception(300)
        second = executor.submit(rung(tmp_path, 1), ignore).exception(300)
    assert isinstance(first, LstmAutomlError)
    assert second is first
    assert "cannot start: ModuleNotFoundError: No module named 'no_such_module'" in str(first)
    assert isinstance(executor.submit(rung(tmp_path, 2), ignore).exception(300), LstmAutomlError)


class Closed:
    """An executor that somebody has closed."""

    name, capacity = "closed", 2

    def __init__(self) -> None:
        self.asked = 0

    def submit(self, spec: RungSpec, on_epoch: Any) -> Future[RungResult]:
        self.asked += 1
        assert self.asked < 20, "a loop"
        future: Future[RungResult] = Future()
        future.set_exception(CancelledError())
        return future

    def kill(self, job: int) -> None:
        """There is none."""

    def close(self) -> None:
        """It is."""


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: LocalExecutor(2, directory=path, runner=MISSING, mode="fork"), "No module named"),
        (lambda path: Closed(), "the executor was closed"),
    ],
)
def test_a_search_whose_executor_breaks_ends(make: Callable[[Path], Any], said: str, tmp_path: Path) -> None:
    with (
        closing(Store.open_or_create(tmp_path, facts(small_space()))) as store,
        closing(make(tmp_path)) as executor,
        pytest.raises(LstmAutomlError, match=said),
    ):
        make_driver(tmp_path, store, executor).search()
    assert len(list((tmp_path / "jobs").glob("*/attempt-*"))) <= 8


def test_a_host_whose_workers_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSTM_AUTOML_CACHE", str(tmp_path / "cache"))
    (tmp_path / "token").write_text("here")
    token = (str(tmp_path / "token"), "here")
    host = hosts.Host(hosts.Order("d", "s", str(tmp_path), token, None, None, MISSING, versions(), {"mode": "fork"}))
    host.begin()
    try:
        for job in range(2):
            said = host.run({"spec": rung(tmp_path, job).to_json(), "token": str(job)}, lambda message: None)
            assert "No module named 'no_such_module'" in said.get("error", ""), said
    finally:
        host.close()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Forked]:
    """A parent that waits for a search."""
    monkeypatch.setattr(ready, "RUNNER", RUNNER)
    with ready.at_hand():
        ready.warm_up(wait=True)
        assert ready._kept is not None
        yield ready._kept


def test_a_kept_parent_that_was_killed_is_not_taken(kept: Forked, tmp_path: Path) -> None:
    os.kill(kept._process.pid, signal.SIGKILL)
    until(lambda: not kept.alive)
    with closing(LocalExecutor(1, directory=tmp_path, runner=RUNNER, mode="fork")) as executor:
        assert executor._crew._launcher is not kept
        assert executor.submit(rung(tmp_path, 0), ignore).result(300).status == "completed"
    ready.warm_up()
    assert ready._kept is not kept


def test_a_parent_killed_before_it_is_ready_is_replaced_once(tmp_path: Path) -> None:
    with closing(LocalExecutor(1, directory=tmp_path, runner=RUNNER, mode="fork")) as executor:
        launcher = executor._crew._launcher
        assert isinstance(launcher, Forked)
        future = executor.submit(rung(tmp_path, 0), ignore)
        os.kill(launcher._process.pid, signal.SIGKILL)
        assert future.result(300).status == "completed"
    assert not list(tmp_path.rglob("died.json"))


def test_a_wait_for_the_parent_lets_others_in(kept: Forked, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.ready = False  # as if it still imported
    waiting = threading.Thread(target=ready.warm_up, kwargs={"wait": True}, daemon=True)
    waiting.start()
    taken = list[Any]()
    taking = threading.Thread(target=lambda: taken.append(ready.launcher("fork", RUNNER, None)), daemon=True)
    taking.start()
    taking.join(300)
    waiting.join(300)
    assert taken == [kept]
    assert not waiting.is_alive()
    kept.ready = True
    ready._end()
    assert not ready._lent, "the next parent could not be lent"
    kept.close()


def test_orders_in_a_queue_when_the_crew_ends_are_answered(tmp_path: Path) -> None:
    with closing(LocalExecutor(1, directory=tmp_path, runner=RUNNER, mode="fork")) as executor:
        crew = executor._crew
        late = Job(rung(tmp_path, 0), ignore, Future())
        end = crew._end

        def ends() -> None:
            crew._orders._orders.append(("submit", late))
            end()

        crew._end = ends  # type: ignore[method-assign]
    assert isinstance(late.future.exception(300), CancelledError)


def test_a_job_handed_in_while_the_crew_ends_is_answered(tmp_path: Path) -> None:
    executor = LocalExecutor(1, directory=tmp_path, runner=RUNNER, mode="fork")
    crew, tell = executor._crew, executor._crew._orders.tell

    def slow(order: Any) -> None:
        if order[0] == "submit":
            crew._orders.tell = tell  # type: ignore[method-assign]
            executor.close()
        tell(order)

    crew._orders.tell = slow  # type: ignore[method-assign]
    assert isinstance(executor.submit(rung(tmp_path, 0), ignore).exception(300), CancelledError)


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """While this file is there no process can be forked."""
    path = tmp_path / "full"
    monkeypatch.setenv(no_room.NO_ROOM, str(path))
    path.touch()
    return path


def test_no_room_for_a_process_is_waited_for(full: Path, tmp_path: Path) -> None:
    with closing(LocalExecutor(1, directory=tmp_path, runner=no_room.RUNNER, mode="fork")) as executor:
        future = executor.submit(rung(tmp_path, 0), ignore)
        until(lambda: full.stat().st_size >= 2)
        full.unlink()
        assert future.result(300).status == "completed"


def test_no_room_for_long_ends_the_search_and_names_the_limits(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "SECONDS", 0.5)
    with closing(LocalExecutor(2, directory=tmp_path, runner=no_room.RUNNER, mode="fork")) as executor:
        error = executor.submit(rung(tmp_path, 0), ignore).exception(300)
    assert isinstance(error, StorageError)
    assert "could not start: Resource temporarily unavailable" in str(error)
    assert "ulimit -u" in str(error)
    assert full.stat().st_size < 20, "no pause between tries"


def test_while_others_work_nothing_is_given_up() -> None:
    now = 0.0
    starts = starting.Starts(lambda: now)
    for _ in range(100):
        now += 1.0
        starts.failed("could not start", alone=False)
    assert 0 < starts.left() <= starting.LONGEST
    starts.began()
    assert starts.left() == 0
    starts.failed("could not start", alone=True)
