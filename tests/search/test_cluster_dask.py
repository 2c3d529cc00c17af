"""Searches on a real dask cluster of separate processes: the table is the local one, whatever happens to workers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from clusters import Dask, Heard, environment, search, until
from slow_rungs import GREEDY, hold_of, mark_of
from slow_rungs import RUNNER as SLOW

from lstm_automl.errors import StorageError, UsageError
from lstm_automl.search.contracts import Executor, WorkerDied
from lstm_automl.search.driver import Driver, Limits, Stopped
from lstm_automl.search.executors import passing, seats
from lstm_automl.search.executors.exchange import opened
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.executors.versions import versions
from lstm_automl.search.view import StoreView
from lstm_automl.testing.executor import RUNNER, check_executor, rung
from lstm_automl.testing.search import facts, lines, small_space

pytest.importorskip("distributed", reason="needs the extra dask")

from lstm_automl.search.executors import dask
from lstm_automl.search.executors.dask import DaskExecutor

META = facts(small_space(), limits=Limits(8, 4).to_json())


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    made = Dask(tmp_path_factory.mktemp("dask"))
    try:
        made.add(2)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The table of the local executor."""
    directory = tmp_path_factory.mktemp("local")
    return lines(search(directory, lambda: LocalExecutor(2, runner=SLOW), META))


def on(cluster: Dask, directory: Path, runner: str = SLOW, **more: str) -> Executor:
    return DaskExecutor(address=cluster.address, directory=directory, runner=runner, **more)


@contextmanager
def held(cluster: Dask, trial: int) -> Iterator[Path]:
    """A trial waits at work until this ends, or its hold is gone; what is yielded is there once it does."""
    mark, hold = mark_of(cluster.place, trial), hold_of(cluster.place, trial)
    mark.unlink(missing_ok=True)
    hold.touch()
    try:
        yield mark
    finally:
        hold.unlink(missing_ok=True)


@contextmanager
def losing(cluster: Dask, trial: int, times: int) -> Iterator[set[str]]:
    """The worker under a trial is killed, that often, when the rung is at work; what is yielded are the rungs' pids."""
    lost, ended = set[str](), threading.Event()

    def kill(mark: Path) -> None:
        while len(lost) < times and not ended.wait(0.01):
            if mark.exists() and (pid := mark.read_text()) and pid not in lost:
                lost.add(pid)
                cluster.kill(trial)
                cluster.add()
        hold_of(cluster.place, trial).unlink()

    with held(cluster, trial) as mark, ThreadPoolExecutor(1) as beside:
        killing = beside.submit(kill, mark)
        try:
            yield lost
        finally:
            ended.set()
        killing.result()


def test_contract(cluster: Dask, tmp_path: Path) -> None:
    directory = tmp_path / "search"
    directory.mkdir()
    check_executor(lambda: on(cluster, directory, RUNNER), directory)
    assert not (directory / passing.TOKEN).exists()
    assert [p.name for p in tmp_path.iterdir()] == ["search"]


@pytest.mark.parametrize(
    ("runner", "cap", "said"),
    [(SLOW, {"trial_time": 0.5}, "over its cap of 0.5 s"), (GREEDY, {"trial_memory": 50}, "over its cap of 50 MiB")],
)
def test_a_trial_over_its_cap(runner: str, cap: dict[str, Any], said: str, cluster: Dask, tmp_path: Path) -> None:
    with closing(DaskExecutor(1, address=cluster.address, directory=tmp_path, runner=runner, **cap)) as executor:
        death = executor.submit(rung(tmp_path, 0, to_epoch=100), lambda epoch: None).exception(120)
    assert isinstance(death, WorkerDied)
    assert not death.ours
    assert said in str(death)


def test_a_killed_worker_a_new_one_and_a_trial_that_kills(cluster: Dask, local: list[str], tmp_path: Path) -> None:
    """Files go through a storage: what a worker sees of the search's folder is nothing."""
    directory = tmp_path / "search"
    with losing(cluster, 2, 1) as lost:
        table = lines(search(directory, lambda: on(cluster, directory, storage=f"file://{tmp_path}/store"), META))
    assert table == local
    assert len(lost) == 1
    with StoreView(directory) as view:
        jobs = view.jobs()
        assert len(view.epochs()) == 7 * 4, "epochs told twice, or not at all"
    failed = next(j.result for j in jobs if j.spec.trial == 3)
    assert failed is not None
    assert failed.error.startswith("its worker died 3 times, the last time: the worker of job 3 killed by SIGABRT")
    assert (
        max(len(list(p.glob("attempt-*/died.json"))) for p in (directory / "jobs").glob("*") if p.name != "000003") == 1
    )
    assert [p.name for p in (tmp_path / "store").rglob("*") if p.is_file()] == ["token"], "left in the storage"


def test_a_trial_that_loses_its_worker_again_and_again(cluster: Dask, local: list[str], tmp_path: Path) -> None:
    """The rung has a process of its own: that its worker goes is not its doing, four times at the same place or not."""
    directory = tmp_path / "search"
    with losing(cluster, 2, 4) as lost:
        table = lines(search(directory, lambda: on(cluster, directory), META))
    assert len(lost) == 4
    assert len(list((directory / "jobs" / "000002").glob("attempt-*/died.json"))) == 4
    assert table == local


