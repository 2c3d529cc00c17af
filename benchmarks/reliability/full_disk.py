"""A really full disk: searches on tmpfs mounts of many sizes end with exit code 5, and continue once there is room.

``python benchmarks/reliability/full_disk.py`` needs the right to mount. Exits 1 when a promise is broken, 3 when
nothing can be mounted.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from lstm_automl.testing.dummy import run_twice

COMMAND = (sys.executable, "-m", "lstm_automl.testing.search")


def search(directory: Path, options: list[str]) -> subprocess.CompletedProcess[str]:
    """A dummy search."""
    return subprocess.run([*COMMAND, str(directory), *options], capture_output=True, text=True)


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--oracle", default="grid")
    parser.add_argument("--scheduler", default="asha")
    given = parser.parse_args()
    options = ["--oracle", given.oracle, "--scheduler", given.scheduler, "--trials", "12", "--epochs", "15"]
    rng, full, broken = random.Random(0), 0, 0
    with tempfile.TemporaryDirectory() as home:
        whole = search(Path(home) / "whole", options).stdout
        place = Path(home) / "small"
        place.mkdir()
        for turn in range(given.times):
            size = rng.randrange(60, 1500)
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place)], check=False)
            if mounted.returncode:
                print("tmpfs cannot be mounted here")
                return 3
            try:
                first = search(place / "s", options)
                full += first.returncode == 5
                subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
                done = search(place / "s", options)
                again = run_twice(place / "s")
            finally:
                subprocess.run(["umount", "-l", str(place)], check=True)
            if first.returncode not in (0, 5) or done.returncode or done.stdout != whole or again:
                broken += 1
                print(f"{turn}: {size} KB, exit {first.returncode} then {done.returncode}, {again}", flush=True)
                print(first.stderr[-300:] + done.stderr[-300:], flush=True)
    print(f"{given.times} mounts, {full} of them became full, {broken} broken promises")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
