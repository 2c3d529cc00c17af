"""Four workers against one: the same search, interleaved, and where the difference to four times goes.

``python benchmarks/scaling.py`` prints a row a run and the ratio of the medians; exits 1 below 3.5. Imports are done
before the clock starts; the table of every run must be the same. It needs workers that are forked from a warm parent
(Linux, no GPU): their CPU time is read as that of its children.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from lstm_automl import warm_up
from lstm_automl.estimators import flow, sessions, storing
from lstm_automl.estimators.request import Search
from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.executors import ready
from lstm_automl.search.observer import Observer
from lstm_automl.testing.search import lines

NEEDED = 3.5
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Watch(Observer):
    """When jobs began and ended, and what they took by themselves."""

    begun: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    own: float = 0.0

    def on_job_start(self, spec: RungSpec) -> None:
        self.begun.setdefault(spec.job, time.monotonic())

    def on_job_end(self, spec: RungSpec, result: RungResult) -> None:
        self.ended[spec.job] = time.monotonic()
        self.own += result.seconds

    def tail(self, workers: int, end: float) -> float:
        """Seconds of workers that had no job any more, at the end."""
        return sum(end - at for at in sorted(self.ended.values())[-workers:])


def spent(pid: int) -> float:
    """CPU seconds of a process and of its children that have ended."""
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, values[11:15])) / TICK


def run(home: Path, workers: int, given: argparse.Namespace) -> tuple[float, list[str]]:
    """Seconds of one search with imports done, and its table."""
    settings = Search(
        max_trials=given.trials, max_epochs=given.epochs, patience=None, workers=workers, oracle=given.oracle,
        scheduler=given.scheduler, concurrency=given.concurrency, cv=1, track=False,
    )  # fmt: skip
    problem, space, _ = flow.prepare("classification", given.data, settings)
    watch = Watch()
    assert ready._kept is not None
    parent = ready._kept._process.pid
    storing.create(home, problem, space, settings)
    before = spent(parent)
    with sessions.opened(home, settings, watch, time.monotonic()) as session:
        began, own = time.monotonic(), time.process_time()
        table = lines(session.driver.search())
        end, driver = time.monotonic(), time.process_time() - own
    seconds = end - began
    whole = seconds * workers
    jobs = sum(watch.ended[job] - at for job, at in watch.begun.items())
    shares = {
        "cpu of workers": spent(parent) - before,
        "in rungs": watch.own,
        "hand-over": jobs - watch.own,
        "tail": watch.tail(workers, end),
        "waiting": whole - jobs - watch.tail(workers, end),
    }
    described = "".join(f"{100 * value / whole:15.0f} %" for value in shares.values())
    print(f"{workers:7} {seconds:8.1f}{described}{1000 * driver / len(watch.ended):14.1f} ms", flush=True)
    return seconds, table


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--oracle", default="random")
    parser.add_argument("--scheduler", default="none")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    warm_up(wait=True)
    if ready._kept is None:
        parser.error("workers are fresh processes here (a GPU, or not Linux): nobody adds up their CPU time")
    head = ("cpu of workers", "in rungs", "hand-over", "tail", "waiting", "driver a rung")
    print(f"{'workers':7} {'seconds':>8}" + "".join(f"{name:>17}" for name in head))
    times: dict[int, list[float]] = {1: [], given.workers: []}
    tables = []
    with tempfile.TemporaryDirectory() as home:
        run(Path(home) / "first", given.workers, argparse.Namespace(**{**vars(given), "trials": 4}))  # imports end here
        for repeat in range(given.repeats):
            for workers, seconds in times.items():
                took, table = run(Path(home) / f"{workers}-{repeat}", workers, given)
                seconds.append(took)
                tables.append(table)
    ratio = statistics.median(times[1]) / statistics.median(times[given.workers])
    same = all(table == tables[0] for table in tables)
    print(f"{given.workers} workers against 1: {ratio:.2f} times (needed: {NEEDED})")
    print(f"tables {'equal' if same else 'DIFFER'}")
    return 0 if same and ratio >= NEEDED else 1


if __name__ == "__main__":
    sys.exit(main())
