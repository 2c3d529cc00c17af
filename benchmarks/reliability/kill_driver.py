"""Kill the driver with SIGKILL at random moments and continue it: nothing lost, nothing run twice, the same table.

``python benchmarks/reliability/kill_driver.py --kills 1000`` prints one line for each oracle with each scheduler and
exits 1 when a promise is broken. The objective is the dummy one; worker processes, store and signals are real.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lstm_automl import plugins
from lstm_automl.testing.dummy import run_twice

COMMAND = (sys.executable, "-m", "lstm_automl.testing.search")


@dataclass
class Count:
    """What happened to the searches of one pair."""

    searches: int = 0
    kills: int = 0
    run_twice: int = 0
    unresumable: int = 0
    different: int = 0

    @property
    def kept(self) -> bool:
        """No promise was broken."""
        return not (self.run_twice or self.unresumable or self.different)


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="kills in total over all pairs")
    parser.add_argument("--oracles", nargs="+", default=plugins.names("oracle"))
    parser.add_argument("--schedulers", nargs="+", default=plugins.names("scheduler"))
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    kept = True
    pairs = [(oracle, scheduler) for oracle in given.oracles for scheduler in given.schedulers]
    for oracle, scheduler in pairs:
        rng = random.Random(f"{oracle}-{scheduler}-{given.seed}")
        options = ["--oracle", oracle, "--scheduler", scheduler, "--trials", str(given.trials)]
        options += ["--folds", str(given.folds), "--epochs", str(given.epochs)]
        count = kill_searches(options, -(-given.kills // len(pairs)), rng)
        kept &= count.kept
        print(f"{oracle}, {scheduler}: {count}", flush=True)
    return 0 if kept else 1


def kill_searches(options: list[str], kills: int, rng: random.Random) -> Count:
    """Searches killed once or many times each, until ``kills`` is reached."""
    count = Count()
    with tempfile.TemporaryDirectory() as home:
        began = time.monotonic()
        whole = subprocess.run([*COMMAND, f"{home}/whole", *options], check=True, capture_output=True, text=True).stdout
        seconds = time.monotonic() - began
        while count.kills < kills:
            directory = Path(home) / "killed"
            for _ in range(rng.choice((1, 1, 3, 8))):
                count.kills += kill_once([*COMMAND, str(directory), *options], rng.random() * seconds)
            done = subprocess.run([*COMMAND, str(directory), *options], capture_output=True, text=True)
            count.searches += 1
            count.unresumable += done.returncode != 0
            count.different += done.stdout != whole
            count.run_twice += len(run_twice(directory))
            if done.returncode or done.stdout != whole:
                pairs = zip(whole.splitlines(), done.stdout.splitlines(), strict=False)
                first = next((f"{a}\n{b}" for a, b in pairs if a != b), "")
                print(
                    f"search {count.searches}: exit {done.returncode}\n{done.stderr[-500:]}{first}",
                    flush=True,
                )
            shutil.rmtree(directory)
    return count


def kill_once(command: list[str], after: float) -> int:
    """Start a search and kill it; 1 when it was still running."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(after)
        running = process.poll() is None
        process.kill()
    return int(running)


if __name__ == "__main__":
    sys.exit(main())
