"""How soon trials of a large set can be told apart: ranks after the first epochs against ranks after a quarter of all.

    python benchmarks/first_rungs.py --trials 17 --workers 4

C-MAPSS FD001, the training file alone: a fifth of its engines is laid aside, the others are cut into five folds, of
which three are run. Trials are the regression space's own first ones, then random ones, without early stopping. Printed
are a line a trial (best so far of the mean over folds) and Spearman's correlation of the trials' ranks with the last.
"""

from __future__ import annotations

import os

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1",
               "TF_CPP_MIN_LOG_LEVEL": "3"}  # fmt: skip

import argparse
import multiprocessing
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from quality import SETS, fd001
from scipy.stats import spearmanr

EPOCHS, MAX_EPOCHS, FOLDS = 12, 50, 3
OPTIONS = {"id": "engine", "time": "cycle", "target": "rul", "cap": 125.0}


@lru_cache
def problem() -> Any:
    """The framed training file."""
    from lstm_automl.estimators.preparing import make_problem, task_of

    with tempfile.TemporaryDirectory() as folder:
        return make_problem(task_of(SETS["FD001"].task), OPTIONS, fd001(Path(folder))[0], folds=5)


def trials(count: int) -> list[dict[str, Any]]:
    """The space's first trials, then random ones."""
    from lstm_automl.search.oracles.random import RandomOracle
    from lstm_automl.spaces.loader import load
    from lstm_automl.tasks.adapting import adapt

    space, oracle = adapt(load("regression", task="regression"), problem().prepared), RandomOracle()
    drawn = (oracle.propose(space, 7, n, (), "min") for n in range(len(space.starts()) + count))
    found: list[dict[str, Any]] = space.starts()
    found += [values for values in drawn if values is not None and values not in found]
    return found[:count]


def scores(job: tuple[dict[str, Any], int]) -> list[float]:
    """The score of each epoch on one fold."""
    from lstm_automl.models.fit import fit
    from lstm_automl.models.trainer import Trainer

    (values, number), made = job, problem()
    fold = made.split.folds[number]
    state = made.task.fit_state(made.frame, fold.train, made.options)
    trainer = Trainer(made.task, made.frame, state, values, seed_key=(0,), options=made.options,
                      max_epochs=MAX_EPOCHS)  # fmt: skip
    result = fit(trainer, fold.train, fold.valid, to_epoch=EPOCHS, metric=made.metric)
    return [e.scores[made.metric.name] for e in result.epochs]


def main() -> None:
    """Print a line a trial, then the correlations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=17)
    parser.add_argument("--workers", type=int, default=4)
    given = parser.parse_args()
    values = trials(given.trials)
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        curves = np.array(pool.map(scores, [(v, f) for v in values for f in range(FOLDS)], chunksize=1))
    mean = curves.reshape(len(values), FOLDS, EPOCHS).mean(axis=1)
    so_far = np.minimum.accumulate(mean, axis=1)
    for number, best in enumerate(so_far):
        print(f"trial {number:2}: {' '.join(f'{v:6.2f}' for v in best)}  best at epoch {mean[number].argmin() + 1}")
    for epoch in range(EPOCHS - 1):
        print(f"after {epoch + 1:2} epochs: Spearman {spearmanr(so_far[:, epoch], so_far[:, -1])[0]:.3f}")


if __name__ == "__main__":
    main()
