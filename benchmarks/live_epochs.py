"""How soon MLflow shows an epoch: a real search beside a reader of MLflow's database.

    python benchmarks/live_epochs.py

Prints the delay between the end of an epoch (the store's time, which is the metric's timestamp) and the moment at
which the metric could first be read. The promise is 5 s.
"""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUERY = "select run_uuid, key, step, timestamp from metrics where key like 'accuracy%' or key = 'loss'"
COMMAND = [sys.executable, "-m", "lstm_automl", "search", "classification", "--data", "digits",
           "--max-trials", "8", "--max-epochs", "8", "--seed", "0"]  # fmt: skip


def main() -> None:
    """Run one search and print the delays."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "mlflow.db"
        search = subprocess.Popen(COMMAND, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seen: dict[tuple[str, str, int, int], float] = {}
        while search.poll() is None:
            time.sleep(0.1)
            if database.exists():
                for row in read(database):
                    seen.setdefault(row, time.time() - row[3] / 1000)
        if search.returncode:
            sys.exit(f"the search ended with exit code {search.returncode}")
    delays = sorted(seen.values())
    share = sum(d <= 5 for d in delays) / len(delays)
    middle = statistics.median(delays)
    print(f"{len(delays)} points: median {middle:.2f} s, most {delays[-1]:.2f} s, {share:.1%} within 5 s")


def read(database: Path) -> list[tuple[str, str, int, int]]:
    """The points there are; none while the database is being made."""
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=1) as connection:
            return list(connection.execute(QUERY))
    except sqlite3.Error:
        return []


if __name__ == "__main__":
    main()
