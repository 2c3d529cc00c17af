"""Real clusters on this machine, made of processes that are ended by their ids; and searches on them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
from slow_rungs import MARKS, mark_of

from lstm_automl.search.contracts import Executor, Table
from lstm_automl.search.driver import Driver
from lstm_automl.search.executors import dask, seats
from lstm_automl.search.lock import SearchLock
from lstm_automl.search.observer import Observer
from lstm_automl.search.store import Store
from lstm_automl.testing.search import make_driver

HERE = Path(__file__).parent

# These clusters have only just been begun, on a machine that may have much else to do.
dask.CONNECT_SECONDS, seats.BEGIN_SECONDS = 60.0, 300.0


def environment(**more: str) -> dict[str, str]:
    """This checkout and what these tests share on the path of every process."""
    paths = [str(HERE.parent), str(HERE), str(HERE / "search"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}


def surroundings(place: Path) -> dict[str, str]:
    """Of workers: all they keep is in ``place``."""
    return environment(LSTM_AUTOML_CACHE=str(place / "cache"), **{MARKS: str(place)})


def until(condition: Callable[[], object], what: str, seconds: float = 300) -> None:
    """Wait until ``condition()`` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.01)


class Dask:
    """A scheduler and workers, each a process with the folder ``place`` as its own."""

    def __init__(self, place: Path) -> None:
        self.place, self.workers = place, list[subprocess.Popen[bytes]]()
        self._file = place / "scheduler.json"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        until(lambda: self._file.exists() and self._file.stat().st_size, "a scheduler")

    @property
    def address(self) -> str:
        return str(json.loads(self._file.read_text())["address"])

    def add(self, count: int = 1) -> None:
        """More workers."""
        options = ("--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", "--local-directory", str(self.place))
        self.workers += [self._start("worker", *options) for _ in range(count)]

    def wait(self) -> None:
        """Until all are there: a program of its own waits for them no longer than it waits for anybody's."""
        code = "import distributed as d, sys; d.Client(sys.argv[1]).wait_for_workers(int(sys.argv[2]), timeout=1800)"
        subprocess.run([sys.executable, "-c", code, self.address, str(len(self.workers))], check=True)

    def kill(self, trial: int) -> None:
        """SIGKILL for the worker that runs a trial."""
        process = next(p for p in self.workers if p.pid == int(mark_of(self.place, trial).read_text()))
        self.workers.remove(process)
        process.kill()
        process.wait()

    def _start(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--no-dashboard"]
        with (self.place / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, "--scheduler-file", str(self._file), *options],
                cwd=self.place, env=surroundings(self.place), stdout=log, stderr=log,
            )  # fmt: skip

    def close(self) -> None:
        """End them all."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


HEAD = """
import ray, shutil, sys
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR",
         object_store_memory=80_000_000, _temp_dir=sys.argv[1])
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
ray.shutdown()
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


@contextmanager
def ray_cluster(place: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Address of a ray of two CPUs, and the environment of whoever joins it; none of its processes outlives it."""
    own = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16), "RAY_USAGE_STATS_ENABLED": "0"}
    known = {**surroundings(place), **own}
    short = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # its sockets lie there, and their paths may have 103 letters
    with (place / "log").open("ab") as log:
        head = subprocess.Popen(
            [sys.executable, "-c", HEAD, short], cwd=place, env=known, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    assert head.stdin is not None
    assert head.stdout is not None
    try:
        address = head.stdout.readline().strip()
        assert address, (place / "log").read_text()
        yield address, known
    finally:
        started = psutil.Process(head.pid).children(recursive=True)
        head.stdin.close()  # it ends when this process does, too, however that ends
        left = psutil.wait_procs([psutil.Process(head.pid), *started], 120)[1]
        for process in left:
            process.kill()
        head.wait()
        head.stdout.close()
        shutil.rmtree(short, ignore_errors=True)
    assert not left, "processes of ray are left behind"


class Heard(Observer):
    """Calls back once, with the number of the trial, when this trial or a later one tells an epoch."""

    def __init__(self, trial: int, then: Callable[[int], object]) -> None:
        self._trial, self._then, self._called = trial, then, False

    def on_epoch(self, spec: Any, epoch: Any) -> None:
        """While it runs."""
        if spec.trial >= self._trial and not self._called:
            self._called = True
            self._then(spec.trial)


def search(
    directory: Path,
    make: Callable[[], Executor],
    meta: Mapping[str, Any],
    observer: Observer | None = None,
    on_driver: Callable[[Driver], None] = lambda driver: None,
) -> Table:
    """Run or continue a dummy search on an executor."""
    with (
        SearchLock(directory),
        closing(Store.open_or_create(directory, meta)) as store,
        closing(make()) as executor,
    ):
        driver = make_driver(directory, store, executor, observer=observer)
        on_driver(driver)
        return driver.search()
