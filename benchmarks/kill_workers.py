"""Kill, stop and starve workers while they work: every trial finishes, none is lost or run twice, none takes the blame.

``python benchmarks/kill_workers.py`` prints what was done and what came of it; exits 1 when a promise is broken. The
objective is the dummy one; processes, signals, memory and store are real.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.search.reading import same
from lstm_automl.search.store import Store
from lstm_automl.testing import dummy
from lstm_automl.testing.search import facts, lines, make_driver, small_space

EPOCHS = 8
SILENCE = 10.0
MEMORY = 200
"""MiB a rung may take; a hungry one takes ten times as much."""


def rung(spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> RungResult:
    """The dummy rung; the one that finds the file ``eat`` takes memory until it is ended."""

    def told(epoch: Epoch) -> None:
        on_epoch(epoch)
        with suppress(FileNotFoundError):
            os.unlink(Path(spec.directory) / "eat")
            taken = [time.sleep(0.02) or b"x" * (10 << 20) for _ in range(MEMORY)]
            raise AssertionError(f"nobody has ended it: {len(taken)}")

    return dummy.run_rung(spec, told)


class Voice(Observer):
    """Says that the driver is alive."""

    def on_epoch(self, spec: RungSpec, epoch: Epoch) -> None:
        print("epoch", flush=True)

    def on_message(self, text: str) -> None:
        print("said", text, flush=True)


def child(directory: Path, trials: int, workers: int) -> None:
    """One search; its table are the last lines."""
    meta = facts(small_space(), limits=Limits(trials, EPOCHS).to_json(), concurrency=8, oracle="grid")
    with ExitStack() as stack:
        store = stack.enter_context(closing(Store.open_or_create(directory, meta)))
        executor = LocalExecutor(workers, directory=directory, runner="kill_workers:rung", trial_memory=MEMORY)
        stack.enter_context(closing(executor))
        table = make_driver(directory, store, executor, observer=Voice(), cost=same).search()
    for line in lines(table):
        print("row", line, flush=True)


@dataclass
class Heard:
    """What a search said."""

    rows: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    longest: float = 0.0
    seconds: float = 0.0
    code: int = -1


def listen(process: subprocess.Popen[str], heard: Heard) -> None:
    """Until it ends."""
    assert process.stdout is not None
    began = last = time.monotonic()
    for line in process.stdout:
        now = time.monotonic()
        heard.longest, last = max(heard.longest, now - last), now
        kind, _, text = line.rstrip().partition(" ")
        {"row": heard.rows, "said": heard.messages}.get(kind, []).append(text)
    heard.code, heard.seconds = process.wait(), time.monotonic() - began


def workers_of(directory: Path) -> list[int]:
    """Live workers: they write to the search's log; the oldest is their parent."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/fd/2"):
        with suppress(OSError):
            if entry.readlink() == directory / "workers.log":
                found.append(int(entry.parts[2]))
    return sorted(found)[1:]


def harm(directory: Path, workers: int, rng: random.Random) -> str:
    """Do one bad thing to one of the workers there should be; what it was."""
    kind, place = rng.choice(("killed", "stopped", "out of memory")), rng.randrange(workers)
    pids = workers_of(directory)
    if place >= len(pids):
        return "not there"
    if kind == "out of memory":
        (directory / "eat").touch()
        return kind
    with suppress(ProcessLookupError):
        os.kill(pids[place], signal.SIGKILL if kind == "killed" else signal.SIGSTOP)
    return kind


def search(directory: Path, given: argparse.Namespace, harmful: bool) -> tuple[Heard, Counter[str]]:
    """One search, harmed or not."""
    directory.mkdir()
    (directory / "dummy.json").write_text(json.dumps({"sleep": given.seconds / EPOCHS}))
    heard, done, rng = Heard(), Counter[str](), random.Random(given.seed)
    command = [sys.executable, __file__, "--child", str(directory), "--trials", str(given.trials)]
    with subprocess.Popen([*command, "--workers", str(given.workers)], stdout=subprocess.PIPE, text=True) as process:
        ear = threading.Thread(target=listen, args=(process, heard))
        ear.start()
        while ear.is_alive():
            ear.join(given.every)
            if harmful and ear.is_alive():
                done[harm(directory, given.workers, rng)] += 1
    return heard, done


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a trial")
    parser.add_argument("--every", type=float, default=2.0, help="seconds from one harm to the next")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.trials, given.workers)
        return 0
    with tempfile.TemporaryDirectory() as home:
        whole, _ = search(Path(home) / "whole", given, harmful=False)
        heard, done = search(Path(home) / "harmed", given, harmful=True)
        twice = len(dummy.run_twice(Path(home) / "harmed"))
        starts = len(list((Path(home) / "harmed" / "runs").iterdir()))
    finished = sum('"completed"' in row for row in heard.rows)
    print("workers harmed:", ", ".join(f"{n} {kind}" for kind, n in sorted(done.items())))
    print(f"{starts} attempts; {heard.seconds:.0f} s, {whole.seconds:.0f} s without harm")
    print(f"{finished} of {given.trials} trials finished, {twice} run again after they had finished")
    for row in heard.rows:
        if '"completed"' not in row:
            print(row)
            print("\n".join(m for m in heard.messages if m.startswith(f"trial {json.loads(row)['number']}:")))
    print(f"table {'equal' if heard.rows == whole.rows else 'DIFFERENT'}; longest silence {heard.longest:.1f} s")
    kept = heard.code == 0 and finished == given.trials and not twice and heard.rows == whole.rows
    return 0 if kept and heard.longest < SILENCE else 1


if __name__ == "__main__":
    sys.exit(main())
