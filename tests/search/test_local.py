"""Worker processes: replaced, stopped, broken, and never in the way of the driver."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.errors import LstmAutomlError, StorageError
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, WorkerDied
from lstm_automl.search.executors import presence, wire
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.testing.executor import RUNNER, rung


def ignore(epoch: Epoch) -> None:
    """Nobody listens."""


@contextmanager
def local(directory: Path, runner: str = RUNNER, workers: int = 1, **more: Any) -> Iterator[LocalExecutor]:
    with closing(LocalExecutor(workers, directory=directory, runner=runner, **more)) as executor:
        yield executor


def report_pid(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A runner that says which process it runs in, and with how many threads."""
    return RungResult(spec.job, spec.trial, "completed", score=float(os.getpid()), error=os.environ["OMP_NUM_THREADS"])


HOARD: list[bytearray] = []


def hoard(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A runner that keeps 8 MiB of each rung."""
    HOARD.append(bytearray(b"x" * (8 << 20)))
    return report_pid(spec, on_epoch)


def leave(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A runner that ends its process."""
    os._exit(3)


def no_space(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A runner on a full disk."""
    raise StorageError("disk full")


def mistaken(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A runner with a bug."""
    raise KeyError("no such thing")


@pytest.mark.parametrize(
    ("runner", "more", "processes"),
    [("report_pid", {"max_rungs": 2}, 2), ("hoard", {"max_memory": 12 << 20}, 2), ("hoard", {}, 1)],
)
def test_workers_are_replaced(runner: str, more: dict[str, int], processes: int, tmp_path: Path) -> None:
    with local(tmp_path, f"{__name__}:{runner}", **more) as executor:
        results = [executor.submit(rung(tmp_path, job), ignore).result(300) for job in range(4)]
    pids = [r.score for r in results]
    assert len(set(pids)) == processes
    assert os.getpid() not in pids
    assert {r.error for r in results} == {"1"}, "more than one thread a process"


@pytest.mark.parametrize("mode", ["fork", "spawn"])
def test_a_death_says_how(tmp_path: Path, mode: str) -> None:
    with local(tmp_path, f"{__name__}:leave", mode=mode) as executor:
        death = executor.submit(rung(tmp_path, 7), ignore).exception(300)
    assert isinstance(death, WorkerDied)
    assert not death.ours
    assert str(death) == "the worker of job 7 left with exit code 3"


def test_a_full_disk_comes_back_as_such(tmp_path: Path) -> None:
    with local(tmp_path, f"{__name__}:no_space") as executor:
        assert isinstance(executor.submit(rung(tmp_path, 0), ignore).exception(300), StorageError)


def test_a_bug_comes_back_with_its_traceback(tmp_path: Path) -> None:
    with local(tmp_path, f"{__name__}:mistaken") as executor:
        error = executor.submit(rung(tmp_path, 0), ignore).exception(300)
    assert isinstance(error, LstmAutomlError)
    assert "in mistaken" in str(error)


def test_workers_that_cannot_start_are_an_error_not_a_wait(tmp_path: Path) -> None:
    with local(tmp_path, "no_such_module:run") as executor:
        error = executor.submit(rung(tmp_path, 0), ignore).exception(300)
    assert isinstance(error, LstmAutomlError)
    assert str(tmp_path / "workers.log") in str(error)
    assert "no_such_module" in (tmp_path / "workers.log").read_text()


def test_a_rung_asked_to_stop_leaves_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "dummy.json").write_text('{"sleep": 0.02}')
    begun = threading.Event()
    with local(tmp_path) as executor:
        future = executor.submit(rung(tmp_path, 0, to_epoch=100_000), lambda epoch: begun.set())
        waiting = executor.submit(rung(tmp_path, 1), ignore)
        executor.stop(1)
        death = waiting.exception(300)
        assert begun.wait(300)
        executor.stop(0)
        result = future.result(300)
    assert isinstance(death, WorkerDied)
    assert death.ours
    assert result.status == "stopped"
    assert 0 < len(result.epochs) < 100_000
    assert result.checkpoint is not None


def test_a_worker_does_not_begin_for_a_dead_driver(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    wire.send(ours, {"op": "run", "spec": rung(tmp_path, 0).to_json(), "runner": RUNNER})
    ours.close()  # the request is still there to be read
    command = [sys.executable, "-m", "lstm_automl.search.executors.warm", "spawn", str(theirs.fileno()), RUNNER]
    with theirs:
        subprocess.run(command, pass_fds=[theirs.fileno()], check=True, timeout=1800)
    assert not (tmp_path / "runs").exists()


def test_a_new_executor_waits_for_the_workers_of_a_dead_driver(tmp_path: Path) -> None:
    hold = "import sys, time; from pathlib import Path; from lstm_automl.search.executors.presence import hold\n"
    hold += "hold(Path(sys.argv[1])); print('here', flush=True); time.sleep(3600)"
    command = [sys.executable, "-c", hold, str(tmp_path / presence.FILE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as orphan:
        assert orphan.stdout is not None
        orphan.stdout.readline()
        assert not presence.wait_for_others(tmp_path / presence.FILE, 0.1)
        orphan.kill()
        orphan.wait()
        assert presence.wait_for_others(tmp_path / presence.FILE, 300)
    with local(tmp_path) as executor:
        assert executor.submit(rung(tmp_path, 0), ignore).result(300).status == "completed"
        assert not presence.wait_for_others(tmp_path / presence.FILE, 0.1), "workers are not present"


def test_nothing_is_left_after_close(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from tests.search.test_local import use\n"
    code += "counts = [use(Path(sys.argv[1])) for _ in range(4)]; assert counts[0] == counts[-1], counts\n"
    code += (
        "try: os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError: pass\nelse: raise SystemExit('a zombie is left')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=Path(__file__).parents[2])


def use(directory: Path) -> int:
    """Run some rungs and close; the number of open files then."""
    with local(directory, workers=3) as executor:
        futures = [executor.submit(rung(directory, 100 + i, to_epoch=2), ignore) for i in range(3)]
        assert all(f.result(300).status == "completed" for f in futures)
    executor._crew.join(300)
    return len(os.listdir("/proc/self/fd"))
