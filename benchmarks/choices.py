"""By what a small set's trials should be ranked: accuracy, loss, or loss among those that are nearly equal?

    python benchmarks/choices.py --seeds 0 1 2 --workers 4

Small development sets are drawn from training files (test files are never opened): trials of the shipped space run on
5 folds, then a refit of each is judged on the examples not drawn. Each rule picks one trial by the folds alone; a row
holds the held-out accuracy of its pick, below the best pick possible, in points. *nearly equal*: within so many
standard errors of the best accuracy, over the examples.
"""

from __future__ import annotations

import os

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1",
               "TF_CPP_MIN_LOG_LEVEL": "3"}  # fmt: skip

import argparse
import json
import math
import multiprocessing
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ensembles import train
from studies import FOLDS, problem_of

EACH = {"digits": 6, "JapaneseVowels": 10, "OSULeaf": 12, "PLAID": 8}
"""Training file -> examples drawn of each class."""
CLASSES = {"OSULeaf": 3}
REFITS, EPOCHS = 3, 50


def development(labels: Any, name: str, seed: int) -> tuple[Any, Any]:
    """Positions drawn, and those of the same classes that are left."""
    rng = np.random.default_rng(seed)
    classes = np.unique(labels)
    classes = rng.choice(classes, CLASSES.get(name, len(classes)), replace=False)
    each = [np.flatnonzero(labels == c) for c in classes]
    dev = np.concatenate([rng.choice(of, min(EACH[name], len(of) - 1), replace=False) for of in each])
    return np.sort(dev), np.setdiff1d(np.concatenate(each), dev)


def study(job: tuple[str, int, int]) -> dict[str, Any] | None:
    """What the folds say of one trial, and how good it is; None where the space has not so many for this data."""
    from sklearn.model_selection import StratifiedKFold

    from lstm_automl.search.rows import common_epoch
    from lstm_automl.spaces.loader import load
    from lstm_automl.tasks.adapting import adapt

    name, seed, trial = job
    problem = problem_of(name)
    examples = problem.split.refit
    labels = np.asarray(problem.frame.fields["y"].values)[examples]
    dev, held = development(labels, name, seed)
    starts = adapt(load("classification", task="classification"), problem.prepared).starts()
    if trial >= len(starts):
        return None
    values = {**starts[trial], "batch_size": 8}
    curves = [train(problem, values, examples[dev[a]], examples[dev[b]], seed, EPOCHS)[1]
              for a, b in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(dev, labels[dev])]  # fmt: skip
    epoch, score, loss = common_epoch(curves, "max")
    whole = max(epoch + 1, EPOCHS // 2)
    refits = [train(problem, values, examples[dev], None, 100 + i, whole)[0] for i in range(REFITS)]
    outputs = np.mean([r.predict(examples[held]) for r in refits], axis=0)
    good = float((outputs.argmax(1) == labels[held]).mean())
    return {"set": name, "draw": seed, "trial": trial, "score": score, "loss": loss, "n": len(dev), "held": good,
            "least loss": min(statistics.fmean(c[e][1] for c in curves) for e in range(EPOCHS))}  # fmt: skip


Rule = Callable[[Sequence[dict[str, Any]]], dict[str, Any]]


def _near(errors: float, by: str) -> Rule:
    def rule(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        best = max(r["score"] for r in rows)
        error = math.sqrt(max(best * (1 - best), 1 / rows[0]["n"]) / rows[0]["n"])
        return min((r for r in rows if r["score"] >= best - errors * error - 1e-9), key=lambda r: r[by])

    return rule


RULES: dict[str, Rule] = {
    "accuracy, then loss": lambda rows: max(rows, key=lambda r: (r["score"], -r["loss"])),
    "loss": lambda rows: min(rows, key=lambda r: r["loss"]),
    "least loss": lambda rows: min(rows, key=lambda r: r["least loss"]),
    "loss within half an error": _near(0.5, "loss"),
    "loss within one error": _near(1.0, "loss"),
    "loss within two errors": _near(2.0, "loss"),
}


def report(rows: Sequence[dict[str, Any]]) -> None:
    """The table: points lost by each rule."""
    sets = list(dict.fromkeys(r["set"] for r in rows))
    print("| rule | " + " | ".join(sets) + " | all, mean | worst |\n|" + "---|" * (len(sets) + 3))
    for title, rule in RULES.items():
        lost: dict[str, list[float]] = {s: [] for s in sets}
        for name, draw in dict.fromkeys((r["set"], r["draw"]) for r in rows):
            of = [r for r in rows if (r["set"], r["draw"]) == (name, draw)]
            lost[name].append(100 * (max(r["held"] for r in of) - rule(of)["held"]))
        every = [v for s in sets for v in lost[s]]
        means = " | ".join(f"{statistics.fmean(lost[s]):.2f}" for s in sets)
        print(f"| {title} | {means} | {statistics.fmean(every):.2f} | {max(every):.1f} |")


def main() -> None:
    """Run the trials and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["digits", "JapaneseVowels", "OSULeaf"], metavar="SET")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--trials", type=int, default=9, help="of the space's first list")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rows", type=Path, default=Path("choices.jsonl"), help="what was measured; read again")
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.rows.open()] if given.rows.exists() else []
    done = {(r["set"], r["draw"], r["trial"]) for r in rows}
    jobs = [(s, seed, t) for seed in given.seeds for s in given.sets for t in range(given.trials)]
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool, given.rows.open("a") as out:
        for row in pool.imap_unordered(study, [j for j in jobs if j not in done]):
            if row is None:
                continue
            rows.append(row)
            out.write(json.dumps(row) + "\n")
            out.flush()
    report(rows)


if __name__ == "__main__":
    main()
