"""Which kernel a recurrent layer trains with: a fixed rule from committed measurements, never timed at run time."""

from __future__ import annotations

from typing import Literal

VERSION = 3
FEATURES_WEIGH = 4
BLOCK = 12_500
BLOCK_UNROLLED = 6_200
"""Up to so much a step the block kernel is the faster one, beside a loop and beside steps without one."""

LONG, WIDE = 40, 96
"""A simple RNN of more steps and units than so, and of fewer features than units, gains nothing at batches of 128."""

UNROLLED = 12
"""Up to so many steps, where their number is known, there is no loop: more make the graph slow to build."""

Kernel = Literal["block", "hoisted", "plain"]
Cell = Literal["lstm", "gru", "simple_rnn"]


def unrolled(steps: int | None) -> bool:
    """Whether so many steps, None = unknown, go without a loop."""
    return steps is not None and steps <= UNROLLED


def kernel(
    steps: int | None,
    features: int,
    units: int,
    *,
    cell: Cell = "lstm",
    dtype: str = "float32",
    kept: bool = False,
) -> Kernel:
    """``block``, ``hoisted``, or ``plain`` for the loop of the stock layer.

    The block kernel saves the cost of some thirty operations a step; the hoisted form makes its products several
    times faster, those of the input most of all. The boundary was measured (``benchmarks/kernel.py``); it is the
    same at batches of 8, 32 and 128, so the batch is not asked for. The hoisted form of a GRU was
    faster than the stock loop everywhere, that of a simple RNN but for long and wide ones in large batches.

    Args:
        steps: Of the sequences, None = not known when the graph is built.
        features: Of the layer's input.
        units: Of the layer.
        cell: Of the layer. The block kernel is an LSTM's.
        dtype: The layer computes in. The block kernel exists in float32 alone.
        kept: Whether there is recurrent dropout: the block kernel has no place for it.

    >>> kernel(100, 8, 32), kernel(None, 128, 64), kernel(100, 8, 32, kept=True), kernel(100, 8, 32, cell="gru")
    ('block', 'hoisted', 'hoisted', 'hoisted')
    """
    if dtype not in ("float32", "float64"):
        return "plain"
    if cell == "simple_rnn" and steps is not None and not kept and steps > LONG and units > max(WIDE, features):
        return "plain"
    if cell != "lstm" or dtype == "float64" or kept:
        return "hoisted"
    work = (FEATURES_WEIGH * features + units) * units
    return "block" if work <= (BLOCK_UNROLLED if unrolled(steps) else BLOCK) else "hoisted"
