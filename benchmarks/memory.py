"""Memory, disk, processes and open files over 300 short trials through the real driver.

``python benchmarks/memory.py`` prints a row every 50 trials and exits 1 when the driver grows by 0.1 MB a trial or
more, a worker of the second half holds more than any of the first, none was replaced, a trial of the second half takes
more disk than one of the first, or a process, a zombie or an open file is left. Workers are replaced when they have
gained little (``--gain``), so that it happens often. ``--track`` does it all with MLflow beside.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from lstm_automl.estimators import flow, sessions, storing
from lstm_automl.estimators.request import Search
from lstm_automl.search.contracts import TrialRow
from lstm_automl.search.executors import memory
from lstm_automl.search.observer import Observer

GROWTH = 0.1
MB = 1 << 20
WORKER = 1.1
"""Times what the largest worker of the first half held: what those of the second may."""
MOMENTARY = 2
"""Open files that come and go: a journal, the socket of a worker that is being replaced."""
BURIED = 1.0
"""Seconds in which a worker that has ended may be a zombie."""
OURS = "lstm_automl.search.executors.warm"


class Sampler(threading.Thread):
    """Looks at the workers and their parent, and for zombies at every process under this one."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = self.workers = self.zombies = 0
        self.pids: set[int] = set()
        self._over = threading.Event()

    def run(self) -> None:
        since: dict[int, float] = {}
        while not self._over.wait(0.1):
            dead = set[int]()
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    if process.status() == psutil.STATUS_ZOMBIE:
                        dead.add(process.pid)
                    if OURS not in process.cmdline():
                        continue
                    seen = memory.look(process.pid)
                    self.peak = max(self.peak, 0 if seen is None else seen.held)
                    self.pids.add(process.pid)
            since = {pid: since.get(pid, time.monotonic()) for pid in dead}
            self.zombies = sum(time.monotonic() - seen > BURIED for seen in since.values())

    def stop(self) -> None:
        """And wait for it."""
        self._over.set()
        self.join()


class Rows(Observer):
    """A row of the table every so many trials."""

    def __init__(self, directory: Path, sampler: Sampler, every: int) -> None:
        self.directory, self.sampler, self.every = directory, sampler, every
        self.ended: set[int] = set()
        self.rows: list[tuple[float, ...]] = []
        self.began = time.monotonic()

    def on_trial(self, row: TrialRow) -> None:
        before = len(self.ended)
        self.ended.add(row.number)
        if len(self.ended) > before and (before + 1) % self.every == 0:
            self.note()

    def note(self) -> None:
        """Measure and print."""
        disk = sum(p.stat().st_size for p in self.directory.rglob("*") if p.is_file()) / MB
        files = len(list(Path("/proc/self/fd").iterdir()))
        peak, self.sampler.peak = self.sampler.peak / MB, 0
        found = (len(self.ended), memory.held() / MB, peak, len(self.sampler.pids), disk, files, self.sampler.zombies)
        self.rows.append(found)
        seconds = time.monotonic() - self.began
        print("{:6} {:9.1f} {:12.0f} {:10} {:9.1f} {:6} {:8}".format(*found), f"{seconds:8.0f}", flush=True)


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--oracle", default="random")
    parser.add_argument("--scheduler", default="none")
    parser.add_argument("--gain", type=int, default=100, help="MB after which a worker is replaced")
    parser.add_argument("--track", action="store_true")
    given = parser.parse_args()
    memory.LEAST = memory.MOST = given.gain * MB
    held = {"units": 8, "num_layers": 1, "batch_size": 64, "recurrent_dropout": 0.0}
    settings = Search(
        max_trials=given.trials, max_epochs=given.epochs, workers=given.workers, oracle=given.oracle,
        scheduler=given.scheduler, cv=1, track=given.track, set=held,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as home:
        settings = settings.model_copy(update={"tracking_uri": f"sqlite:///{home}/mlflow.db"})
        directory, sampler = Path(home) / "search", Sampler()
        problem, space, _ = flow.prepare("classification", given.data, settings)
        storing.create(directory, problem, space, settings)
        rows = Rows(directory, sampler, max(1, given.trials // 6))
        print("trials driver MB  worker peak  processes  disk MB  files  zombies  seconds")
        sampler.start()
        with sessions.opened(directory, settings, rows, time.monotonic()) as session:
            session.driver.search()
        sampler.stop()
        left = len(psutil.Process().children(recursive=True))
    return 0 if kept(rows.rows, given.workers, left) else 1


def kept(rows: list[tuple[float, ...]], workers: int, left: int) -> bool:
    """Print and judge."""
    first, half, last = rows[0], rows[len(rows) // 2 - 1], rows[-1]
    growth = 1000 * (last[1] - first[1]) / (last[0] - first[0])
    halves = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    early, late = (max(row[2] for row in half) for half in halves)
    files = int(max(row[5] for row in halves[1]) - max(row[5] for row in halves[0]))
    replaced = last[3] - 1 - workers  # but for their parent
    a_trial = [1000 * (b[4] - a[4]) / (b[0] - a[0]) for a, b in ((first, half), (half, last))]
    print(f"driver: {growth:.0f} kB a trial (limit {1000 * GROWTH:.0f})")
    print(f"worst worker: {early:.0f} MB in the first half, {late:.0f} in the second (limit {WORKER * early:.0f})")
    print(f"replaced: {replaced:.0f} workers")
    print(f"disk: {a_trial[0]:.0f} kB a trial in the first half, {a_trial[1]:.0f} in the second")
    print(f"left over: {left} processes, {files:+} open files (limit {MOMENTARY}), {last[6]:.0f} zombies")
    return (
        growth < 1000 * GROWTH and late <= WORKER * early and replaced > 0 and a_trial[1] < 1.5 * a_trial[0] + 5
        and left == 0 and files <= MOMENTARY and last[6] == 0
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
