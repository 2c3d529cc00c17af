"""Learning curves of the shipped classification space, recorded once, for ``replay.py`` to try policies on.

    python benchmarks/policies/record.py --minutes 4 --workers 2

The same configurations on each set: the space's own first trials, then random ones, each trained to the end by the
real driver, without patience. Only training parts are read; what is kept are validation scores and the seconds of each
epoch. Data: the folder named by LSTM_AUTOML_DATA, or ``../shared/data``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(os.environ.get("LSTM_AUTOML_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
RECORDED = Path(tempfile.gettempdir()) / "lstm_automl_policies"
SETS = {"digits": 1, "JapaneseVowels": 2, "ItalyPowerDemand": 5}
"""Folds of each; the last has 67 sequences, for which a search takes five by itself."""


def source(name: str) -> str | Path:
    """Built-in name or training file."""
    return name if name == "digits" else next((DATA / "classification" / name).glob(f"{name}_TRAIN.ts*"))


def record(name: str, folder: Path, trials: int, max_epochs: int, minutes: float, workers: int) -> Path:
    """Train and keep; what was trained before is not trained again."""
    from lstm_automl.estimators import flow
    from lstm_automl.estimators.request import Search
    from lstm_automl.search.driver import Limits
    from lstm_automl.search.executors.local import LocalExecutor
    from lstm_automl.search.store import Store
    from lstm_automl.spaces.loader import load
    from lstm_automl.testing.search import facts, make_driver

    problem, _, _ = flow.prepare("classification", source(name), Search(cv=SETS[name], max_epochs=max_epochs))
    space, directory = load("classification"), folder / "searches" / name
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / "data").exists():
        problem.save(directory / "data")
    meta = facts(
        space,
        name=name,
        data_digest=problem.digest(),
        oracle="random",
        metric=problem.metric.name,
        folds=SETS[name],
        limits=Limits(trials, max_epochs, minutes * 60).to_json(),
    )
    with (
        closing(Store.open_or_create(directory, meta)) as store,
        closing(LocalExecutor(workers, directory=directory)) as executor,
    ):
        make_driver(directory, store, executor).search()
        jobs = [job for job in store.jobs.values() if job.result is not None and job.result.status == "completed"]
    return keep(folder / f"{name}.npz", jobs, SETS[name], max_epochs, problem.metric.name)


def keep(path: Path, jobs: list[Any], folds: int, max_epochs: int, metric: str) -> Path:
    """Write the curves of the trials of which all folds were trained to the end."""
    trials: dict[int, dict[int, Any]] = {}
    for job in jobs:
        trials.setdefault(job.spec.trial, {})[job.spec.fold] = job
    whole = [n for n in sorted(trials) if len(trials[n]) == folds]
    shape = len(whole), folds, max_epochs
    score, loss, seconds, start = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape[:2])
    for i, n in enumerate(whole):
        for fold in range(folds):
            result = trials[n][fold].result
            score[i, fold] = [e.scores[metric] for e in result.epochs]
            loss[i, fold] = [e.scores["val_loss"] for e in result.epochs]
            seconds[i, fold] = [e.seconds for e in result.epochs]
            start[i, fold] = result.seconds - seconds[i, fold].sum()
    values = [json.dumps(dict(trials[n][0].spec.values)) for n in whole]
    np.savez(path, score=score, loss=loss, seconds=seconds, start=start, number=whole, values=values)
    return path


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--trials", type=int, default=60, help="configurations at most")
    parser.add_argument("--max-epochs", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=4.0, help="for each set")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=RECORDED)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in given.sets:
        path = record(name, given.folder, given.trials, given.max_epochs, given.minutes, given.workers)
        with np.load(path) as found:
            best = found["score"].mean(axis=1).max(axis=1)
            total = found["seconds"].sum() + found["start"].sum()
            scores = f"best {best.max():.4f}, median {np.median(best):.4f}"
            print(f"{name}: {len(best)} configurations, {total:.0f} s, {scores}")


if __name__ == "__main__":
    main()
