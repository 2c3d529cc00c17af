"""Why trials are scored, stopped and refitted as they are: each rule against its alternative, on training data alone.

    python benchmarks/studies.py --seeds 0 1 2 --workers 4

A small development set is drawn from a training file (test files are never opened), searched for as a user's small set
would be (5 folds, the shipped space's first trials), and every rule is judged on the examples that were not drawn:

* score of a trial: mean of each fold's best epoch, or best epoch common to all folds: how far from the held-out score?
* patience under a falling rate: from the first epoch, or from the middle of the schedule: score of the folds reached.
* refit of a falling rate: stop in the middle of the long schedule, run a schedule of the best epoch whole, or over at
  least half of the epochs: held-out score of the model.
* difference channels: with or without: held-out score.
"""

from __future__ import annotations

import os

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1",
               "TF_CPP_MIN_LOG_LEVEL": "3"}  # fmt: skip

import argparse
import multiprocessing
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(os.environ.get("LSTM_AUTOML_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SETS = {"digits": 60, "JapaneseVowels": 90, "PLAID": 100, "ACSF1": 50}
"""Training file -> examples drawn for development."""
MAX_EPOCHS, PATIENCE, FOLDS = 50, 10, 5


def problem_of(name: str) -> Any:
    """The framed training file."""
    from lstm_automl.estimators.preparing import make_problem, task_of

    source = name if name == "digits" else next((DATA / "classification" / name).glob(f"{name}_TRAIN.ts*"))
    return make_problem(task_of("classification"), {}, source, folds=1)


def run(problem: Any, values: dict[str, Any], train: Any, valid: Any, seed: int, to_epoch: int, max_epochs: int) -> Any:
    """Scores of every epoch on ``valid`` as (accuracy, loss)."""
    from lstm_automl.models.fit import fit
    from lstm_automl.models.trainer import Trainer

    state = problem.task.fit_state(problem.frame, train, problem.options)
    trainer = Trainer(problem.task, problem.frame, state, values, seed_key=(seed,), options=problem.options,
                      max_epochs=max_epochs)  # fmt: skip
    result = fit(trainer, train, valid, to_epoch=to_epoch, metric=problem.metric)
    return [(e.scores["accuracy"], e.scores["val_loss"]) for e in result.epochs]


def stopped(curve: Sequence[tuple[float, float]], since: int) -> int:
    """The last epoch that patience, counted from ``since`` on, lets a fold run."""
    best = 0
    for epoch, (score, loss) in enumerate(curve):
        if (score, -loss) > (curve[best][0], -curve[best][1]):
            best = epoch
        if epoch - max(best, since) >= PATIENCE:
            return epoch
    return len(curve) - 1


def study(job: tuple[str, int, int]) -> dict[str, Any]:
    """All questions for one set, seed and trial of the space's first list."""
    from sklearn.model_selection import StratifiedKFold, train_test_split

    from lstm_automl.search.rows import common_epoch
    from lstm_automl.spaces.loader import load
    from lstm_automl.tasks.adapting import adapt

    name, seed, trial = job
    problem = problem_of(name)
    examples = problem.split.refit
    labels = np.asarray(problem.frame.fields["y"].values)[examples]
    dev, held = train_test_split(np.arange(len(examples)), train_size=SETS[name], stratify=labels, random_state=seed)
    values = adapt(load("classification", task="classification"), problem.prepared).starts()[trial]
    values = {**values, "batch_size": 8}
    cuts = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(dev, labels[dev])
    curves = [run(problem, values, np.sort(examples[dev[a]]), np.sort(examples[dev[b]]), seed, MAX_EPOCHS, MAX_EPOCHS)
              for a, b in cuts]  # fmt: skip
    common, score, _ = common_epoch(curves, "max")
    own = statistics.fmean(max(c)[0] for c in curves)
    train, rest = np.sort(examples[dev]), np.sort(examples[held])

    def final(values: dict[str, Any], to_epoch: int, max_epochs: int) -> float:
        return float(run(problem, values, train, rest, seed, to_epoch, max_epochs)[-1][0])

    whole = final(values, max(common + 1, MAX_EPOCHS // 2), max(common + 1, MAX_EPOCHS // 2))
    early, middle = ([c[: stopped(c, since) + 1] for c in curves] for since in (0, MAX_EPOCHS // 2))
    return {
        "set": name, "estimate own": own, "estimate common": score, "held": whole,
        "patience early": common_epoch(early, "max")[1], "patience middle": common_epoch(middle, "max")[1],
        "epochs early": statistics.fmean(map(len, early)), "epochs middle": statistics.fmean(map(len, middle)),
        "refit middle": final(values, common + 1, MAX_EPOCHS), "refit short": final(values, common + 1, common + 1),
        "refit half": whole,
        "plain": final({**values, "difference": False}, max(common + 1, MAX_EPOCHS // 2),
                       max(common + 1, MAX_EPOCHS // 2)),
    }  # fmt: skip


def main() -> None:
    """One row a set, medians over seeds and trials, then the differences with their spread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--trials", type=int, nargs="+", default=[0, 2], help="positions in the space's first list")
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    jobs = [(name, seed, trial) for name in given.sets for seed in given.seeds for trial in given.trials]
    context = multiprocessing.get_context("spawn")
    with context.Pool(given.workers) as pool:
        rows = pool.map(study, jobs, chunksize=1)
    columns = [c for c in rows[0] if c != "set"]
    print("| data | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for name in given.sets:
        of = [r for r in rows if r["set"] == name]
        print(f"| {name} | " + " | ".join(f"{statistics.fmean(r[c] for r in of):.3f}" for c in columns) + " |")
    print()
    for question, a, b in (("estimate minus held-out score, own best epochs", "estimate own", "held"),
                           ("estimate minus held-out score, common epoch", "estimate common", "held"),
                           ("patience from the middle minus from the start", "patience middle", "patience early"),
                           ("refit half minus middle of the long schedule", "refit half", "refit middle"),
                           ("refit half minus a whole short schedule", "refit half", "refit short"),
                           ("with differences minus without", "refit half", "plain")):  # fmt: skip
        found = sorted(r[a] - r[b] for r in rows)
        low, high = found[len(found) // 4], found[-1 - len(found) // 4]
        mean = statistics.fmean(found)
        print(f"{question}: mean {mean:+.3f}, median {statistics.median(found):+.3f}, quartiles {low:+.3f} {high:+.3f}")


if __name__ == "__main__":
    main()
