"""Learning curves of the shipped classification space, recorded once, for ``replay.py`` to try policies on.

    python benchmarks/policies/record.py --minutes 60 --folder curves  # 25 minutes of one free core

The same configurations on each of three sets: the space's own first trials, then random ones, each trained to the end,
without patience, three times: a seed is another split and another initialisation. One configuration after the other on
all sets and seeds, so that a recording may be ended at any time, and the same command goes on with it. Only training
parts are read. Kept are validation scores, and the processor seconds of each epoch. Data: the folder named by
LSTM_AUTOML_DATA, or ``../shared/data``.
"""

from __future__ import annotations

import os

os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1",
               "TF_CPP_MIN_LOG_LEVEL": "3"}  # fmt: skip

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(os.environ.get("LSTM_AUTOML_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
RECORDED = Path(tempfile.gettempdir()) / "lstm_automl_curves"
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Plan:
    """How a set is recorded.

    Args:
        epochs: Of a whole trial.
        train: Share of the examples that train; the others validate.
        folds: Times that such a split is drawn.
        steps: Optimiser steps of an epoch, at the default batch size: a quarter of the epochs is 420, 400 and 400.
        shape: Training examples, usual length, channels: what costs are predicted from.
    """

    epochs: int
    train: float
    folds: int
    steps: int
    shape: tuple[int, int, int]


SETS = {
    "digits": Plan(50, 0.38, 1, 35, (546, 8, 8)),
    "JapaneseVowels": Plan(100, 0.3, 1, 16, (81, 16, 12)),
    "ItalyPowerDemand": Plan(100, 0.4, 2, 16, (27, 24, 1)),
}


def problem_of(name: str) -> Any:
    """The framed training file."""
    from lstm_automl.estimators.preparing import make_problem, task_of

    source = name if name == "digits" else next((DATA / "classification" / name).glob(f"{name}_TRAIN.ts*"))
    return make_problem(task_of("classification"), {}, source, folds=1)


def splits_of(name: str, problem: Any, seed: int) -> Any:
    """(train, valid) of each fold. Where one file holds everything, without its test part."""
    from lstm_automl.tasks.allotting import allot

    plan, labels = SETS[name], np.asarray(problem.frame.fields["y"].values)
    examples = problem.split.refit if name == "digits" else np.arange(len(labels))
    for fold in range(plan.folds):
        rng = np.random.default_rng([seed, fold])
        part = allot(labels[examples], np.arange(len(examples)), [plan.train, 1 - plan.train + 1e-9], rng)
        yield np.sort(examples[part == 0]), np.sort(examples[part == 1])


def configurations(count: int) -> list[dict[str, Any]]:
    """Values that fit all three sets: the first trials of a search, then random ones."""
    from lstm_automl.search.contracts import TrialRow
    from lstm_automl.search.oracles.random import RandomOracle
    from lstm_automl.spaces.loader import load
    from lstm_automl.tasks.adapting import adapt

    space = adapt(load("classification"), problem_of("ItalyPowerDemand").prepared)
    rows: list[TrialRow] = []
    for n in range(count):
        values = RandomOracle().propose(space, 0, n, rows, "max")
        assert values is not None
        rows.append(TrialRow(n, values, "completed"))
    return [dict(row.values) for row in rows]


def curve(name: str, problem: Any, values: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Arrays of (fold, epoch), and processor seconds before the first epoch of each fold."""
    from lstm_automl.models.fit import fit
    from lstm_automl.models.trainer import Trainer

    found: dict[str, list[Any]] = {"score": [], "loss": [], "seconds": [], "start": []}
    for fold, (train, valid) in enumerate(splits_of(name, problem, seed)):
        ends = [time.process_time()]
        state = problem.task.fit_state(problem.frame, train, problem.options)
        trainer = Trainer(problem.task, problem.frame, state, values, seed_key=(seed, fold),
                          options=problem.options, max_epochs=SETS[name].epochs)  # fmt: skip
        epochs = fit(trainer, train, valid, to_epoch=SETS[name].epochs, metric=problem.metric,
                     on_epoch=lambda _, at=ends: at.append(time.process_time())).epochs  # fmt: skip
        took = np.diff(ends)
        usual = float(np.median(took))  # the first epoch traces the graph: that is the start's, not the epoch's
        found["start"].append(max(0.0, took[0] - usual))
        found["seconds"].append([min(took[0], usual), *took[1:]])
        found["score"].append([e.scores["accuracy"] for e in epochs])
        found["loss"].append([e.scores["val_loss"] for e in epochs])
    return {key: np.asarray(value) for key, value in found.items()}


def record(names: Sequence[str], folder: Path, first: int, count: int, minutes: float) -> None:
    """Train what has not been trained before; a file for each set, seed and configuration."""
    deadline = time.monotonic() + 60 * minutes
    problems = {name: problem_of(name) for name in names}
    for n, values in [*enumerate(configurations(count))][first:]:
        for name in names:
            compiled = 0.0
            for seed in SEEDS:
                path = folder / f"{name}-{seed}-{n}.npz"
                if path.exists():
                    continue
                if time.monotonic() > deadline:
                    return
                found = curve(name, problems[name], values, seed)
                # One process compiles a network once, for the first seed; each search would have to.
                compiled = found["start"][0] = max(compiled, found["start"][0])
                part = path.with_suffix(".part.npz")
                np.savez(part, values=json.dumps(values), **found)
                part.rename(path)
                print(f"{name} {seed} {n}: {found['seconds'].sum() + found['start'].sum():.1f} s, "
                      f"{found['score'].mean(axis=0).max():.4f}", flush=True)  # fmt: skip


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET")
    parser.add_argument("--configurations", type=int, default=16, help="at most")
    parser.add_argument(
        "--first", type=int, default=0, help="number of the first one: parts may be recorded side by side"
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="of wall time, for all")
    parser.add_argument("--folder", type=Path, default=RECORDED)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    record(given.sets, given.folder, given.first, given.configurations, given.minutes)


if __name__ == "__main__":
    main()
