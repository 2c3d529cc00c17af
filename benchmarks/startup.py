"""Start-up times: the median of several runs of light commands, and their limits. ``python benchmarks/startup.py``"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMITS = {
    "--help": 0.3,
    "--version": 0.3,
    "tasks list": 0.8,
    "tasks show classification": 0.8,
    "spaces list": 0.8,
    "spaces show classification": 0.8,
    "spaces check classification": 0.8,
    "spaces schema": 0.8,
    "search classification --help": 0.8,
}
RUNS = 7


def main() -> None:
    """Print a row a command; exit 1 when one is over its limit."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    late = False
    print(f"{'command':32} {'median':>7} {'limit':>6}")
    for args, limit in LIMITS.items():
        times = []
        for _ in range(RUNS):
            started = time.perf_counter()
            command = [sys.executable, "-m", "lstm_automl", *args.split()]
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - started)
        median = statistics.median(times)
        late |= median > limit
        print(f"{args:32} {median:6.2f}s {limit:5.1f}s{'  OVER' if median > limit else ''}")
    raise SystemExit(late)


if __name__ == "__main__":
    main()
