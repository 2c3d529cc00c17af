"""Rungs that take too much: ended by their caps, failed at once or when counted; kills from outside do not count."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lstm_automl import plugins
from lstm_automl.cli.search import search as verb
from lstm_automl.errors import UsageError
from lstm_automl.estimators import placing
from lstm_automl.estimators.request import Search
from lstm_automl.search import retries
from lstm_automl.search.attempts import attempts, new_attempt
from lstm_automl.search.contracts import RungResult, RungSpec, Status, Table
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors import memory
from lstm_automl.search.executors.caps import Caps
from lstm_automl.search.executors.devices import Mode
from lstm_automl.search.executors.endings import EXHAUSTED, describe
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.search.results import write_result
from lstm_automl.search.rows import stored
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.testing import dummy
from lstm_automl.testing.executor import RUNNER, rung
from lstm_automl.testing.search import facts, lines, make_driver, small_space

META = facts(small_space(), limits=Limits(6, 3).to_json())
MIB = 1 << 20


def greedy(spec: RungSpec, on_epoch: Any) -> RungResult:
    """Trial 2 sleeps, and comes further with each attempt; trial 3 takes too much memory; trial 4 takes some."""
    if spec.trial == 2:
        on_epoch(dummy.score(spec, len(os.listdir(Path(spec.folder).parent))))
        time.sleep(600)
    taken = [bytearray(b"x" * (20 * MIB)) for _ in range({3: 10, 4: 2}.get(spec.trial, 0))]
    if spec.trial == 3:
        time.sleep(600)
    del taken
    return dummy.run_rung(spec, on_epoch)


def searched(directory: Path, **options: Any) -> Table:
    """A search with three workers."""
    with ExitStack() as stack:
        store = stack.enter_context(closing(Store.open_or_create(directory, META)))
        executor = stack.enter_context(closing(LocalExecutor(3, directory=directory, **options)))
        return make_driver(directory, store, executor).search()


@pytest.mark.parametrize("mode", ["fork", "spawn"])
def test_a_search_goes_on_without_the_trials_over_their_caps(mode: Mode, tmp_path: Path) -> None:
    options: dict[str, Any] = {"runner": f"{__name__}:greedy", "mode": mode}
    table = searched(tmp_path, trial_time=9.0, trial_memory=120, **options)
    assert [t.status for t in table] == ["completed", "completed", "failed", "failed", "completed", "completed"]
    with StoreView(tmp_path) as view:
        said = {job.number: job.result.error for job in view.jobs() if job.result and job.result.error}
    assert said.keys() == {2, 3}
    assert "died" not in said[2]
    assert "was ended for being over its cap of 9 s (trial_time)" in said[2]
    assert (len(attempts(tmp_path, 2)), len(attempts(tmp_path, 3))) == (1, 3)
    assert "died 3 times" in said[3]
    assert "was ended for being over its cap of 120 MiB (trial_memory)" in said[3]
    assert lines(searched(tmp_path, **options)) == lines(table), "a trial that was given up was tried again"


def died(directory: Path, *ends: tuple[str, int]) -> int:
    """How many of these ends, each a message and the epochs before it, count against a job."""
    work = rung(directory, 0)
    for message, epochs in ends:
        retries.record_death(Path(new_attempt(directory, work).folder), message, epochs)
    return len(retries.deaths(directory, work))


CAP, KILL = f"was {Caps(memory=9).exceeded(0.0, 10 * MIB)}", describe(-9)
LATE = f"was {Caps(seconds=3.0).exceeded(4.0, 0)}"
OUT, WANT = describe(-9, starved=False), f"{EXHAUSTED}: 3 GiB"


@pytest.mark.parametrize(
    ("ends", "count"),
    [
        ([(KILL, 1)] * 3, 3),
        ([(KILL, 1), (KILL, 3), (KILL, 2)], 1),
        ([(KILL, 1), (KILL, 2), (KILL, 1)], 2),
        ([(CAP, 1), (CAP, 5), (CAP, 2)], 3),
        ([(CAP, 1), (KILL, 4), (KILL, 5), (CAP, 9)], 2),
        ([(CAP, 1), (KILL, 4), (KILL, 4), (KILL, 4)], 3),
        ([(KILL, n) for n in range(retries.MANY - 1)], 1),
        ([(KILL, n) for n in range(retries.MANY)], retries.MANY),
        ([(OUT, 1)] * 3, 0),
        ([(OUT, 1), (KILL, 1), (OUT, 1), ("killed by SIGABRT", 1)], 2),
        ([(OUT, 1)] * retries.MANY, retries.MANY),
        ([(WANT, 1), (OUT, 2), (WANT, 5), (WANT, 2)], 3),
        ([(KILL, 4), (KILL, 4), (LATE, 5)], 1),
    ],
)
def test_which_deaths_count(ends: list[tuple[str, int]], count: int, tmp_path: Path) -> None:
    assert died(tmp_path, *ends) == count


def test_one_that_was_out_of_time_is_not_tried_again(tmp_path: Path) -> None:
    work = rung(tmp_path, 0)
    for message, epochs, failed in ((KILL, 4, None), (CAP, 4, None), (LATE, 5, LATE), (KILL, 5, LATE)):
        retries.record_death(Path(new_attempt(tmp_path, work).folder), message, epochs)
        found = retries.given_up(tmp_path, work, max_retries=9)
        assert (found and found.error) == failed


def attempted(directory: Path, work: RungSpec, status: Status, end: int, seconds: float) -> RungSpec:
    """An attempt on a rung that has ended before epoch ``end``, after so many seconds."""
    made = new_attempt(directory, work)
    epochs = tuple(dummy.score(made, epoch) for epoch in range(made.from_epoch, end))
    (Path(made.folder) / "checkpoint.npz").write_bytes(b"dummy")
    result = RungResult(work.job, work.trial, status, epochs, 0, 0.5, 0.5, "checkpoint.npz", seconds)
    write_result(Path(made.folder), result)
    return made


def test_time_is_that_of_all_rungs_a_trial_goes_on_from(tmp_path: Path) -> None:
    first = stored(rung(tmp_path, 0, to_epoch=4))
    shutil.rmtree(tmp_path / "jobs")
    assert attempted(tmp_path, first, "stopped", 3, seconds=20.0).spent == 0.0
    made = attempted(tmp_path, first, "completed", 4, seconds=3.0)
    assert (made.from_epoch, made.spent) == (3, 20.0)  # it was stopped and goes on
    parent = (Path(made.folder) / "checkpoint.npz").relative_to(tmp_path).as_posix()
    second = replace(first, job=1, from_epoch=4, to_epoch=9, max_epochs=9, parent=parent)
    made = new_attempt(tmp_path, second)
    assert made.spent == 23.0
    assert stored(made).spent == 0.0
    assert new_attempt(tmp_path, second).spent == 23.0, "what a killed attempt took is nobody's"
    (tmp_path / parent).unlink()
    assert new_attempt(tmp_path, second).spent == 0.0, "all of it is trained again, within the rung"


def test_a_rung_has_what_the_rungs_before_left_of_the_time(tmp_path: Path) -> None:
    (tmp_path / "dummy.json").write_text('{"sleep": 0.2}')
    work = replace(rung(tmp_path, 0, to_epoch=1000), spent=500.0)
    with closing(LocalExecutor(1, directory=tmp_path, runner=RUNNER, trial_time=500.0)) as executor:
        death = executor.submit(work, lambda epoch: None).exception(300)
    assert "over its cap of 500 s (trial_time)" in str(death)


def test_caps_are_settings_of_a_search() -> None:
    chosen = Search(trial_time=300, trial_memory=4000)
    assert (chosen.trial_time, chosen.trial_memory) == (300.0, 4000)
    with pytest.raises(UsageError, match="trial_time"):
        Search(trial_time=0)
    with pytest.raises(UsageError, match="trial_memory"):
        Search(trial_memory=2.5)
    for executor in ("dask", "ray"):
        assert Search(executor=executor, address="tcp://host:8786", trial_memory=9).trial_memory == 9
    command = verb.get_command(None, "classification")  # type: ignore[arg-type]
    assert command is not None
    flags = {flag for option in command.params for flag in option.opts}
    assert {"--trial-time", "--trial-memory"} <= flags


class Theirs:
    """An executor of somebody else that knows the place of the search and no more."""

    capacity = 1

    def __init__(self, workers: int, directory: Path) -> None:
        """As placing calls it."""

    def close(self) -> None:
        """Nothing was begun."""


def test_caps_are_asked_of_executors_that_keep_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**plugins.registered("executor"), "theirs": plugins.Plugin(f"{__name__}:Theirs", "somebody else's")}
    monkeypatch.setattr(plugins, "registered", lambda kind: known)
    with pytest.raises(UsageError, match="--trial-time is of no use with --executor theirs"):
        Search(executor="theirs", trial_time=3)
    with pytest.raises(UsageError, match="--trial-memory is of no use with --executor theirs"):
        Search(executor="theirs", trial_memory=3)
    with placing.executor(tmp_path, Search(executor="theirs"), Observer()) as made:
        assert made.capacity == 1
    monkeypatch.setitem(known, "keeps", plugins.Plugin(f"{__name__}:Keeps", "theirs, with a cap", ("trial_time",)))
    with placing.executor(tmp_path, Search(executor="keeps", trial_time=3), Observer()) as made:
        assert isinstance(made, Keeps)
        assert made.trial_time == 3.0


class Keeps(Theirs):
    """One that keeps a cap."""

    def __init__(self, workers: int, directory: Path, trial_time: float | None = None) -> None:
        super().__init__(workers, directory)
        self.trial_time = trial_time


def test_memory_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemFree: 1 kB\nMemTotal:       8388608 kB\n")
    assert memory.machine(tmp_path, tmp_path) == 8 << 30
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("0::/user.slice/job_7\n")
    (tmp_path / "user.slice" / "job_7").mkdir(parents=True)
    (tmp_path / "user.slice" / "job_7" / "memory.max").write_text("max\n")
    assert memory.machine(tmp_path, tmp_path) == 8 << 30
    (tmp_path / "user.slice" / "memory.max").write_text(f"{2 << 30}\n")
    assert memory.machine(tmp_path, tmp_path) == 2 << 30
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text(str(1 << 30))
    assert memory.machine(tmp_path, tmp_path) == 1 << 30
    assert memory.machine() > 0


def test_memory_that_is_held_is_seen() -> None:
    before = memory.held()
    block = bytearray(b"x" * (64 * MIB))
    assert 60 * MIB < memory.held() - before < 70 * MIB
    del block
