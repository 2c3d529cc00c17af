"""Policies of a search on recorded learning curves: which find what, how soon, over many orders of the trials.

    python benchmarks/policies/record.py && python benchmarks/policies/replay.py --seeds 30

Each played search draws its trials from the recorded ones in a random order, two in three of them.
best, best of 3: full-length score of the trial that ranks first at the end, and of the best of the first three, which a
selection runs again with other seeds; in points below the best that was drawn, mean (worst) over seeds.
epochs, time: trained, and virtual time to the end, as shares of what ``none`` takes.
sooner: how much sooner than by ``none`` a score within half a point of its last was known, median.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from play import Curves, Play, Played
from record import RECORDED, SETS
from variants import Asha, MedianRule, cheap_first, hopeless

from lstm_automl.search.schedulers.asha import AshaScheduler
from lstm_automl.search.schedulers.hyperband import HyperbandScheduler
from lstm_automl.search.schedulers.none import NoScheduler

Make = Callable[[Curves], Any]
CLOSE = 0.005


def drawn(curves: Curves, seed: int) -> list[int]:
    """Two in three of the configurations in a random order."""
    order = np.random.default_rng(seed).permutation(len(curves.full))
    return [int(i) for i in order[: max(6, len(order) * 2 // 3)]]


def play(curves: Curves, make: Make, order: Sequence[int], workers: int = 4, concurrency: int = 8) -> Played:
    """One search."""
    return Play(curves, make(curves), order, workers, concurrency, patience=10).run()


def line(name: str, curves: Curves, runs: Iterable[tuple[Sequence[int], Played]], base: Sequence[Played]) -> str:
    """A row of a table."""
    first, three, time, sooner, epochs = [], [], [], [], []
    for (order, got), none in zip(runs, base, strict=True):
        top = max(curves.full[i] for i in order)
        first.append(100 * (top - got.best))
        three.append(100 * (top - got.best3))
        time.append(got.seconds / none.seconds)
        epochs.append(got.epochs / none.epochs)
        target = none.found[-1][1] - CLOSE
        sooner.append(none.reached(target) / got.reached(target))
    return (
        f"| {curves.name} | {name} | {fmean(first):.2f} ({max(first):.1f}) | {fmean(three):.2f} ({max(three):.1f}) | "
        f"{fmean(epochs):.2f} | {fmean(time):.2f} | {median(sooner):.1f}x |"
    )


HEAD = "| set | policy | best | best of 3 | epochs | time | sooner |\n|---|---|---:|---:|---:|---:|---:|"


def table(sets: Sequence[Curves], seeds: int, policies: dict[str, Make], **how: int) -> None:
    """One table; the first policy is ``none``."""
    print(HEAD)
    for curves in sets:
        orders = [drawn(curves, seed) for seed in range(seeds)]
        base = [play(curves, lambda _: NoScheduler(), order) for order in orders]
        for name, make in policies.items():
            runs = [(order, play(curves, make, order, **how)) for order in orders]
            print(line(name, curves, runs, base), flush=True)


def schedulers(sets: Sequence[Curves], seeds: int) -> None:
    """Shipped ones, and asha with other rungs."""
    found: dict[str, Make] = {
        "none": lambda _: NoScheduler(),
        "asha": lambda _: AshaScheduler(),
        "hyperband": lambda _: HyperbandScheduler(),
    }
    for factor in (2, 3, 4):
        for ends in ((1 / 3,), (1 / 4,), (1 / 6,), (1 / 10,), (1 / 10, 1 / 3), (1 / 6, 2 / 5)):
            name = f"asha, one in {factor}, rungs at {' and '.join(f'{share:.0%}' for share in ends)}"
            found[name] = lambda _, f=factor, e=ends: Asha(f, e)  # type: ignore[misc]
    table(sets, seeds, found)


def closing(sets: Sequence[Curves], seeds: int) -> None:
    """How many of each rung go to the end when all trials are begun."""
    table(sets, seeds, {f"asha, {keep} to the end": lambda _, k=keep: Asha(keep=k) for keep in (1, 3, 5)})  # type: ignore[misc]


def pruning(sets: Sequence[Curves], seeds: int) -> None:
    """By the learning curve: instead of halving, and on top of it."""
    table(sets, seeds, {
        "asha": lambda _: AshaScheduler(),
        "median rule, every 3 epochs": lambda _: MedianRule(3),
        "asha, hopeless curves out": lambda c: Asha(see=hopeless(c.epochs)),
    })  # fmt: skip


def cost(sets: Sequence[Curves], seeds: int) -> None:
    """Among equal candidates the cheaper one, by its recorded cost: better than any prediction could be."""

    def cheap(curves: Curves) -> Asha:
        seconds = {str(v): float(curves.seconds[i].mean()) for i, v in enumerate(curves.values)}
        return Asha(see=cheap_first(lambda row: seconds[str(row.values)]))

    table(sets, seeds, {"asha, by loss": lambda _: AshaScheduler(), "asha, by cost": cheap})


def concurrency(sets: Sequence[Curves], seeds: int) -> None:
    """Jobs decided ahead, on 4 and 8 workers: speed against what is found."""
    print("| set | workers | concurrency | best | best of 3 | time, of 16's | workers busy |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for curves in sets:
        orders = [drawn(curves, seed) for seed in range(seeds)]
        tops = [max(curves.full[i] for i in order) for order in orders]
        for workers in (4, 8):
            found = {c: [play(curves, lambda _: AshaScheduler(), o, workers, c) for o in orders] for c in (4, 8, 16)}
            for c, runs in found.items():
                first = fmean(100 * (top - r.best) for top, r in zip(tops, runs, strict=True))
                three = fmean(100 * (top - r.best3) for top, r in zip(tops, runs, strict=True))
                time = fmean(r.seconds / last.seconds for r, last in zip(runs, found[16], strict=True))
                busy = fmean(r.busy for r in runs)
                print(
                    f"| {curves.name} | {workers} | {c} | {first:.2f} | {three:.2f} | {time:.2f} | {busy:.0%} |",
                    flush=True,
                )


def warm(sets: Sequence[Curves], seeds: int) -> None:
    """The three best of another set's search run first, against none and against the space's own first trials."""
    print("| set | first trials | best after 6 | best after 12 | sooner |\n|---|---|---:|---:|---:|")
    for curves in sets:
        others = [o for o in sets if o.name != curves.name]
        cold = {seed: list(np.random.default_rng(seed).permutation(len(curves.full))) for seed in range(seeds)}
        portfolio = [i for i, n in enumerate(curves.number) if n < 9]
        starts = {"random": [], "the space's own": portfolio}
        starts |= {f"best 3 of {o.name}": _known(curves, o) for o in others}
        starts |= {f"best 3 of {o.name}, then the space's own": [*_known(curves, o), *portfolio] for o in others}
        for name, start in starts.items():
            six, twelve, ratio = [], [], []
            for order in cold.values():
                mine = [*dict.fromkeys([*start, *order])]
                six.append(curves.full[mine[:6]].max())
                twelve.append(curves.full[mine[:12]].max())
                goal = curves.full[order[:24]].max() - CLOSE
                ratio.append(_until(curves, order, goal) / _until(curves, mine, goal))
            print(
                f"| {curves.name} | {name} | {fmean(six):.4f} | {fmean(twelve):.4f} | {median(ratio):.1f}x |",
                flush=True,
            )


def _known(curves: Curves, other: Curves) -> list[int]:
    best = [other.number[i] for i in np.argsort(-other.full)[:3]]
    return [curves.number.index(n) for n in best if n in curves.number]


def _until(curves: Curves, order: Sequence[int], goal: float) -> int:
    return next(k for k, i in enumerate(order, 1) if curves.full[i] >= goal)


TABLES = {t.__name__: t for t in (schedulers, closing, pruning, cost, concurrency, warm)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", default=list(TABLES), help=f"of {', '.join(TABLES)}")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=RECORDED)
    given = parser.parse_args()
    sets = [Curves.load(given.folder / f"{name}.npz") for name in SETS if (given.folder / f"{name}.npz").exists()]
    for name in given.tables:
        print(f"\n{name}: {TABLES[name].__doc__}\n")
        TABLES[name](sets, given.seeds)


if __name__ == "__main__":
    main()
