"""Which sequence goes into which part: shares kept, strata spread, groups whole; deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def allot(strata: Array, units: Array, shares: Sequence[float], rng: np.random.Generator) -> NDArray[np.int64]:
    """``(n,)`` part of each sequence: parts of about these shares, every stratum spread, no unit split, none empty."""
    if len(np.unique(units)) == len(units):
        return _deal(strata, len(shares), rng) if len(set(shares)) == 1 else _carve(strata, shares[1], rng)
    return _pack(strata, units, shares, rng)


def _carve(strata: Array, share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Part 1 is a share of every stratum by largest remainders; a stratum never gives its last member."""
    _, code, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    wanted = max(1, round(share * len(strata)))
    quota = np.floor(share * sizes).astype(np.int64)
    order = np.lexsort((rng.random(len(sizes)), -(share * sizes - quota)))
    for k in [*order, *order]:
        if quota.sum() < wanted and quota[k] < sizes[k] - 1:
            quota[k] += 1
    if not quota.sum():  # every stratum has one member: one of them must go
        quota[order[0]] = 1
    out = np.zeros(len(strata), np.int64)
    for k in np.flatnonzero(quota):
        out[rng.choice(np.flatnonzero(code == k), quota[k], replace=False)] = 1
    return out


def _deal(strata: Array, parts: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal the strata one after the other like cards, so that parts and classes within them differ by one at most."""
    shuffled = rng.permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]
    out = np.empty(len(strata), np.int64)
    out[order] = np.arange(len(strata)) % parts
    return out


def _pack(strata: Array, units: Array, shares: Sequence[float], rng: np.random.Generator) -> NDArray[np.int64]:
    """Whole units, largest first, each to the part that it takes least away from its share of every stratum."""
    names, unit = np.unique(units, return_inverse=True)
    _, code = np.unique(strata, return_inverse=True)
    counts = np.zeros((len(names), int(code.max()) + 1))
    np.add.at(counts, (unit, code), 1)
    share, total = np.asarray(shares)[:, None], counts.sum(axis=0)
    filled = np.zeros((len(shares), counts.shape[1]))
    part = np.empty(len(names), np.int64)
    for g in np.lexsort((rng.random(len(names)), -counts.sum(axis=1))):
        cost = ((2 * filled * counts[g] + counts[g] ** 2) / (share * total)).sum(axis=1)
        part[g] = int(np.argmin(cost))
        filled[part[g]] += counts[g]
    for k in range(len(shares)):
        if not np.any(part == k):
            crowded = np.flatnonzero(np.bincount(part, minlength=len(shares))[part] > 1)
            part[crowded[np.argmin(counts[crowded].sum(axis=1))]] = k
    return np.asarray(part[unit])
