"""The learning rate of every step of a training run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lstm_automl.errors import UnknownNameError

Rates = NDArray[np.float64]

WARM_UP = 0.3  # share of one-cycle's steps in which the rate rises
START, END = 1 / 25, 1e-3  # one-cycle's first and last rate, of the peak
FLOOR = 0.01  # cosine's last rate, of the first


def rates(schedule: str, base: float, total_steps: int) -> Rates:
    """The learning rate of steps ``0 .. total_steps - 1``; ``base`` is the highest.

    Args:
        schedule: ``constant``, ``cosine`` (falls to 1 %; Loshchilov and Hutter 2017) or ``one_cycle`` (rises for 30 %
            of the steps, then falls; Smith and Topin 2018).
        base: Above 0.
        total_steps: Of the whole run, however it is cut into rungs.

    Raises:
        UnknownNameError: no such schedule.

    >>> rates("cosine", 1.0, 3).round(3).tolist()
    [1.0, 0.505, 0.01]
    """
    if schedule not in SCHEDULES:
        raise UnknownNameError("schedule", schedule, SCHEDULES)
    position = np.linspace(0.0, 1.0, total_steps) if total_steps > 1 else np.zeros(total_steps)
    return base * SCHEDULES[schedule](position)


def _cosine(position: Rates) -> Rates:
    return FLOOR + (1 - FLOOR) * (1 + np.cos(np.pi * position)) / 2


def _one_cycle(position: Rates) -> Rates:
    rise = START + (1 - START) * (1 - np.cos(np.pi * position / WARM_UP)) / 2
    fall = END + (1 - END) * (1 + np.cos(np.pi * (position - WARM_UP) / (1 - WARM_UP))) / 2
    return np.where(position < WARM_UP, rise, fall)


SCHEDULES: Mapping[str, Callable[[Rates], Rates]] = {
    "constant": np.ones_like,
    "cosine": _cosine,
    "one_cycle": _one_cycle,
}

FED = ("learning_rate", "schedule")
"""Hyper-parameters that reach a training graph as data: networks that differ in nothing else share one."""

RISING = ("one_cycle",)
"""Those whose rate rises before it falls."""
