"""What must be the same on a driver and its workers, so that a rung gives the same bits wherever it runs."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Mapping

from lstm_automl import __version__

SAME = ("tensorflow", "keras", "numpy")


def versions() -> dict[str, str]:
    """Of Python, of this package and of what computes; nothing of it is imported."""
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "lstm_automl": __version__}
    return found | {name: _version(name) for name in SAME}


def difference(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """What differs, in words; empty when nothing does.

    >>> difference({"python": "3.11", "keras": "3.15.1"}, {"python": "3.12", "keras": "3.15.1"})
    'python is 3.12 there, 3.11 here'
    """
    names = [name for name in here if here[name] != there.get(name)]
    return ", ".join(f"{name} is {there.get(name, 'missing')} there, {here[name]} here" for name in names)


def _version(name: str) -> str:
    for distribution in (name, f"{name}-cpu"):
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "missing"
