"""Which worker takes which rung, which GPU it sees, and a parent that is warm before it is needed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from functools import partialmethod
from pathlib import Path
from socket import socket
from threading import Event
from typing import Any

import pytest

from lstm_automl.search.contracts import RungResult, RungSpec, WorkerDied
from lstm_automl.search.executors import crew, devices, ready
from lstm_automl.search.executors.forked import Forked
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.executors.presence import FILE as PRESENCE
from lstm_automl.search.executors.roster import Job, Worker, match
from lstm_automl.search.executors.spawned import Spawned
from lstm_automl.search.executors.starting import Starts
from lstm_automl.testing.executor import RUNNER, rung

ROOT = Path(__file__).parents[2]
GPU_VARIABLES = ("CUDA_VISIBLE_DEVICES", "TF_FORCE_GPU_ALLOW_GROWTH")


def worker(number: int, *recent: RungSpec) -> Worker:
    made = Worker(number, number, socket(), idle_since=float(number))
    made.sock.close()
    made.recent.extend(recent)
    return made


def spec(trial: int, fold: int = 0, units: int = 8) -> RungSpec:
    return RungSpec(0, trial, "search", fold, 0, {"units": units}, 0, "", "", 0, 1, 1)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([spec(1)], [1]),  # the same trial and fold
        ([spec(2, fold=3)], [2]),  # the same trial
        ([replace(spec(9), values={"units": 33, "learning_rate": 0.1})], [3]),  # the same kind of network
        ([spec(9, units=7)], [0]),  # idle longest
        ([spec(9, units=7), spec(1), spec(2)], [0, 1, 2]),  # one that does not care leaves the others theirs
        ([spec(1, fold=1, units=7), spec(1)], [0, 1]),  # exactly the same run comes first
        ([spec(n, units=n) for n in (5, 6, 7)], [0, 1, 2]),
    ],
)
def test_a_rung_goes_where_its_graph_may_be(asked: list[RungSpec], found: list[int]) -> None:
    there = [worker(3, spec(3, units=33)), worker(2, spec(2)), worker(1, spec(1), spec(4)), worker(0)]
    pairs = match(asked, there)
    assert [w.number for _, w in sorted(pairs, key=lambda pair: pair[0])] == found


def whereabouts(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A runner that says which process it runs in, and which GPU that sees."""
    seen = "|".join(os.environ.get(name, "none") for name in GPU_VARIABLES)
    (Path(spec.directory) / "where").write_text(spec.folder)
    return RungResult(spec.job, spec.trial, "completed", score=float(os.getpid()), error=seen)


