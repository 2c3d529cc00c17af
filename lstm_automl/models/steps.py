"""How many optimiser steps an epoch has."""

from __future__ import annotations

MIN_STEPS = 16
MAX_STEPS = 256


def steps_per_epoch(n: int, batch_size: int | None) -> int:
    """One pass over the examples, but at least 16 and at most 256 optimiser steps.

    A tiny set repeats within an epoch, because what trains a network is the number of steps, not of passes; a
    large one is taken in slices, the pass going on in the next epoch, so that scores come often enough to steer.

    Args:
        n: Training examples, at least 1.
        batch_size: Examples a step; None = all of them.

    >>> steps_per_epoch(36, 32), steps_per_epoch(1347, 32), steps_per_epoch(100_000, 32), steps_per_epoch(9, None)
    (16, 43, 256, 16)
    """
    if n < 1:
        raise ValueError(f"steps_per_epoch needs at least one training example, got {n}")
    passes = -(-n // batch_size) if batch_size else 1
    return max(MIN_STEPS, min(MAX_STEPS, passes))
