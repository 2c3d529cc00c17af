"""Quality with the shipped spaces: published splits, several search seeds, floors and published figures beside them.

    python benchmarks/quality.py GunPoint ArrowHead --seeds 0 1 2 --time-budget 10m

Runs ``lstm-automl search`` as a user would, in a folder of its own, and prints one row a data set: the median test
score over seeds, the spread, the best floor, the published figure and the aim. Data: the folder named by
LSTM_AUTOML_DATA, or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(os.environ.get("LSTM_AUTOML_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Set:
    """One data set: how to call the search, what to read from its result, what it is compared with."""

    task: str
    metric: str
    goal: float
    published: str
    better: str = "max"
    scale: float = 1.0
    options: tuple[str, ...] = field(default=())


def _ucr(goal: float, published: str) -> Set:
    return Set("classification", "accuracy", goal, published, scale=100)


_ETT = ("--split", "8640,2880,2880", "--time", "date")
SETS = {
    "ItalyPowerDemand": _ucr(96.5, "LSTM-FCN 96.2, ROCKET 97.0"),
    "JapaneseVowels": _ucr(98.5, "LSTM-FCN 99, TWIESN 96.5"),
    "GunPoint": _ucr(98, "LSTM-FCN 100, ROCKET 100, MLP 92.8"),
    "BasicMotions": _ucr(100, "about 100"),
    "OSULeaf": _ucr(95, "LSTM-FCN 98.3, ROCKET 94.1, MLP 56.0"),
    "ArrowHead": _ucr(84, "LSTM-FCN 89.7, ROCKET 81.4, MLP 78.4"),
    "ACSF1": _ucr(92, "ResNet 91.6, ROCKET 88.6"),
    "PLAID": _ucr(94.5, "ResNet 94.0, ROCKET 90.3"),
    "Covid3Month": Set("regression", "rmse", 0.042, "mean .0447", "min"),
    "FD001": Set("regression", "rmse", 13.7, "LSTM 16.14, BiLSTM 13.65, DCNN 12.61", "min",
                 options=("--id", "engine", "--time", "cycle", "--target", "rul", "--cap", "125")),
    "ETTh1-24": Set("forecasting", "mse_scaled", 0.31, "LSTMa .650, Informer .577", "min",
                    options=(*_ETT, "--horizon", "24", "--metric", "mse_scaled")),
    "ETTh1-48": Set("forecasting", "mse_scaled", 0.35, "LSTMa .702, Informer .685", "min",
                    options=(*_ETT, "--horizon", "48", "--metric", "mse_scaled")),
    "ETTh1-168": Set("forecasting", "mse_scaled", 0.43, "LSTMa 1.212, Informer .931", "min",
                     options=(*_ETT, "--horizon", "168", "--metric", "mse_scaled")),
}  # fmt: skip


def files(name: str, scratch: Path) -> list[str]:
    """The ``--data`` and ``--test`` arguments."""
    if name.startswith("ETTh1"):
        return ["--data", str(DATA / "forecasting" / "etth1" / "ETTh1.csv.gz")]
    if name == "FD001":
        train, test = fd001(scratch)
        return ["--data", str(train), "--test", str(test)]
    room = "regression" if name == "Covid3Month" else "classification"
    found = {part: next((DATA / room / name).glob(f"{name}_{part}.ts*")) for part in ("TRAIN", "TEST")}
    return ["--data", str(found["TRAIN"]), "--test", str(found["TEST"])]


def fd001(scratch: Path) -> tuple[Path, Path]:
    """C-MAPSS FD001 as two CSV files with the remaining useful life of every row."""
    folder = DATA / "regression" / "cmapss_fd001"
    names = ["engine", "cycle", *(f"setting{i}" for i in (1, 2, 3)), *(f"sensor{i}" for i in range(1, 22))]
    left = [int(v) for v in _lines(folder / "RUL_FD001.txt.gz")]
    out = []
    for part in ("train", "test"):
        rows = [line.split() for line in _lines(folder / f"{part}_FD001.txt.gz")]
        last: dict[str, int] = {}
        for r in rows:
            last[r[0]] = int(r[1])
        path = scratch / f"FD001_{part}.csv"
        with path.open("w") as f:
            f.write(",".join([*names, "rul"]) + "\n")
            for r in rows:
                extra = left[int(r[0]) - 1] if part == "test" else 0
                f.write(",".join([*r, str(last[r[0]] - int(r[1]) + extra)]) + "\n")
        out.append(path)
    return out[0], out[1]


def _lines(path: Path) -> list[str]:
    with gzip.open(path, "rt") as f:
        return [line.strip() for line in f if line.strip()]


def search(name: str, seed: int, scratch: Path, extra: list[str]) -> dict:
    """One search; its JSON object with the wall time."""
    s = SETS[name]
    command = [sys.executable, "-m", "lstm_automl", "search", s.task, *files(name, scratch), *s.options,
               "--seed", str(seed), "--name", f"{name}-{seed}", "--json", *extra]  # fmt: skip
    started = time.monotonic()
    with (scratch / f"{name}-{seed}.log").open("w") as log:
        done = subprocess.run(command, cwd=scratch, stdout=subprocess.PIPE, stderr=log, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} seed {seed}: exit {done.returncode}\n{(scratch / f'{name}-{seed}.log').read_text()[-2000:]}")
    result = json.loads(done.stdout.splitlines()[-1])
    return {**result, "wall": time.monotonic() - started}


def row(name: str, results: list[dict]) -> str:
    """One line of the table."""
    s = SETS[name]
    scores = [r["test"][s.metric] * s.scale for r in results]
    floors = {k: v[s.metric] * s.scale for k, v in results[0]["baselines"].items() if s.metric in v}
    floor = (max if s.better == "max" else min)(floors.items(), key=lambda kv: kv[1], default=("none", float("nan")))
    median = statistics.median(scores)
    met = median >= s.goal - 1e-9 if s.better == "max" else median < s.goal
    digits = 3 if s.scale == 1 and abs(median) < 10 else 1 if s.scale == 100 else 2
    spread = " ".join(f"{v:.{digits}f}" for v in sorted(scores))
    walls = max(r["wall"] for r in results)
    trials = statistics.median(r["trials"] for r in results)
    return (f"| {name} | {s.metric} | **{median:.{digits}f}** | {spread} | {s.goal:g} {'met' if met else 'missed'} | "
            f"{floor[1]:.{digits}f} ({floor[0]}) | {s.published} | {trials:g} | {walls:.0f} s |")  # fmt: skip


def main() -> None:
    """Run the searches and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET", help=", ".join(SETS))
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--time-budget", default="10m")
    parser.add_argument("--max-trials", default="1000")
    parser.add_argument("--keep", type=Path, help="keep searches and logs in this folder")
    parser.add_argument("--extra", nargs=argparse.REMAINDER, default=[], help="more options of search")
    args = parser.parse_args()
    if not DATA.is_dir():
        sys.exit(f"skipped: no data in {DATA}; set LSTM_AUTOML_DATA")
    with tempfile.TemporaryDirectory() as temporary:
        scratch = args.keep or Path(temporary)
        scratch.mkdir(parents=True, exist_ok=True)
        print(
            "| data | metric | median | seeds | goal | best floor | published | trials | longest |\n" + "|---" * 9 + "|"
        )
        for name in args.sets:
            extra = ["--time-budget", args.time_budget, "--max-trials", args.max_trials, *args.extra]
            results = [search(name, seed, scratch, extra) for seed in args.seeds]
            print(row(name, results), flush=True)
            with (scratch / "results.jsonl").open("a") as f:
                f.writelines(json.dumps({"set": name, **r}) + "\n" for r in results)


if __name__ == "__main__":
    main()