def test_stop_and_resume(cluster: Dask, local: list[str], tmp_path: Path) -> None:
    """Stopped rungs leave a checkpoint; the search goes on elsewhere."""
    drivers = list[Driver]()
    stop = Heard(2, lambda _: drivers[0].stop())  # trial 1 waits, so that trial 0 has ended
    with held(cluster, 1), pytest.raises(Stopped):
        search(tmp_path, lambda: on(cluster, tmp_path), META, stop, drivers.append)
    assert 0 < len(list(tmp_path.rglob("result.json"))) < 8
    assert lines(search(tmp_path, lambda: LocalExecutor(2, directory=tmp_path, runner=SLOW), META)) == local


DRIVER = """
import sys
from pathlib import Path
from clusters import search
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors import dask  # noqa: E402
from lstm_automl.search.executors.dask import DaskExecutor  # noqa: E402
from lstm_automl.testing.search import facts, small_space

directory, storage = Path(sys.argv[2]), sys.argv[3]
make = lambda: DaskExecutor(address=sys.argv[1], directory=directory, runner="slow_rungs:run_rung", storage=storage)
search(directory, make, facts(small_space(), limits=Limits(8, 4).to_json()))
"""


def test_a_driver_that_is_killed(cluster: Dask, local: list[str], tmp_path: Path) -> None:
    """What its rungs left in the storage afterwards is taken in by the next driver, not run again."""
    directory, storage = tmp_path / "search", f"file://{tmp_path}/store"
    command = [sys.executable, "-c", DRIVER, cluster.address, str(directory), storage]
    with held(cluster, 1) as mark, subprocess.Popen(command, env=environment()) as process:
        until(lambda: mark.exists() and list(directory.rglob("result.json")), "a result, and a rung at work")
        process.kill()
        process.wait()

    def left() -> list[Path]:
        """Where results are to be that only the storage has."""
        found = [p for p in (tmp_path / "store").rglob("outcome.json") if opened(p.read_bytes())]
        names = [p.parent.name.partition("-") for p in found if opened(p.read_bytes())["result"]]
        places = [directory / "jobs" / job / attempt / "result.json" for job, _, attempt in names]
        return [p for p in places if not p.exists()]

    until(left, "a result in the storage")
    missing = left()
    on(cluster, directory, storage=storage).close()
    assert all(p.exists() for p in missing)
    assert lines(search(directory, lambda: on(cluster, directory, storage=storage), META)) == local


def test_a_scheduler_that_dies(local: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "CONNECT_SECONDS", 5.0)
    directory, cluster = tmp_path / "search", Dask(tmp_path)
    kill = Heard(1, lambda _: cluster.scheduler.kill())
    try:
        cluster.add()
        with pytest.raises(
            StorageError, match=r"^the dask scheduler at tcp://\S+ is gone; the same command continues$"
        ):
            search(directory, lambda: on(cluster, directory), META, kill)
        with pytest.raises(UsageError, match="no dask scheduler answers there"):
            on(cluster, directory)
    finally:
        cluster.close()
    assert lines(search(directory, lambda: LocalExecutor(2, directory=directory, runner=SLOW), META)) == local


def test_workers_that_cannot_be_used(cluster: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passing, "versions", lambda: {**versions(), "tensorflow": "1.15.0"})
    with pytest.raises(UsageError, match=rf"tensorflow is {versions()['tensorflow']} there, 1.15.0 here"):
        on(cluster, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(passing, "TOKEN", "../token")  # a folder that is another one on the workers
    monkeypatch.setattr(Path, "write_text", lambda *_: 0)
    with pytest.raises(UsageError, match=r"it does not see .*: share that folder, or pass files through --storage URL"):
        on(cluster, tmp_path)


def test_a_cluster_without_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "BEGIN_SECONDS", 1.0)
    cluster = Dask(tmp_path)
    try:
        with pytest.raises(UsageError, match=r"^--executor dask: the cluster has no worker within 1 s$"):
            on(cluster, tmp_path)
    finally:
        cluster.close()


@pytest.mark.parametrize("waits", ["exception", "result"])
def test_a_result_that_went_with_its_worker_is_not_waited_for(waits: str) -> None:
    class Gone:
        """As dask's future of a task that had ended when the one worker that held its result was lost."""

        released = False

        def cancelled(self) -> bool:
            return False

        def exception(self, timeout: float | None = None) -> None:
            self._wait("exception", timeout)

        def result(self, timeout: float | None = None) -> None:
            self._wait("result", timeout)

        def release(self) -> None:
            self.released = True

        def _wait(self, call: str, timeout: float | None) -> None:
            assert timeout is not None, "it would wait for ever"
            if call == waits:
                raise TimeoutError

    cluster, future = object.__new__(dask.DaskCluster), Gone()
    cluster._futures = {"token": future}
    message = cluster._message("token", future)
    assert message == {"died": "its worker left the cluster, and took the result with it", "ours": False}
    assert future.released
    assert not cluster._futures
