"""Played searches against each other, at equal compute: what the tables of ``replay.py`` are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
from play import Curves, Play, Played

from lstm_automl.search.schedulers.none import NoScheduler

Make = Callable[[Curves], Any]
Order = Sequence[int]
Starts = Callable[[Curves, Order], Order]
Sets = Mapping[str, Sequence[Curves]]
CLOSE = 0.005
SHARES = (0.25, 0.5, 1.0)
HALF, OWN = 1, 3
"""Columns: lost at half of the time, by the other seeds and by its own."""


def none(_: Curves) -> NoScheduler:
    """Shipped."""
    return NoScheduler()


def drawn(curves: Curves, seed: int, count: int | None = None) -> list[int]:
    """Three in four of the configurations in a random order."""
    order = np.random.default_rng(seed).permutation(len(curves.full))
    return [int(i) for i in order[: count or len(order) * 3 // 4]]


def play(
    curves: Curves, make: Make, order: Order, workers: int = 4, concurrency: int = 8, predict: bool = True
) -> Played:
    """One search."""
    return Play(curves, make(curves), order, workers, concurrency, patience=10, predict=predict).run()


def lost(worth: np.ndarray, order: Order, got: Played, time: float) -> float:
    """Points below the best drawn; before anything is known any trial may be chosen."""
    leader = got.leader(time)
    chosen = worth[leader] if leader is not None else fmean(worth[i] for i in order)
    return 100 * float(max(worth[i] for i in order) - chosen)


def figures(curves: Curves, orders: Sequence[Order], runs: Sequence[Played], base: Sequence[Played]) -> list[float]:
    """The columns of one set and seed."""
    judged = [
        [lost(curves.judge, o, r, s * b.seconds) for s in SHARES] for o, r, b in zip(orders, runs, base, strict=True)
    ]
    own = [lost(curves.full, o, r, b.seconds / 2) for o, r, b in zip(orders, runs, base, strict=True)]
    ratios = []
    for o, r, b in zip(orders, runs, base, strict=True):
        goal = max(curves.full[i] for i in o) - CLOSE
        mine, other = r.reached(curves.full, goal), b.reached(curves.full, goal)
        ratios.append(1.0 if mine == other else other / mine)
    time = fmean(r.seconds / b.seconds for r, b in zip(runs, base, strict=True))
    return [*map(fmean, zip(*judged, strict=True)), fmean(own), time, median(ratios)]


HEAD = "| set | policy | at 1/4 | at 1/2 | end | own | time | sooner |\n|---|---|---|---|---|---|---|---|"


def compare(sets: Sets, orders: int, policies: Mapping[str, tuple[Make, Starts]], gain: int = HALF) -> None:
    """One table; then what each policy gains on the first row at half of the time; ``gain``: by which column."""
    print(HEAD)
    gains: dict[str, list[str]] = {}
    for name, seeds in sets.items():
        rows: dict[str, list[list[float]]] = {}
        for curves in seeds:
            cold = [drawn(curves, n) for n in range(orders)]
            base = [play(curves, none, order) for order in cold]
            for policy, (make, start) in policies.items():
                begun = [start(curves, order) for order in cold]
                runs = [play(curves, make, order) for order in begun]
                rows.setdefault(policy, []).append(figures(curves, cold, runs, base))
        first = next(iter(policies))
        for policy, found in rows.items():
            cells = [cell([f[i] for f in found], 2 if i < 5 else 1) for i in range(6)]
            print(f"| {name} | {policy} | {' | '.join(cells)} |", flush=True)
            gained = [b[gain] - f[gain] for f, b in zip(found, rows[first], strict=True)]
            gains.setdefault(policy, []).append(f"{median(gained):+.2f} ± {stdev(gained):.2f}")
    print(f"\n| points gained on {first} at 1/2, median ± deviation of the seeds | {' | '.join(sets)} |")
    print("|---|" + "---:|" * len(sets))
    for policy, of_sets in list(gains.items())[1:]:
        print(f"| {policy} | {' | '.join(of_sets)} |")


def cell(values: Sequence[float], digits: int) -> str:
    """Median, and each seed."""
    return f"**{median(values):.{digits}f}** ({' '.join(f'{v:.{digits}f}' for v in values)})"
