"""Which LSTM kernel a layer trains with: a fixed rule from committed measurements, never timed at run time."""

from __future__ import annotations

from typing import Literal

VERSION = 1
BLOCK_UNITS = 96
"""From 128 units on the plain layer's larger products win (``benchmarks/kernel.py``)."""

Kernel = Literal["block", "plain"]


def kernel(units: int, recurrent_dropout: float, *, gpu: bool) -> Kernel:
    """``block`` for one call of TensorFlow's block kernel a sequence, ``plain`` for the stock layer.

    Args:
        units: Of the layer.
        recurrent_dropout: The block kernel has no place for it.
        gpu: A GPU is in use: cuDNN is better there.

    >>> kernel(64, 0.0, gpu=False), kernel(64, 0.1, gpu=False), kernel(256, 0.0, gpu=False)
    ('block', 'plain', 'plain')
    """
    return "block" if units <= BLOCK_UNITS and not recurrent_dropout and not gpu else "plain"
