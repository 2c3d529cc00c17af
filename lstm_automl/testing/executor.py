"""What every executor must do. ``check_executor(make, folder)`` raises AssertionError where one does not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from lstm_automl.search.contracts import Epoch, Executor, RungResult, RungSpec, WorkerDied
from lstm_automl.search.results import read_result

RUNNER = "lstm_automl.testing.dummy:run_rung"


def check_executor(make: Callable[[], Executor], directory: Path) -> None:
    """Run dummy rungs on an executor.

    Args:
        make: Makes the executor; its rungs are run by ``RUNNER``.
        directory: An empty folder.
    """
    executor = make()
    try:
        assert executor.capacity >= 1, "it can run nothing"
        assert executor.name, "it has no name"
        check_results(executor, directory)
        check_kill(executor, directory)
    finally:
        started = time.monotonic()
        executor.close()
        took = time.monotonic() - started
    assert took < 60, f"closing took {took:.1f} s"


def rung(directory: Path, job: int, *, to_epoch: int = 3, trial: int | None = None) -> RungSpec:
    """A rung of the dummy objective, in its own folder."""
    folder = directory / "jobs" / f"{job:06d}" / "attempt-1"
    folder.mkdir(parents=True, exist_ok=True)
    number = job if trial is None else trial
    values = {"units": 16 + job, "dropout": 0.25, "cell": "lstm", "ema": True}
    return RungSpec(job, number, "search", 0, 0, values, 0, str(directory), str(folder), 0, to_epoch, to_epoch)


def check_results(executor: Executor, directory: Path) -> None:
    """More rungs than workers: each gives its own result, its epochs, and its file."""
    epochs: dict[int, list[Epoch]] = {}
    futures: dict[int, Future[RungResult]] = {}
    for job in range(2 * executor.capacity + 1):
        epochs[job] = []
        futures[job] = executor.submit(rung(directory, job), epochs[job].append)
    for job, future in futures.items():
        result = future.result(timeout=60)
        assert (result.job, result.status) == (job, "completed"), result
        assert tuple(epochs[job]) == result.epochs, f"epochs of job {job} were lost or out of order"
        assert read_result(directory / "jobs" / f"{job:06d}" / "attempt-1") == result, "no result.json"


def check_kill(executor: Executor, directory: Path) -> None:
    """A killed job says so, and the executor goes on."""
    habits = directory / "dummy.json"
    habits.write_text(json.dumps({"sleep": 0.2}))
    began: list[Epoch] = []
    future = executor.submit(rung(directory, 900, to_epoch=100), began.append)
    until = time.monotonic() + 300
    while not began and not future.done() and time.monotonic() < until:
        time.sleep(0.01)
    executor.kill(900)
    executor.kill(901)  # of a job that is not there: nothing
    death = future.exception(timeout=60)
    assert isinstance(death, WorkerDied), f"not WorkerDied but {death!r}"
    assert death.ours, "our own kill would count against the trial"
    habits.unlink()
    result = executor.submit(rung(directory, 902), lambda epoch: None).result(timeout=60)
    assert result.status == "completed", result
