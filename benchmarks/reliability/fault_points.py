"""Stop the driver at every point where it changes the disk, in turn, and continue it: the same table each time.

``python benchmarks/reliability/fault_points.py`` counts the calls of a whole search that make, write, sync, rename or
remove something, and SQLite's statements; then runs one search for each, ended by ``os._exit`` before or after that
call, and one that continues it. ``--every 7`` takes each seventh point only. Exits 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lstm_automl.testing.dummy import run_twice

COMMAND = (sys.executable, "-m", "lstm_automl.testing.search")

INJECTOR = """
import os, sqlite3, sys
if any("lstm_automl.testing.search" in word for word in sys.orig_argv):
    AT, AFTER, COUNT = int(os.environ["FAULT_AT"]), os.environ["FAULT_SIDE"] == "after", [0]
    def point(call):
        def called(*args, **kwargs):
            COUNT[0] += 1
            if COUNT[0] == AT and not AFTER:
                os._exit(77)
            found = call(*args, **kwargs)
            if COUNT[0] == AT and AFTER:
                os._exit(77)
            return found
        return called
    for name in ("replace", "rename", "fsync", "mkdir", "unlink", "ftruncate", "pwrite"):
        setattr(os, name, point(getattr(os, name)))
    class Connection(sqlite3.Connection):
        execute = point(sqlite3.Connection.execute)
        executemany = point(sqlite3.Connection.executemany)
        executescript = point(sqlite3.Connection.executescript)
        close = point(sqlite3.Connection.close)
    connect = sqlite3.connect
    sqlite3.connect = lambda *a, **k: connect(*a, **{"factory": Connection, **k})
    import atexit
    atexit.register(lambda: print("POINTS", COUNT[0], file=sys.stderr))
"""


def search(directory: Path, options: list[str], hooks: Path | None = None, at: int = 0, side: str = "after") -> (
    subprocess.CompletedProcess[str]
):  # fmt: skip
    """A search; with ``hooks`` it ends at that point."""
    environment = dict(os.environ)
    if hooks is not None:
        environment.update(PYTHONPATH=str(hooks), FAULT_AT=str(at), FAULT_SIDE=side)
    return subprocess.run([*COMMAND, str(directory), *options], capture_output=True, text=True, env=environment)


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--oracle", default="grid")
    parser.add_argument("--scheduler", default="asha")
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    options = ["--oracle", given.oracle, "--scheduler", given.scheduler, "--trials", str(given.trials)]
    options += ["--epochs", "15"]
    with tempfile.TemporaryDirectory() as home:
        hooks, directory = Path(home) / "hooks", Path(home) / "killed"
        hooks.mkdir()
        (hooks / "sitecustomize.py").write_text(INJECTOR)
        whole = search(Path(home) / "whole", options, hooks)
        points = int(whole.stderr.rsplit("POINTS", 1)[1])
        print(f"{points} points, {len(whole.stdout.splitlines())} trials", flush=True)
        broken = tried = 0
        for at in range(1, points + 1, given.every):
            side = ("before", "after")[at // given.every % 2]
            shutil.rmtree(directory, ignore_errors=True)
            ended = search(directory, options, hooks, at, side).returncode
            done = search(directory, options)
            again = run_twice(directory)
            tried += 1
            if done.returncode or done.stdout != whole.stdout or again or ended not in (0, 77):
                broken += 1
                print(
                    f"{side} point {at}: exit {ended}, then {done.returncode}, {again}\n{done.stderr[-400:]}",
                    flush=True,
                )
        print(f"{tried} points tried, {broken} broken promises", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
