"""TPE told the table of an earlier search, in real searches of the shipped classification space.

    python benchmarks/policies/told.py --folder told  # searches that are there already are not run again

Told, of an earlier search: ``ranks``, all its trials, each placed among the present ones by its share of worse ones;
``split``, its best and worst quarter, counted as good and bad, one fewer of each with every four present results. The
earlier search is of the next set, or of the same set with another seed (another split, initialisation and draws). The
space's own first trials stay in front, or TPE draws from the second trial on. Sets and splits are those of
``record.py``: training files alone. Judged by the best validation score when a quarter, half and all of the predicted
cost of the plain search with the same seed is spent; "drawn" is the mean score that TPE's trials have after their first
rung. A table does not depend on the machine: each search has one worker, and several run side by side.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, ClassVar

from record import SEEDS, SETS, problem_of, splits_of

from lstm_automl.data.split import Fold, Split
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.sessions import predicted, scheduler
from lstm_automl.search.contracts import Oracle, Table, TrialRow
from lstm_automl.search.driver import Driver, Limits
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.oracles import tpe
from lstm_automl.search.oracles.draws import propose_new
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.spaces.loader import load
from lstm_automl.spaces.space import Space, Value, is_active
from lstm_automl.tasks.adapting import adapt
from lstm_automl.tasks.task import Direction, Prepared
from lstm_automl.testing.search import facts

# How it is told, of what, and whether the space's own first trials stay.
ARMS = {
    "plain": ("", "", True), "ranks other": ("ranks", "other", True), "ranks own": ("ranks", "own", True),
    "split other": ("split", "other", True), "split own": ("split", "own", True),
    "ranks other at once": ("ranks", "other", False), "ranks own at once": ("ranks", "own", False),
}  # fmt: skip


class ToldOracle:
    """TPE that knows an earlier search's table."""

    name: ClassVar[str] = "told"

    def __init__(self, earlier: Table, how: str) -> None:
        self.earlier, self.how = earlier, how

    def propose(self, space: Space, seed: int, n: int, table: Table, direction: Direction) -> dict[str, Any] | None:
        """Values that the sampler expects to be good."""
        before, good = ordered(self.earlier, direction), 0
        if self.how == "split":
            valid = sorted((row for row in before if row.rungs), key=lambda row: row.rungs[0][1] or 0.0, reverse=True)
            good = max(0, len(valid) // 4 - sum(bool(row.rungs) for row in table) // 4)
            before = [*(replace(row, rungs=((2, 1.0),)) for row in valid[:good]), *valid[len(valid) - good :]]
        told = [*before, *ordered(table, direction)]
        return propose_new(space, seed, n, table, lambda derived: draw(space, derived, told, len(before), good))


def ordered(table: Table, direction: Direction) -> list[TrialRow]:
    """Rows whose only score is their place: the share of worse trials in TPE's order, equal ones in the middle."""
    sign = 1.0 if direction == "max" else -1.0
    keys = {row.number: (end, sign * score) for row in table for end, score in tpe._reached(row).items()}
    every = sorted(keys.values())

    def place(key: tuple[int, float]) -> float:
        return (fmean(i for i, other in enumerate(every) if other == key) + 0.5) / len(every)

    return [replace(r, rungs=((1, place(keys[r.number])),) if r.number in keys else (), score=None) for r in table]


def draw(space: Space, seed: int, told: Table, before: int, good: int) -> Mapping[str, Value]:
    """As the shipped oracle draws; with ``good``, so many more count as good than of the trials after ``before``."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    gamma = (lambda count: good + min(math.ceil(0.1 * (count - before)), 25)) if good else None
    sampler = optuna.samplers.TPESampler(seed=seed, gamma=gamma)
    study = optuna.create_study(sampler=sampler, direction="maximize")
    shapes, values = tpe._Told(space), dict[str, Value]()
    study.add_trials([tpe._told(space, shapes.distributions, row) for row in told])
    trial = study.ask()
    for p in space.parameters.values():
        if is_active(p, values):
            raw = trial._suggest(p.name, shapes.distributions[p.name]) if p.searched else None
            values[p.name] = tpe._decoded(p, raw) if p.searched else tpe._only(p)
    return values


def run(job: tuple[str, str, int], kept: Path, trials: int) -> None:
    """Run a search, unless it was, and keep what came of it."""
    part = kept / "{}-{}-{}.part".format(*job)
    if part.with_suffix(".json").exists():
        return
    with tempfile.TemporaryDirectory() as scratch:
        found = search(*job, kept, trials, Path(scratch))
    part.write_text(json.dumps(found, default=dict))
    part.rename(part.with_suffix(".json"))


def search(arm: str, name: str, seed: int, kept: Path, trials: int, scratch: Path) -> dict[str, Any]:
    """A search: its rows, and its rungs in order as (trial, end, score up to there, predicted seconds)."""
    how, whose, first = ARMS[arm]
    framed = problem_of(name)
    folds = tuple(Fold(train, valid) for train, valid in splits_of(name, framed, seed))
    problem = replace(framed, prepared=Prepared(framed.frame, Split(folds, framed.split.refit)))
    (scratch / "data").mkdir()
    problem.save(scratch / "data")
    space = adapt(load("classification"), problem.prepared)
    oracle: Oracle = ToldOracle(known(kept, name, seed, whose), how) if how else tpe.TPEOracle()
    settings, limits, cost = Search(track=False), Limits(trials, SETS[name].epochs), predicted(problem)
    meta = facts(space, metric=problem.metric.name, limits=limits.to_json(), folds=len(folds), seed=seed)
    store, executor = Store.open_or_create(scratch, meta), LocalExecutor(1, directory=scratch)
    with closing(store), closing(executor):
        table = Driver(
            scratch, store, executor, space=space if first else replace(space, first=()),
            oracle=oracle, scheduler=scheduler(settings, problem, space), direction=problem.metric.direction, seed=seed,
            folds=len(folds), limits=limits, concurrency=settings.concurrency, patience=settings.patience, cost=cost,
        ).search()  # fmt: skip
    spent: dict[tuple[int, int], float] = {}
    with StoreView(scratch) as view:
        for job in view.jobs():
            key, epochs = (job.spec.trial, job.spec.to_epoch), job.result.epochs if job.result is not None else ()
            spent[key] = spent.get(key, 0.0) + cost(job.spec.values, len(epochs))
    scores = {(row.number, end): score for row in table for end, score in row.rungs}
    rows = [{k: getattr(r, k) for k in ("number", "values", "status", "rungs", "score", "to_epoch")} for r in table]
    rungs = [(*key, scores.get(key), seconds) for key, seconds in spent.items()]
    return {"rows": rows, "first": len(space.starts()), "rungs": rungs}


def known(kept: Path, name: str, seed: int, whose: str) -> list[TrialRow]:
    """The table of the plain search that is told: of the next set, or of the same set with the next seed."""
    next_set, next_seed = dict(pairwise([*SETS, *SETS])), dict(pairwise([*SEEDS, *SEEDS]))
    told = f"{next_set[name]}-{seed}" if whose == "other" else f"{name}-{next_seed[seed]}"
    rows = json.loads((kept / f"plain-{told}.json").read_text())["rows"]
    return [TrialRow(**{**row, "rungs": tuple((end, score) for end, score in row["rungs"])}) for row in rows]


def figures(plain: Mapping[str, Any], found: Mapping[str, Any]) -> list[float]:
    """The best at each share of the plain search's cost, and the mean of what TPE drew, in points."""
    scores, whole = [r[2] or 0.0 for r in found["rungs"]], sum(rung[3] for rung in plain["rungs"])
    spent = [*accumulate(rung[3] for rung in found["rungs"])]
    best = [max(s for s, at in zip(scores, spent, strict=True) if at < x * whole + 1e-9) for x in (1 / 4, 1 / 2, 1)]
    drawn = [row["rungs"][0][1] or 0.0 for row in found["rows"][plain["first"] :]]
    return [100 * score for score in (*best, fmean(drawn))]


def report(kept: Path, arms: Sequence[str]) -> None:
    """Plain searches, then what the others have more, paired by seed: mean and standard error."""
    print("| |" + "".join(f" {name}, 1/4 | 1/2 | whole | drawn |" for name in SETS), "|---|" + "---|" * 12, sep="\n")
    for arm in arms:
        cells = ""
        for name in SETS:
            files = [[json.loads((kept / f"{a}-{name}-{s}.json").read_text()) for a in ("plain", arm)] for s in SEEDS]
            rows = [(figures(plain, plain), figures(plain, told)) for plain, told in files]
            for i in range(4):
                gains = [told[i] - (0 if arm == "plain" else plain[i]) for plain, told in rows]
                cells += f" {fmean(gains):.2f} ± {stdev(gains) / len(gains) ** 0.5:.2f} |"
        print(f"| {arm} |{cells}")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "lstm_automl_told")
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--arms", nargs="*", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--side-by-side", type=int, default=3)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for arm in dict.fromkeys(["plain", *given.arms]):  # the plain ones are what the others are told
        every = [(arm, name, seed) for seed in SEEDS for name in SETS]
        with ProcessPoolExecutor(given.side_by_side, get_context("spawn"), max_tasks_per_child=1) as pool:
            list(pool.map(partial(run, kept=given.folder, trials=given.trials), every))
    report(given.folder, given.arms)


if __name__ == "__main__":
    main()
