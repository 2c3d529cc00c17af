"""Whether a time budget is kept: the whole command, from a new process to its end, at several budgets.

    python benchmarks/budget.py --budgets 20 40 90

``plain`` searches the digits, ``framing`` a made-up table whose reading and framing take seconds by themselves,
``long`` made-up sequences so long that an epoch takes seconds, ``folds`` a small set in five folds, ``regression`` and
``forecasting`` the demonstration data of their tasks; each in an empty folder, tracked and registered as by default.
The promise: no more than 1.05 times the budget and ten seconds. Exit code 1 when one of them took longer, or ended with
neither a model nor the message that there was no time for one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

STEPS, LONG, CHANNELS = 100, 2000, 8
NO_TRIAL = 3
CASES = ("plain", "framing", "long", "folds", "regression", "forecasting")


def main() -> None:
    """Print a row a search; exit 1 when one is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--budgets", type=float, nargs="+", default=[20.0, 40.0, 90.0])
    parser.add_argument("--cases", nargs="+", default=CASES, choices=CASES)
    parser.add_argument("--rows", type=int, default=2_000_000, help="Of the made-up table of framing.")
    parser.add_argument("--oracle", default="tpe")
    given = parser.parse_args()
    broken = False
    print(f"{'case':11} {'budget':>7} {'took':>8} {'allowed':>8} {'trials':>7} {'score':>7}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for case in given.cases:
            words = [*words_of(case, Path(folder), given.rows), "--oracle", given.oracle]
            for budget in given.budgets:
                broken |= not kept(case, words, budget)
    raise SystemExit(broken)


def words_of(case: str, folder: Path, rows: int) -> list[str]:
    """Task and data of a case, as they are typed; what is made up for it is written into ``folder``."""
    if case == "plain":
        return ["classification", "--data", "digits"]
    if case == "framing":
        return ["classification", "--data", str(made_up(folder, rows)), "--id", "run", "--target", "label"]
    if case == "long":
        return ["classification", "--data", str(made_long(folder))]
    if case == "folds":
        return ["classification", "--data", "demo", "--cv", "5"]
    return [case, "--data", "demo"]


def kept(case: str, words: list[str], budget: float) -> bool:
    """Search once, print the row, and tell whether the promise was kept."""
    took, code, found = search(words, budget)
    allowed = 1.05 * budget + 10
    wrong = took > allowed or code not in (0, NO_TRIAL)
    score = f"{found['best']['score']:7.3f}" if found else f"{'none':>7}"
    print(
        f"{case:11} {budget:6.0f}s {took:7.1f}s {allowed:7.1f}s {found.get('trials', 0):7} {score}"
        f"{'  BROKEN' if wrong else ''}{f'  exit code {code}' if code else ''}",
        flush=True,
    )
    return not wrong


def made_up(folder: Path, rows: int) -> Path:
    """A long table of so many rows: four classes that differ in their mean."""
    rng, runs = np.random.default_rng(0), rows // STEPS
    run, classes = np.repeat(np.arange(runs), STEPS), rng.integers(4, size=runs)
    values = rng.normal(size=(len(run), CHANNELS)) + 0.3 * classes[run][:, None]
    table = pd.DataFrame(values.round(3), columns=[f"x{i}" for i in range(CHANNELS)])
    table.insert(0, "run", run)
    table["label"] = np.array(list("abcd"))[classes[run]]
    table.to_csv(folder / "made_up.csv", index=False)
    return folder / "made_up.csv"


def made_long(folder: Path, examples: int = 600) -> Path:
    """Sequences of 2,000 steps: two classes that differ in their mean."""
    rng = np.random.default_rng(0)
    label = np.arange(examples) % 2
    values = rng.normal(size=(examples, LONG, CHANNELS)) + 0.1 * label[:, None, None]
    np.savez(folder / "long.npz", X=values.astype("float32"), y=label)
    return folder / "long.npz"


def search(words: list[str], budget: float) -> tuple[float, int, dict[str, Any]]:
    """Seconds from the command's call to its end, its exit code, and what it found."""
    command = [sys.executable, "-m", "lstm_automl", "search", *words, "--json",
               "--max-trials", "100000", "--time-budget", f"{budget:g}s"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        took = time.monotonic() - began
    if done.returncode:
        sys.stderr.write(done.stderr[-2000:])
        return took, done.returncode, {}
    return took, 0, json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
