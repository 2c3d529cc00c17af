"""Every error this package raises on purpose.

::

    LstmAutomlError                 exit code 1
    ├── UsageError (ValueError)     2   an option, a file or an argument is not usable
    │   ├── SpaceError              2   all mistakes of one search space
    │   ├── DataError               2   data that cannot be read or framed
    │   ├── UnknownNameError        2   no plug-in, metric, column ... of that name
    │   ├── DifferentSearchError    2   the search of that name was made with something else
    │   └── LockedError             2   another driver works on the search
    ├── NoValidTrialError           3   every trial failed or diverged
    ├── StateError                  4   a state file is damaged or of a newer format
    └── StorageError (OSError)      5   the disk is full, read-only or gone

A user's mistake is shown as its message alone; the exit code is the class's.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class LstmAutomlError(Exception):
    """Root of the tree."""

    exit_code = 1


class UsageError(LstmAutomlError, ValueError):
    """An option, a file or an argument cannot be used; the message says where, what and what was meant."""

    exit_code = 2


@dataclass(frozen=True)
class Mistake:
    """One mistake in a file, with its place (1-based; line 0 means the file as a whole)."""

    source: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        return f"{place}: {self.message}"


class SpaceError(UsageError):
    """All mistakes of a search space, gathered before it is raised."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(m) for m in self.mistakes))

    def __reduce__(self) -> tuple[type[SpaceError], tuple[tuple[Mistake, ...]]]:
        return SpaceError, (self.mistakes,)


class DataError(UsageError):
    """Data that cannot be read or framed; the message names file, row and column."""


class UnknownNameError(UsageError):
    """A name nobody registered, with the nearest valid one."""

    def __init__(self, what: str, name: str, valid: Iterable[str]) -> None:
        self.what, self.name, self.valid = what, name, tuple(valid)
        super().__init__(f"unknown {what} {name!r}{did_you_mean(name, self.valid)}")

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, tuple[str, ...]]]:
        return UnknownNameError, (self.what, self.name, self.valid)


class DifferentSearchError(UsageError):
    """The search of that name exists and was made with another space, data, seed or limit."""


class LockedError(UsageError):
    """Another driver holds the search directory; the message names its pid."""


class NoValidTrialError(LstmAutomlError):
    """Every trial failed or diverged: there is no model."""

    exit_code = 3


class StateError(LstmAutomlError):
    """A state file is damaged, or written by a newer version; the message names the file."""

    exit_code = 4


class StorageError(LstmAutomlError, OSError):
    """The disk is full, read-only or gone."""

    exit_code = 5


def as_typed(name: str) -> str:
    """A name as it is typed in a shell: in quotes where it needs them.

    >>> as_typed("digits"), as_typed("my [try] 1")
    ('digits', '"my [try] 1"')
    """
    if shlex.quote(name) == name:
        return name
    return shlex.quote(name) if set(name) & set('"$`\\!') else f'"{name}"'


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """The end of an error message: the nearest valid name, or all of them.

    >>> did_you_mean("adm", ["adam", "nadam"])
    "; did you mean 'adam'? (valid: adam, nadam)"
    >>> did_you_mean("x", ["adam"])
    ' (valid: adam)'
    """
    names = sorted(valid)
    near = [n for n in names if n.lower() == name.lower()] or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} (valid: {', '.join(names)})" if names else hint
