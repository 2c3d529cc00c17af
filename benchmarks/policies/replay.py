"""Policies of a search on recorded learning curves: which find what, how soon, over many orders of the trials.

    python benchmarks/policies/record.py && python benchmarks/policies/replay.py --orders 40

A played search draws its trials from the recorded ones of one set and seed in a random order, three in four of them.
Every cell has the three seeds of the recording, each the mean over the same orders, and their median in front.

at 1/4, 1/2, end: lost at equal compute, when a quarter, half, all of the time is over that ``none`` takes for all its
trials: points of full-length score by which the trial that ranks first then is worse than the best drawn, as judged by
the other two seeds, that is by splits and initialisations that had no part in the choice.
own: the same at half of the time, by the seed's own full-length scores.
time: virtual time to the end, as a share of what ``none`` takes.
sooner: how much sooner than with ``none`` a trial ranks first that is worth the best drawn within half a point, by the
seed's own scores; median over orders, a search that never got there counting as slowest.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from itertools import product
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from compare import OWN, SHARES, Make, Order, Sets, Starts, compare, drawn, figures, lost, none, play
from play import Curves, Played, pooled, recorded
from record import RECORDED, SEEDS, SETS
from variants import Asha, MedianRule, cheap_first, hopeless

from lstm_automl.search.schedulers.asha import AshaScheduler
from lstm_automl.search.schedulers.hyperband import HyperbandScheduler

PORTFOLIO = 9
"""The space's own first trials, recorded first."""


def asha(curves: Curves) -> AshaScheduler:
    """Shipped."""
    return AshaScheduler(steps=curves.steps)


def hyperband(curves: Curves) -> HyperbandScheduler:
    """Shipped."""
    return HyperbandScheduler(steps=curves.steps)


def varied(curves: Curves, **how: Any) -> Asha:
    """``asha`` with something changed."""
    return Asha(steps=curves.steps, **how)


def as_drawn(_: Curves, order: Order) -> Order:
    """No warm start."""
    return order


def schedulers(sets: Sets, orders: int) -> None:
    """Shipped ones, and asha with other rungs."""
    made: dict[str, Make] = {"none": none, "asha (shipped)": asha, "hyperband": hyperband}
    for factor, ends in product((2, 4), ((1 / 4,), (1 / 2,), (1 / 10,), (1 / 4, 1 / 2))):
        if (factor, ends) != (4, (1 / 4,)):
            made[_rungs(factor, ends)] = partial(varied, factor=factor, ends=ends)
    compare(sets, orders, {name: (make, as_drawn) for name, make in made.items()})


def _rungs(factor: int, ends: Sequence[float]) -> str:
    return f"asha, one in {factor}, rungs at {' and '.join(f'{share:.0%}' for share in ends)}"


def pruning(sets: Sets, orders: int) -> None:
    """By the learning curve: on top of asha, and instead of halving."""
    made: dict[str, Make] = {
        "asha": asha,
        "asha, hopeless curves out": lambda c: varied(c, see=hopeless(c.epochs)),
        "median rule from 25 % on, every 25 %": lambda _: MedianRule(0.25, 0.25),
        "median rule from 10 % on, every 10 %": lambda _: MedianRule(0.1, 0.1),
    }
    compare(sets, orders, {name: (make, as_drawn) for name, make in made.items()})


def cost(sets: Sets, orders: int) -> None:
    """Among equal candidates the cheaper one, by its recorded cost: better than any prediction could be."""

    def cheap(curves: Curves, close: float) -> Asha:
        seconds = {str(v): float(curves.seconds[i].mean()) for i, v in enumerate(curves.values)}
        return varied(curves, see=cheap_first(lambda row: seconds[str(row.values)], close))

    made: dict[str, Make] = {
        "asha": asha,
        "asha, the cheaper of equals": partial(cheap, close=0.0),
        "asha, the cheaper within half a point": partial(cheap, close=0.005),
    }
    compare(sets, orders, {name: (make, as_drawn) for name, make in made.items()})


