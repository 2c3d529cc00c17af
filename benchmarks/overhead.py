"""What the driver costs: CPU of its process a rung, seconds a proposal, and how long workers wait for it.

``python benchmarks/overhead.py`` prints a line for each oracle and scheduler. Driver, store and worker processes are
real, the rungs are dummies that sleep. A worker waits from the end of its rung to the start of its next one, while
there are trials to begin.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

from lstm_automl import plugins
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.search.reading import same
from lstm_automl.search.store import Store
from lstm_automl.testing.search import RUNNER, facts, make_driver, small_space

WARM = 20


class Timed:
    """An executor that notes when a worker becomes free and when it is given work again."""

    name = "timed"

    def __init__(self, inner: LocalExecutor) -> None:
        self._inner, self.capacity, self._free = inner, inner.capacity, list[float]()
        self.waits: list[float] = []

    def submit(self, spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> Future[RungResult]:
        """Start a rung."""
        if self._free:
            self.waits.append(time.monotonic() - self._free.pop(0))
        future = self._inner.submit(spec, on_epoch)
        future.add_done_callback(lambda _: self._free.append(time.monotonic()))
        return future

    def stop(self, job: int) -> None:
        """Ask a rung to stop."""
        self._inner.stop(job)

    def kill(self, job: int) -> None:
        """End a rung."""
        self._inner.kill(job)


class AskTimes:
    """An oracle with a clock: CPU seconds of each proposal, of its own thread."""

    def __init__(self, inner: Any) -> None:
        self._inner, self.name, self.seconds = inner, inner.name, list[float]()

    def propose(self, *arguments: Any) -> Any:
        """Values of the next trial."""
        began = time.thread_time()
        try:
            return self._inner.propose(*arguments)
        finally:
            self.seconds.append(time.thread_time() - began)


class Rungs(Observer):
    """How many there were, and the CPU used when the first were done: imports are paid once, not by each rung."""

    count, cpu, asked = 0, 0.0, 0

    def __init__(self, oracle: AskTimes) -> None:
        self._oracle = oracle

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        """One more."""
        self.count += 1
        if self.count == WARM:
            self.cpu, self.asked = time.process_time(), len(self._oracle.seconds)


def measure(oracle: str, scheduler: str, given: argparse.Namespace) -> str:
    """One line of the table."""
    limits = Limits(given.trials, 15).to_json()
    meta = facts(small_space(), oracle=oracle, scheduler=scheduler, concurrency=8, limits=limits)
    with tempfile.TemporaryDirectory() as home:
        directory = Path(home)
        (directory / "dummy.json").write_text(f'{{"sleep": {given.sleep}}}')
        store = Store.open_or_create(directory, meta)
        with closing(store), closing(LocalExecutor(given.workers, directory=directory, runner=RUNNER)) as executor:
            asked = AskTimes(plugins.load("oracle", oracle)())
            timed, rungs = Timed(executor), Rungs(asked)
            driver = make_driver(directory, store, timed, observer=rungs, cost=same)  # type: ignore[arg-type]
            driver._decider._oracle = asked
            began = time.monotonic()
            driver.search()
            used, seconds = time.process_time() - rungs.cpu, time.monotonic() - began
    own = 1000 * (used - sum(asked.seconds[rungs.asked :])) / (rungs.count - WARM)
    late = asked.seconds[max(10, given.trials - 20) : given.trials] or asked.seconds
    waits = sorted(timed.waits[given.workers :])
    return (
        f"| {oracle} | {scheduler} | {rungs.count} | {own:.2f} | {1000 * statistics.median(late):.1f} | "
        f"{1000 * statistics.median(waits):.1f} | {1000 * waits[int(0.95 * len(waits))]:.1f} | "
        f"{100 * sum(waits) / (given.workers * seconds):.2f} |"
    )


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oracles", nargs="+", default=["random", "tpe"])
    parser.add_argument("--schedulers", nargs="+", default=["none", "asha"])
    parser.add_argument("--trials", type=int, default=220)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--sleep", type=float, default=0.1, help="seconds an epoch")
    given = parser.parse_args()
    print("| oracle | scheduler | rungs | driver CPU ms/rung | last proposals CPU ms | worker waits ms, median | 95 % "
          "| share of worker time % |\n|---|---|---|---|---|---|---|---|", flush=True)  # fmt: skip
    for oracle in given.oracles:
        for scheduler in given.schedulers:
            print(measure(oracle, scheduler, given), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
