"""What the final model should average: refits of the best trial alone, or of several finalists?

    python benchmarks/ensembles.py --seeds 0 1 --workers 4

As in ``studies.py`` a small development set is drawn from a training file (test files are never opened). The first
trials of the shipped space are ranked by 5 folds on it; refits are judged on the examples not drawn: one refit of
the best (the mean of all), three, five and more of the best (the mean of the groups that can be made), one of each of
the three best, and three chosen from those within one standard error of the best.
"""

from __future__ import annotations

import os

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1",
               "TF_CPP_MIN_LOG_LEVEL": "3"}  # fmt: skip

import argparse
import math
import multiprocessing
import statistics
from typing import Any

import numpy as np
from studies import FOLDS, SETS, problem_of

MEMBERS = 3
SIZES = (3, 5, 8)
"""Copies of the best that are averaged."""
COPIES = 16
"""Refits of the best, from which the averages are made."""


def train(problem: Any, values: dict[str, Any], examples: Any, valid: Any, seed: int, epochs: int) -> tuple[Any, Any]:
    """A trained network and its scores by epoch."""
    from lstm_automl.models.fit import fit
    from lstm_automl.models.trainer import Trainer

    state = problem.task.fit_state(problem.frame, examples, problem.options)
    trainer = Trainer(problem.task, problem.frame, state, values, seed_key=(seed,), options=problem.options,
                      max_epochs=epochs)  # fmt: skip
    result = fit(trainer, examples, valid, to_epoch=epochs, metric=problem.metric)
    return trainer, [(e.scores["accuracy"], e.scores["val_loss"]) for e in result.epochs if e.scores]


def study(job: tuple[str, int, int, int]) -> dict[str, Any]:
    """Held-out accuracies of every way to average, for one set and seed."""
    from sklearn.model_selection import StratifiedKFold, train_test_split

    from lstm_automl.search.rows import common_epoch
    from lstm_automl.spaces.loader import load
    from lstm_automl.tasks.adapting import adapt

    name, seed, trials, epochs = job
    problem = problem_of(name)
    examples = problem.split.refit
    labels = np.asarray(problem.frame.fields["y"].values)[examples]
    dev, held = train_test_split(np.arange(len(examples)), train_size=SETS[name], stratify=labels, random_state=seed)
    held = np.sort(held)
    starts = adapt(load("classification", task="classification"), problem.prepared).starts()[:trials]
    starts = [{**values, "batch_size": 8} for values in starts]
    cuts = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(dev, labels[dev]))
    found = []
    for number, values in enumerate(starts):
        curves = [train(problem, values, np.sort(examples[dev[a]]), np.sort(examples[dev[b]]), seed, epochs)[1]
                  for a, b in cuts]  # fmt: skip
        at, score, loss = common_epoch(curves, "max")
        error = statistics.stdev(c[min(at, len(c) - 1)][0] for c in curves) / math.sqrt(FOLDS)
        found.append((-score, loss, number, error))
    found.sort()
    whole, rest = np.sort(examples[dev]), np.sort(examples[held])
    made: dict[tuple[int, int], Any] = {}

    def outputs(trial: int, copy: int) -> Any:
        if (trial, copy) not in made:
            trainer, _ = train(problem, starts[trial], whole, None, 100 + copy, epochs)
            made[trial, copy] = trainer.predict(rest)
        return made[trial, copy]

    def accuracy(members: list[tuple[int, int]]) -> float:
        mean = np.mean([outputs(*m) for m in members], axis=0)
        return float((mean.argmax(1) == labels[held]).mean())

    order = [number for _, _, number, _ in found]
    near = [number for score, _, number, _ in found if score <= found[0][0] + found[0][3]][:MEMBERS]
    mixed = [(near[i % len(near)], i // len(near)) for i in range(MEMBERS)]
    copies = [(order[0], i) for i in range(COPIES)]

    def averaged(size: int) -> float:
        return statistics.fmean(accuracy(copies[i : i + size]) for i in range(0, COPIES - size + 1, size))

    return {
        "set": name,
        "one": averaged(1),
        **{f"best x{size}": averaged(size) for size in SIZES},
        "three best": accuracy([(n, 0) for n in order[:MEMBERS]]),
        "near best": accuracy(mixed),
        "near": float(len(near)),
    }


def main() -> None:
    """One row a set and seed, then the differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["digits", "JapaneseVowels", "PLAID", "ACSF1"], metavar="SET")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    jobs = [(name, seed, given.trials, given.epochs) for seed in given.seeds for name in given.sets]
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        rows = pool.map(study, jobs, chunksize=1)
    columns = [c for c in rows[0] if c != "set"]
    print("| data | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for r in rows:
        print(f"| {r['set']} | " + " | ".join(f"{r[c]:.3f}" for c in columns) + " |")
    for c in [c for c in columns if c not in ("best x3", "near")]:
        gains = [r[c] - r["best x3"] for r in rows]
        print(f"{c} minus best x3: mean {statistics.fmean(gains):+.4f}, median {statistics.median(gains):+.4f}, "
              f"{min(gains):+.3f} to {max(gains):+.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