def warm(sets: Sets, orders: int) -> None:
    """The three best of an earlier search first: of another set, or of the same set with another seed."""
    seed_of = {id(c): i for seeds in sets.values() for i, c in enumerate(seeds)}

    def own(curves: Curves, order: Order) -> Order:
        return [*(i for i in range(PORTFOLIO) if i in order), *(i for i in order if i >= PORTFOLIO)]

    def after(curves: Curves, order: Order, known: Curves, then: Starts) -> Order:
        best = [int(i) for i in np.argsort(-known.full, kind="stable")[:3]]
        return list(dict.fromkeys([*(i for i in best if i in order), *then(curves, order)]))

    def other(curves: Curves, order: Order, step: int, then: Starts) -> Order:
        names = list(sets)
        name = names[(names.index(curves.name) + step) % len(names)]
        return after(curves, order, sets[name][seed_of[id(curves)]], then)

    def earlier(curves: Curves, order: Order, then: Starts) -> Order:
        seeds = sets[curves.name]
        return after(curves, order, seeds[(seed_of[id(curves)] + 1) % len(seeds)], then)

    made: dict[str, Starts] = {
        "the space's own first": own,
        "random": as_drawn,
        "best 3 of the next set, then random": partial(other, step=1, then=as_drawn),
        "best 3 of the next set, then the space's own": partial(other, step=1, then=own),
        "best 3 of the one after, then the space's own": partial(other, step=2, then=own),
        "best 3 of another seed, then the space's own": partial(earlier, then=own),
    }
    # Judged by its own seed: another one is where the best were known from.
    compare(sets, orders, {name: (asha, start) for name, start in made.items()}, gain=OWN)


def forty(sets: Sets, orders: int) -> None:
    """Searches of the default length: 40 trials of the three seeds together, scores moved to one mean."""
    made: dict[str, Make] = {"none": none, "asha (shipped)": asha, "hyperband": hyperband}
    for ends in ((1 / 4, 1 / 2), (1 / 2,), (1 / 10,), (1 / 10, 1 / 3)):
        made[_rungs(4, ends)] = partial(varied, ends=ends)
    print("| set | policy | at 1/4 | at 1/2 | end | time | sooner |\n|---|---|---:|---:|---:|---:|---:|")
    for name, seeds in sets.items():
        curves = pooled(seeds)
        cold = [drawn(curves, n, 40) for n in range(orders)]
        base = [play(curves, none, order) for order in cold]
        for policy, make in made.items():
            runs = [play(curves, make, order) for order in cold]
            *_, time, sooner = figures(curves, cold, runs, base)
            cells = regrets(curves, cold, runs, [r.seconds for r in base])
            print(f"| {name} | {policy} | {cells} | {time:.2f} | {sooner:.1f} |", flush=True)


def regrets(curves: Curves, orders: Sequence[Order], runs: Sequence[Played], whole: Sequence[float]) -> str:
    """Lost at shares of the whole time, mean and standard error over orders."""
    cells = []
    for share in SHARES:
        found = [lost(curves.judge, o, r, share * w) for o, r, w in zip(orders, runs, whole, strict=True)]
        cells.append(f"{fmean(found):.2f} ± {stdev(found) / len(found) ** 0.5:.2f}")
    return " | ".join(cells)


def concurrency(sets: Sets, orders: int) -> None:
    """Jobs decided ahead, 40 trials of the seeds together under asha: throughput against what is found."""
    print("| set | workers | concurrency | read by | trials an hour, of 16's | workers busy | at 1/4 | at 1/2 | end |")
    print("|---|---:|---:|---|---:|---:|---:|---:|---:|")
    for (name, seeds), workers in product(sets.items(), (4, 8)):
        curves = pooled(seeds)
        cold = [drawn(curves, n, 40) for n in range(orders)]
        whole = [play(curves, none, order, workers, 16).seconds for order in cold]
        ways = list(product((4, 8, 16), (False, True)))
        found = {way: [play(curves, asha, o, workers, *way) for o in cold] for way in ways}
        for (c, predict), runs in found.items():
            pace = fmean(last.seconds / r.seconds for r, last in zip(runs, found[16, True], strict=True))
            busy, cells = fmean(r.busy for r in runs), regrets(curves, cold, runs, whole)
            by = "predicted end" if predict else "number"
            print(f"| {name} | {workers} | {c} | {by} | {pace:.2f} | {busy:.0%} | {cells} |", flush=True)


TABLES = {t.__name__: t for t in (schedulers, forty, pruning, cost, warm, concurrency)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", default=list(TABLES), help=f"of {', '.join(TABLES)}")
    parser.add_argument("--orders", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=RECORDED)
    given = parser.parse_args()
    sets = {name: recorded(given.folder, name, SEEDS, plan.steps, plan.shape) for name, plan in SETS.items()}
    for name, seeds in sets.items():
        full, total = np.array([c.full for c in seeds]), sum(c.seconds.sum() + c.start.sum() for c in seeds)
        top, middle = (" ".join(f"{s:.4f}" for s in row) for row in (full.max(axis=1), np.median(full, axis=1)))
        alike = np.corrcoef(full)[np.triu_indices(len(full), 1)].mean()
        print(f"{name}: {full.shape[1]} configurations, {total:.0f} s; at full length, by seed: best {top}, ", end="")
        print(f"median {middle}; correlation of the seeds {alike:.2f}")
    for name in given.tables:
        print(f"\n{name}: {TABLES[name].__doc__}\n")
        TABLES[name](sets, given.orders)


if __name__ == "__main__":
    main()
