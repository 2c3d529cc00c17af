"""A thousand workers and a hundred thousand rungs through the real driver and store.

``python benchmarks/cluster_simulation.py`` prints one table. Nothing is trained: a thread plays the workers, whose
rungs last a drawn time and come back with made-up scores, as from a pool (the future holds the result; nothing but the
driver writes to the disk). Driver, scheduler, oracle, store, folders and commits are the real ones. Half of the run is
done, then the driver is stopped as by Ctrl-C, opened again and run to its end.
"""

from __future__ import annotations

import argparse
import gc
import heapq
import itertools
import math
import random
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from lstm_automl import plugins
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, WorkerDied
from lstm_automl.search.driver import Limits, Stopped
from lstm_automl.search.observer import Observer
from lstm_automl.search.reading import same
from lstm_automl.search.sqlite import FILE
from lstm_automl.search.store import Store
from lstm_automl.testing.dummy import score
from lstm_automl.testing.search import facts, make_driver, small_space

WINDOW = 5000
"""Rungs over which the slowest rate is looked for."""

STOPPING = 0.3
"""Seconds in which a worker that is asked to stop answers."""

Running = tuple[RungSpec, Callable[[Epoch], None], Future[RungResult]]


class SimulatedExecutor:
    """Workers that only wait: a rung lasts ``seconds`` an epoch on average, drawn log-normally.

    Args:
        capacity: Workers.
        seconds: Median time of an epoch.
        seed: Of the times.
    """

    name = "simulated"

    def __init__(self, capacity: int, seconds: float, seed: int = 0) -> None:
        self.capacity, self._seconds, self._rng = capacity, seconds, random.Random(seed)
        self._due: list[tuple[float, int, int, bool]] = []
        self._running: dict[int, Running] = {}
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self.cpu = self.busy = 0.0
        self._thread = threading.Thread(target=self._work, name="simulated workers", daemon=True)
        self._thread.start()

    def submit(self, spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> Future[RungResult]:
        """Start a rung."""
        future: Future[RungResult] = Future()
        future.set_running_or_notify_cancel()
        lasts = (spec.to_epoch - spec.from_epoch) * self._seconds * self._rng.lognormvariate(0.0, 0.6)
        with self._changed:
            self.busy += lasts
            self._running[spec.job] = spec, on_epoch, future
            self._end_in(lasts, spec.job, stopped=False)
        return future

    def stop(self, job: int) -> None:
        """Ask a rung to end as ``stopped``; one that is done before that ends as it would have."""
        with self._changed:
            self._end_in(STOPPING, job, stopped=True)

    def kill(self, job: int) -> None:
        """End a rung without a result."""
        with self._changed:
            found = self._running.pop(job, None)
        if found is not None:
            found[2].set_exception(WorkerDied(f"job {job} was stopped", ours=True))

    def close(self) -> None:
        """End all workers."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(5.0)

    def _end_in(self, seconds: float, job: int, *, stopped: bool) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._count), job, stopped))
        if self._due[0][2] == job:
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._due or self._due[0][0] > time.monotonic()):
                    self._changed.wait(max(0.0, self._due[0][0] - time.monotonic()) if self._due else None)
                if self._closed:
                    return
                _, _, job, stopped = heapq.heappop(self._due)
                found = self._running.pop(job, None)
            if found is not None and stopped:
                found[2].set_result(RungResult(found[0].job, found[0].trial, "stopped"))
            elif found is not None:
                finish(*found)
            self.cpu = time.thread_time()


def finish(spec: RungSpec, on_epoch: Callable[[Epoch], None], future: Future[RungResult]) -> None:
    """All epochs of a rung and its result."""
    epochs = [score(spec, e) for e in range(spec.to_epoch)]
    best = max(epochs, key=lambda e: (e.scores["score"], -e.epoch))
    for epoch in epochs[spec.from_epoch :]:
        on_epoch(epoch)
    future.set_result(
        RungResult(
            spec.job, spec.trial, "completed", tuple(epochs[spec.from_epoch :]), best.epoch,
            best.scores["score"], best.scores["val_loss"],
        )
    )  # fmt: skip


class Count(Observer):
    """Counts rungs; stops the driver at one of them."""

    def __init__(self, stop_at: int) -> None:
        self.rungs, self.epochs, self._stop_at, self._driver = 0, 0, stop_at, None
        self.stopped = 0.0
        self.passed = [time.monotonic()]

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        """One more, unless it was stopped."""
        if result.status == "stopped":
            return
        self.rungs += 1
        self.epochs += len(result.epochs)
        if self.rungs % WINDOW == 0:
            self.passed.append(time.monotonic())
        if self.rungs == self._stop_at:
            self.stopped = time.monotonic()
            self._driver.stop()


def phase(directory: Path, meta: dict, given: argparse.Namespace, stop_at: int) -> dict[str, float]:
    """Run or continue the search; what it took."""
    gc.collect()  # a search that is continued is another process
    began = time.monotonic()
    store = Store.open_or_create(directory, meta)
    executor = SimulatedExecutor(given.workers, given.seconds)
    with closing(store), closing(executor):
        count = Count(stop_at)
        driver = count._driver = make_driver(directory, store, executor, observer=count, cost=same)
        opened, cpu = time.monotonic(), time.process_time()
        try:
            table = driver.search()
        except Stopped:
            table = driver.table()
        seconds, ended = time.monotonic() - opened, time.monotonic()
        used = time.process_time() - cpu - executor.cpu
    stopping = ended - count.stopped if count.stopped else 0.0
    slowest = max((b - a for a, b in itertools.pairwise(count.passed)), default=math.nan)
    return {
        "open s": opened - began, "seconds": seconds - stopping, "rungs": count.rungs, "epochs": count.epochs,
        "rungs/s": count.rungs / (seconds - stopping),
        "slowest 5000/s": WINDOW / slowest, "workers busy %": 100 * executor.busy / given.workers / seconds,
        "driver CPU ms/rung": 1000 * used / count.rungs,
        "stop s": stopping, "trials": len(table),
        "RSS MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--rungs", type=int, default=100_000, help="about so many in total")
    parser.add_argument("--concurrency", type=int, default=4000, help="rungs decided ahead")
    parser.add_argument("--max-epochs", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.1, help="median of an epoch")
    parser.add_argument("--oracle", default="random")
    parser.add_argument("--scheduler", default="asha")
    parser.add_argument("--home", type=Path, help="where the search directory goes; a temporary folder")
    given = parser.parse_args()
    per_trial = 1 if given.scheduler == "none" else 1.249  # one in four goes on
    limits = Limits(round(given.rungs / per_trial), given.max_epochs).to_json()
    meta = facts(
        small_space(), oracle=given.oracle, scheduler=given.scheduler, concurrency=given.concurrency, limits=limits
    )
    plugins.load("oracle", given.oracle)
    with tempfile.TemporaryDirectory(dir=given.home) as home:
        directory = Path(home) / "search"
        phases = [phase(directory, meta, given, given.rungs // 2), phase(directory, meta, given, 0)]
        kept = report(phases, (directory / FILE).stat().st_size)
    return 0 if kept else 1


def report(phases: list[dict[str, float]], size: int) -> bool:
    """Print what came out; whether all that is promised was kept."""
    for name in phases[0]:
        print(f"{name:>20}: " + "  ".join(f"{p[name]:12.2f}" for p in phases), flush=True)
    rungs, epochs = (sum(p[name] for p in phases) for name in ("rungs", "epochs"))
    rate = rungs / sum(p["seconds"] for p in phases)
    per_row = size / epochs
    print(f"{rungs:.0f} rungs, {epochs:.0f} epochs: {rate:.0f} rungs/s, {per_row:.0f} bytes of database an epoch")
    kept = rate >= 200 and per_row < 1024 and phases[0]["stop s"] < 5 and phases[1]["RSS MB"] < 954
    print("kept" if kept else "NOT KEPT: 200 rungs/s, 1 KB an epoch, 5 s to stop, 1 GB", flush=True)
    return kept


if __name__ == "__main__":
    sys.exit(main())
