"""Which cell, and how many refits, on engines that run to failure: C-MAPSS FD001, the training file alone.

    python benchmarks/engine_cells.py --seeds 0 1 2 --workers 4

A fifth of the engines is laid aside, the others are five folds of whole engines, as in ``first_rungs.py``. Printed is
the rmse on held-out engines at the best epoch common to the folds: of single networks, and of averages of seeds.
"""

from __future__ import annotations

import os

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1",
               "TF_CPP_MIN_LOG_LEVEL": "3"}  # fmt: skip

import argparse
import itertools
import multiprocessing
from typing import Any

import numpy as np
from first_rungs import MAX_EPOCHS, OPTIONS, problem, trials

FOLDS = 5
KINDS = {"lstm": {}, "gru": {"cell": "gru"},
         "two layers of lstm": {"num_layers": 2, "units": 64, "learning_rate": 1.5e-3, "dropout": 0.1}}  # fmt: skip
"""What differs from the space's defaults."""


def outputs(job: tuple[str, int, int, int]) -> Any:
    """``(epochs, examples)`` predictions for the held-out engines of a fold, in cycles."""
    from lstm_automl.models.fit import fit
    from lstm_automl.models.trainer import Trainer

    (kind, number, seed, epochs), made = job, problem()
    fold = made.split.folds[number]
    state = made.task.fit_state(made.frame, fold.train, made.options)
    trainer = Trainer(made.task, made.frame, state, {**trials(1)[0], **KINDS[kind]}, seed_key=(seed,),
                      options=made.options, max_epochs=MAX_EPOCHS)  # fmt: skip
    found = []

    def score(predicted: Any) -> Any:
        found.append(made.task.decode(made.frame, fold.valid, predicted, state)["prediction"])
        return made.task.score(made.frame, fold.valid, predicted, state)

    fit(trainer, fold.train, fold.valid, to_epoch=epochs, metric=made.metric, score=score)
    return np.array(found)


def best(folds: list[Any], true: list[Any], size: int) -> tuple[float, int]:
    """The rmse at the best epoch, and the epoch, of averages of ``size`` seeds; the mean over folds and averages."""
    curves = [
        [np.sqrt(np.mean((of[list(some)].mean(axis=0) - y) ** 2, axis=-1))
         for some in itertools.combinations(range(len(of)), size)]
        for of, y in zip(folds, true, strict=True)
    ]  # fmt: skip
    mean = np.mean(curves, axis=(0, 1))
    return float(mean.min()), int(mean.argmin()) + 1


def main() -> None:
    """A line a kind and size of average."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    made = problem()
    true = [made.frame.fields["y"].values[fold.valid] for fold in made.split.folds]
    jobs = [(k, f, s, given.epochs) for k in given.kinds for f in range(FOLDS) for s in given.seeds]
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        done = dict(zip(jobs, pool.map(outputs, jobs, chunksize=1), strict=True))
    for kind in given.kinds:
        folds = [np.array([done[kind, f, s, given.epochs] for s in given.seeds]) for f in range(FOLDS)]
        for size in sorted({1, *(n for n in (2, 3, 6) if n <= len(given.seeds))}):
            rmse, epoch = best(folds, true, size)
            print(
                f"{kind:20} averages of {size}: rmse {rmse:.2f} at epoch {epoch} (cap {OPTIONS['cap']:g})", flush=True
            )


if __name__ == "__main__":
    main()
