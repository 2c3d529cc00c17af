"""Data sets every machine has, by name instead of a file."""

from __future__ import annotations

from collections.abc import Callable

from lstm_automl.data.arrays import from_arrays
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import UnknownNameError


def digits() -> Sequences:
    """scikit-learn's 1,797 handwritten digits: the 8 rows are the time steps of 8 pixels; labels 0 to 9."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    names = [f"pixel_{i}" for i in range(8)]
    return from_arrays(bunch.images, bunch.target, names=names, source="digits")


_BUILTIN: dict[str, Callable[[], Sequences]] = {"digits": digits}

NAMES = tuple(_BUILTIN)


def builtin(name: str) -> Sequences:
    """The built-in data set of that name.

    Raises:
        UnknownNameError: with the names there are.
    """
    if name not in _BUILTIN:
        raise UnknownNameError("built-in data set", name, NAMES)
    return _BUILTIN[name]()
