"""What lag and rungs cost TPE: made-up objectives over the shipped classification space, many of them.

    python benchmarks/policies/proposals.py --problems 20
    python benchmarks/policies/proposals.py --first 20 --problems 50 --lags 8  # other objectives
    python benchmarks/policies/proposals.py --problems 40 --lags 8 --trials 1000 --epochs 1000  # at equal compute

An objective is a sum of one random effect a parameter (a few strong, most weak), plus noise; a learning curve rises
towards it, slowly for small learning rates, and noise shrinks with the epochs. Regret: of the trial that ranks first at
the end, against the best of 5,000 random draws, in hundredths of the range from the median draw to that best; mean and
standard error over problems, and of the difference between TPE told all rungs and scores alone.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

from lstm_automl.search.contracts import NewTrial, Table, TrialRow
from lstm_automl.search.oracles.draws import derived_seed
from lstm_automl.search.oracles.tpe import TPEOracle
from lstm_automl.search.rows import rank
from lstm_automl.search.schedulers.asha import AshaScheduler
from lstm_automl.search.schedulers.none import NoScheduler
from lstm_automl.search.table import LiveTable
from lstm_automl.spaces.loader import load
from lstm_automl.spaces.space import Space, is_active

EPOCHS = 50
Values = Mapping[str, Any]


class Problem:
    """One made-up objective."""

    def __init__(self, space: Space, seed: int) -> None:
        self.space, self.seed = space, seed
        rng = random.Random(seed)
        self.weight = {n: rng.paretovariate(1.2) for n in space.parameters}
        self.place = {n: rng.random() for n in space.parameters}
        self.choice = {(n, str(v)): rng.random() for n, p in space.parameters.items() for v in p.grid()}
        scores = sorted(self.score(draw(space, rng)) for _ in range(5000))
        self.middle, self.best = scores[len(scores) // 2], scores[-1]

    def score(self, values: Values) -> float:
        """At full length, without noise."""
        return sum(self.weight[n] * self._effect(n, v) for n, v in values.items())

    def at(self, values: Values, trial: int, epoch: int) -> float:
        """After that many epochs."""
        scale = self.best - self.middle
        rise = 4 + 8 * (1 - self._share("learning_rate", values["learning_rate"]))
        noise = random.Random(f"{self.seed} {trial} {epoch}").gauss(0, 0.05 + 0.2 / epoch)
        return self.score(values) - scale * (2 * math.exp(-epoch / rise) - noise)

    def regret(self, values: Values) -> float:
        """In hundredths of the range from the median draw to the best."""
        return 100 * (self.best - self.score(values)) / (self.best - self.middle)

    def _effect(self, name: str, value: Any) -> float:
        p = self.space.parameters[name]
        if p.kind in ("int", "float"):
            return -abs(self._share(name, value) - self.place[name])
        return self.choice[name, str(value)]

    def _share(self, name: str, value: float) -> float:
        p = self.space.parameters[name]
        low, high = p.min_value or 0.0, p.max_value or 1.0
        if p.sampling == "log":
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / max(high - low, 1e-9)


def draw(space: Space, rng: random.Random) -> dict[str, Any]:
    """Uniform on a grid."""
    values: dict[str, Any] = {}
    for p in space.parameters.values():
        if is_active(p, values):
            values[p.name] = rng.choice(p.grid())
    return values


def as_told(table: Table) -> Table:
    """As the oracle sees it."""
    return table


def by_score_alone(table: Table) -> Table:
    """As if every trial had come equally far."""
    rows = [replace(r, rungs=((EPOCHS, r.rungs[-1][1]),)) if r.rungs else r for r in table]
    return tuple(rows)


def search(
    problem: Problem,
    scheduler: Any,
    lag: int,
    trials: int,
    seed: int,
    see: Callable[[Table], Table],
    epochs: float = math.inf,
) -> tuple[float, list[float]]:
    """Regret of one search of so many trials and epochs at most, and the seconds of its proposals."""
    table, under_way, seconds = LiveTable(), deque[int](), list[float]()
    oracle = TPEOracle()
    while True:
        decision = scheduler.next(table, len(table), trials, EPOCHS) if epochs > 0 else None
        if isinstance(decision, NewTrial):
            epochs -= decision.to_epoch
        elif decision is not None:
            epochs -= decision.to_epoch - table[decision.number].to_epoch
        if decision is None and not under_way:
            break
        if isinstance(decision, NewTrial):
            began = time.process_time()
            values = oracle.propose(problem.space, seed, len(table), see(table), "max")
            seconds.append(time.process_time() - began)
            table.put(TrialRow(len(table), values or {}, "running", to_epoch=decision.to_epoch))
            under_way.append(len(table) - 1)
        elif decision is not None:
            table.put(replace(table[decision.number], status="running", score=None, to_epoch=decision.to_epoch))
            under_way.append(decision.number)
        if under_way and (decision is None or len(under_way) >= lag):
            row = table[under_way.popleft()]
            score = problem.at(row.values, row.number, row.to_epoch)
            rungs = (*row.rungs, (row.to_epoch, score))
            table.put(replace(row, status="completed", score=max(s for _, s in rungs if s is not None), rungs=rungs))
    return problem.regret(rank(table, "max")[0].values), seconds


def spread(found: list[float]) -> str:
    """Mean and standard error."""
    error = stdev(found) / math.sqrt(len(found)) if len(found) > 1 else math.nan
    return f"{fmean(found):.1f} ± {error:.1f}"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=20, help="how many objectives")
    parser.add_argument("--first", type=int, default=0, help="number of the first objective; its searches' seed too")
    parser.add_argument("--lags", type=int, nargs="+", default=[1, 4, 8, 16], help="jobs decided ahead")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=float, default=math.inf, help="of all trials together, about")
    given = parser.parse_args()
    space = replace(load("classification"), first=())
    numbers = range(given.first, given.first + given.problems)
    problems = [Problem(space, derived_seed(n)) for n in numbers]
    regrets: dict[tuple[str, Any, int], list[float]] = {}
    print("| scheduler | TPE told | lag | regret |\n|---|---|---:|---:|")
    for make, see in ((NoScheduler, as_told), (AshaScheduler, as_told), (AshaScheduler, by_score_alone)):
        for lag in given.lags:
            found = [
                search(p, make(), lag, given.trials, n, see, given.epochs)[0]
                for n, p in zip(numbers, problems, strict=True)
            ]
            regrets[make.name, see, lag] = found
            told = "all rungs" if see is as_told else "scores alone"
            print(f"| {make.name} | {told} | {lag} | {spread(found)} |", flush=True)
    for lag in given.lags:
        for other in (("none", as_told), ("asha", by_score_alone)):
            both = zip(regrets["asha", as_told, lag], regrets[*other, lag], strict=True)
            what = "none" if other[0] == "none" else "asha told scores alone"
            print(f"\nlag {lag}, asha told all rungs less {what}: {spread([a - b for a, b in both])}")
    seconds = search(problems[0], NoScheduler(), 8, 210, 0, as_told)[1]
    last = [1000 * s for s in seconds[-10:]]
    print(f"\nA proposal at 200 trials: {fmean(last):.0f} ms of CPU, worst {max(last):.0f}.")


if __name__ == "__main__":
    main()