def meeting(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A runner of pairs of jobs, 2 and 3, 4 and 5, that end when both are at work, so that it takes two processes."""
    (Path(spec.directory) / f"at-work-{spec.job}").touch()
    until = time.monotonic() + 300
    while spec.job > 1 and not (Path(spec.directory) / f"at-work-{spec.job ^ 1}").exists():
        assert time.monotonic() < until, "it is alone"
        time.sleep(0.01)
    return whereabouts(spec, on_epoch)


def runs(executor: LocalExecutor, directory: Path, *trials: tuple[int, int]) -> list[RungResult]:
    """Rungs of ``(job, trial)``, all handed in at once."""
    futures = [executor.submit(rung(directory, job, trial=trial), lambda epoch: None) for job, trial in trials]
    return [f.result(300) for f in futures]


def test_a_promoted_trial_comes_back_to_its_worker(tmp_path: Path) -> None:
    with closing(LocalExecutor(3, directory=tmp_path, runner=f"{__name__}:whereabouts", mode="fork")) as executor:
        first = runs(executor, tmp_path, (0, 0), (1, 1), (2, 2))
        home = {r.trial: r.score for r in first}
        again = [runs(executor, tmp_path, (job, trial))[0] for job, trial in ((3, 2), (4, 0), (5, 1), (6, 0))]
    assert all(r.score == home[r.trial] for r in again)


@pytest.mark.parametrize(
    ("variable", "found"),
    [
        (None, ("0", "1")),
        ("", ()),
        ("-1", ()),
        ("1", ("1",)),
        ("3, GPU-8f2e", ("3", "GPU-8f2e")),
        ("0,-1,1", ("0",)),
    ],
)
def test_gpus_are_counted(variable: str | None, found: tuple[str, ...], tmp_path: Path) -> None:
    for name in ("0000:17:00.0", "0000:65:00.0"):
        (tmp_path / name).mkdir()
    assert devices.gpus(tmp_path, {} if variable is None else {devices.VISIBLE: variable}) == found


def test_gpus_are_asked_for_where_the_driver_lists_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices.gpus(tmp_path / "none", {}) == ()
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: GPU-1)'\necho 'GPU 1: A (UUID: GPU-2)'\n")
    program.chmod(0o755)
    assert devices.gpus(tmp_path / "none", {}) == ("0", "1")
    program.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    assert devices.gpus(tmp_path / "none", {}) == ()


def test_a_gpu_without_its_libraries_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_wheel", lambda: False)
    monkeypatch.setattr(devices, "find_library", lambda name: None)
    assert devices.usable(("0",)) == ()
    monkeypatch.setattr(devices, "_wheel", lambda: True)
    assert devices.usable(("0",)) == ("0",)


@pytest.mark.parametrize("given", [None, "false"])
def test_a_model_in_the_driver_leaves_gpu_memory_to_workers(given: str | None) -> None:
    name = "TF_FORCE_GPU_ALLOW_GROWTH"
    environment = {k: v for k, v in os.environ.items() if k != name} | ({} if given is None else {name: given})
    code = f"import os, lstm_automl.models.bundle; print(os.environ[{name!r}])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [given or "true"]


def test_one_worker_a_gpu() -> None:
    assert devices.slots(("0", "1", "2")) == 3
    assert devices.slots(()) == devices.cores()
    assert devices.default_mode(("0",)) == "spawn"
    assert devices.default_mode(()) == ("fork" if sys.platform == "linux" else "spawn")


def test_each_worker_sees_its_gpu_and_so_does_its_replacement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpus", lambda: ("4", "GPU-7"))
    monkeypatch.setattr(devices, "usable", lambda found: found)
    for name in GPU_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with closing(LocalExecutor(directory=tmp_path, runner=f"{__name__}:meeting", max_rungs=1)) as executor:
        assert executor.capacity == 2
        found = [runs(executor, tmp_path, (job, job), (job + 1, job + 1)) for job in (2, 4)]
    assert len({r.score for both in found for r in both}) == 4
    for both in found:
        assert sorted(r.error for r in both) == ["4|true", "GPU-7|true"]


def test_a_worker_that_cannot_start_has_ended(tmp_path: Path) -> None:
    made = Spawned(RUNNER, tmp_path)
    ended = made.ended(1)
    assert ended is not None
    assert ended.how == "could not start"
    made.kill(1)
    made.close()


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A warm parent for a runner that imports nothing heavy; its workers have all the time they need to end."""
    monkeypatch.setattr(ready, "RUNNER", f"{__name__}:whereabouts")
    monkeypatch.setattr(Forked, "wait_for", partialmethod(Forked.wait_for, seconds=300.0))
    with ready.at_hand():
        yield


def pids(directory: Path) -> tuple[int, float]:
    """The parent that serves a new executor, and the worker that ran a rung on it."""
    with closing(LocalExecutor(1, directory=directory, runner=f"{__name__}:whereabouts", mode="fork")) as executor:
        [result] = runs(executor, directory, (0, 0))
        launcher = executor._crew._launcher
        return launcher._process.pid, result.score or 0.0  # type: ignore[attr-defined]


@pytest.mark.usefixtures("warm")
def test_one_parent_serves_one_search_after_the_other(tmp_path: Path) -> None:
    ready.warm_up()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = pids(tmp_path / "a"), pids(tmp_path / "b")
    assert first[0] == second[0]
    assert first[1] != second[1], "a worker outlived its search"
    with closing(LocalExecutor(1, directory=tmp_path / "a", runner=f"{__name__}:whereabouts", mode="fork")) as executor:
        runs(executor, tmp_path, (1, 1))
        assert pids(tmp_path / "b")[0] != first[0], "two at a time have a parent each"
        os.kill(first[0], 9)
        executor._crew.join(0.2)
    assert pids(tmp_path / "a")[0] != first[0], "a dead one is not used again"


@pytest.mark.usefixtures("warm")
def test_a_parent_that_was_begun_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its workers would look for a relative search there, and find another one of the same name."""
    for name in ("there", "here"):
        (tmp_path / name / "search").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "there")
    ready.warm_up(wait=True)
    monkeypatch.chdir(tmp_path / "here")
    search = Path("search")
    with closing(LocalExecutor(1, directory=search, runner=f"{__name__}:whereabouts", mode="fork")) as executor:
        executor.submit(rung(search, 0), lambda epoch: None).result(300)
        assert PRESENCE in os.listdir(search)
    assert (tmp_path / "here/search/where").read_text() == rung(tmp_path / "here/search", 0).folder
    assert not os.listdir(tmp_path / "there/search")


def test_a_rung_whose_deadline_passes_before_a_worker_is_there(tmp_path: Path) -> None:
    (tmp_path / "dummy.json").write_text('{"sleep": 0.2}')
    with closing(LocalExecutor(1, directory=tmp_path, runner=RUNNER, mode="fork")) as executor:
        first = executor.submit(rung(tmp_path, 0, to_epoch=10), lambda epoch: None)
        late = executor.submit(replace(rung(tmp_path, 1, to_epoch=10), deadline=1.0), lambda epoch: None)
        assert first.result(300).status == "completed"
        assert (late.result(300).status, late.result().epochs) == ("stopped", ())


def test_a_rung_that_waits_is_looked_at_again_though_nobody_says_anything() -> None:
    made = crew.Crew.__new__(crew.Crew)
    made._workers, made._starts, made._look = {}, Starts(), 2.0
    made._waiting = deque([Job(spec(0), lambda epoch: None, Future())])
    assert made._patience() == 2.0
    made._waiting.clear()
    assert made._patience() is None


def test_a_stopped_parent_is_woken(tmp_path: Path) -> None:
    with closing(LocalExecutor(2, directory=tmp_path, runner=f"{__name__}:meeting", mode="fork")) as executor:
        runs(executor, tmp_path, (0, 0))
        os.kill(executor._crew._launcher._process.pid, signal.SIGSTOP)  # type: ignore[attr-defined]
        first, second = runs(executor, tmp_path, (2, 2), (3, 3))
    assert first.score != second.score


def test_a_parent_that_is_late_to_say_how_a_worker_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else somebody's kill would count against the trial."""
    monkeypatch.setattr(crew, "LOOK", crew.LAST_WORDS + 1)  # when a stopped one is woken
    with closing(LocalExecutor(1, directory=tmp_path, runner=RUNNER, mode="fork")) as executor:
        (tmp_path / "dummy.json").write_text('{"sleep": 0.2}')
        begun = Event()
        future = executor.submit(rung(tmp_path, 0, to_epoch=1000), lambda epoch: begun.set())
        assert begun.wait(300)
        os.kill(executor._crew._launcher._process.pid, signal.SIGSTOP)  # type: ignore[attr-defined]
        os.kill(next(w.pid for w in executor._crew._workers.values() if w.pid), signal.SIGKILL)
        death = future.exception(300)
    assert isinstance(death, WorkerDied)
    assert "killed by SIGKILL" in str(death)


def test_nothing_is_written_and_nothing_is_left(tmp_path: Path) -> None:
    code = """
        import os, signal, sys, lstm_automl
        from lstm_automl.search.executors import ready
        lstm_automl.warm_up(); lstm_automl.warm_up(wait=True)
        assert ready._kept.ready
        pid = ready._kept._process.pid
        assert os.listdir(".") == [], os.listdir(".")
        if os.fork() == 0:  # somebody else's: it must not be ended from here
            assert ready._kept is None
            sys.exit(0)
        os.wait()
        os.kill(pid, 0)
        print(pid)
    """
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert os.listdir(tmp_path) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)
