"""Which LSTM kernel a layer trains with: a fixed rule from committed measurements, never timed at run time."""

from __future__ import annotations

from typing import Literal

VERSION = 2
TYPICAL_BATCH = 32
"""Stands for a batch size that is not known when the graph is built."""
BLOCK_PRODUCTS = 6_000

Kernel = Literal["block", "hoisted", "plain"]


def kernel(
    steps: int | None,
    features: int,
    units: int,
    batch: int | None,
    *,
    dtype: str = "float32",
    kept: bool = False,
) -> Kernel:
    """``block``, ``hoisted``, or ``plain`` for the loop of the stock layer.

    The block kernel saves the cost of some thirty operations a step, the hoisted form makes the products of a step
    several times faster: what counts is how much there is to multiply (``benchmarks/kernel.py``).

    Args:
        steps: Of the sequences, None = unknown (ragged).
        features: Of the layer's input.
        units: Of the layer.
        batch: Sequences at once, None = unknown.
        dtype: The layer computes in. The block kernel exists in float32 alone.
        kept: Whether there is recurrent dropout: the block kernel has no place for it.

    >>> kernel(100, 8, 32, None), kernel(None, 128, 64, 32), kernel(100, 8, 32, 32, kept=True)
    ('block', 'hoisted', 'hoisted')
    """
    if dtype not in ("float32", "float64"):
        return "plain"
    if dtype == "float64" or kept:
        return "hoisted"
    products = (features + units) * units * (batch or TYPICAL_BATCH) // TYPICAL_BATCH
    return "block" if products <= BLOCK_PRODUCTS else "hoisted"
