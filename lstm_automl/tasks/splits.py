"""Which sequences train, which steer the search, which are looked at once: NumPy only, deterministic.

Rules, unless files or sizes are given:

* 50 sequences or more: one in five is set aside as the test part. With fewer, no test part is carved: ten
  sequences or less say nothing, and training needs them.
* of the rest, below 500 examples: 5 folds; otherwise one in five is held out for validation.
* groups are never split; without groups, labels are spread evenly over the parts, and a class keeps at least one
  sequence for training wherever it has two.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.sequences import Parts
from lstm_automl.data.split import Index
from lstm_automl.errors import DataError, UsageError
from lstm_automl.tasks.allotting import allot

Array = NDArray[Any]

HOLD_OUT = 5
"""One part in five is held out, and the folds of a cross-validation by default."""
SMALL = 500
"""Below this many training examples the objective is the mean over folds."""
TEST_FROM = 50
"""With fewer sequences no test part is carved."""


@dataclass(frozen=True)
class Layout:
    """Numbers of sequences: each fold's training and validation part, and the test part or None."""

    folds: tuple[tuple[Index, Index], ...]
    test: Index | None

    @property
    def refit(self) -> Index:
        """Training and validation part together."""
        return np.unique(np.concatenate([part for fold in self.folds for part in fold]))


def counts(parts: Parts) -> tuple[int, int, int]:
    """Sequences of the training, validation and test file; 0 where there is none."""
    return len(parts.train), len(parts.valid or ()), len(parts.test or ())


def by_size(sizes: Sequence[int], n: int, groups: Array | None = None, source: str = "data") -> Layout:
    """``--split A,B[,C]``: the first A sequences train, the next B validate, the next C test; the rest is unused.

    Raises:
        UsageError: when they are not two or three positive numbers of at most n together.
        DataError: when a group would stand in two parts.
    """
    if len(sizes) not in (2, 3) or any(s < 1 for s in sizes):
        raise UsageError(f"--split {_commas(sizes)}: two or three positive sizes are needed: train,valid[,test]")
    if sum(sizes) > n:
        raise UsageError(f"--split {_commas(sizes)} asks for {sum(sizes)} sequences; {source} has {n}")
    warn_of_rest(sizes, n, "sequences", source)
    edges = np.cumsum([0, *sizes])
    parts = [np.arange(a, b, dtype=np.int64) for a, b in pairwise(edges)]
    if groups is not None:
        seen: set[Any] = set()
        for part in parts:
            here = set(groups[part].tolist())
            if both := seen & here:
                raise DataError(f"{source}: --split {_commas(sizes)} would cut group {min(map(str, both))!r} in two")
            seen |= here
    return Layout(((parts[0], parts[1]),), parts[2] if len(parts) == 3 else None)


def warn_of_rest(sizes: Sequence[int], n: int, what: str, source: str) -> None:
    """Warn where ``--split`` leaves out more than it takes: shares in percent are taken for sizes so."""
    if 2 * sum(sizes) < n:
        warnings.warn(
            f"{source}: --split {_commas(sizes)} uses {sum(sizes)} of {n} {what}; the other {n - sum(sizes)} are in no "
            f"part (sizes are numbers of {what}, not shares)",
            stacklevel=2,
        )


def arrange(
    files: tuple[int, int, int],
    *,
    examples: int,
    strata: Array | None = None,
    groups: Array | None = None,
    folds: int | None = None,
    sizes: Sequence[int] | None = None,
    seed: int = 0,
    source: str = "data",
) -> Layout:
    """The parts of sequences numbered in the order training file, validation file, test file.

    Args:
        files: Sequences in each of the three files, 0 where there is no such file.
        examples: Training examples in the training file (more than sequences where every row is one).
        strata: Code of each sequence of the training file, to be spread evenly over the parts; None = at random.
        groups: Group of each sequence of the training file, kept together; None = no groups.
        folds: None = the small-data rule, 1 = a hold-out part, K = that many folds.
        sizes: Sequences of train, valid[, test] in file order, instead of a drawn split.
        seed: The same seed, the same parts.
        source: What messages call the training file.

    Raises:
        UsageError: options that exclude each other.
        DataError: fewer sequences (or groups) than parts.
    """
    n, valid, test = files
    given = np.arange(n + valid, n + valid + test, dtype=np.int64) if test else None
    _check(sizes, folds, valid=bool(valid), test=bool(test))
    if sizes is not None:
        layout = by_size(sizes, n, groups, source)
        return layout if given is None else Layout(layout.folds, given)
    rng = np.random.default_rng([seed, n])
    unit = np.arange(n) if groups is None else _codes(groups)
    code = np.zeros(n, np.int64) if strata is None else _codes(strata)
    rest = np.arange(n, dtype=np.int64)
    if given is None and n >= TEST_FROM and len(np.unique(unit)) > 2:
        held = _one_in_five(code, unit, rng)
        rest, given = np.flatnonzero(~held), np.flatnonzero(held)
    if valid:
        return Layout(((rest, np.arange(n, n + valid, dtype=np.int64)),), given)
    units = len(np.unique(unit[rest]))
    if units < max(2, folds or 0):
        what = ("sequence" if groups is None else "group") + "s" * (units != 1)
        raise DataError(f"{source}: {units} {what} cannot be split into {max(2, folds or 0)} parts")
    small = examples * len(rest) / n < SMALL
    return Layout(_folds(rest, code[rest], unit[rest], folds or (min(HOLD_OUT, units) if small else 1), rng), given)


def _folds(
    rest: Index, code: Array, unit: Array, count: int, rng: np.random.Generator
) -> tuple[tuple[Index, Index], ...]:
    """``(train, valid)`` of each fold; of the hold-out part for one."""
    if count == 1:
        held = _one_in_five(code, unit, rng)
        return ((rest[~held], rest[held]),)
    part = allot(code, unit, [1 / count] * count, rng)
    return tuple((rest[part != k], rest[part == k]) for k in range(count))


def _check(sizes: Sequence[int] | None, folds: int | None, *, valid: bool, test: bool) -> None:
    """Refuse options that exclude each other."""
    if folds is not None and folds < 1:
        raise UsageError(f"the number of folds is {folds}; 1 (a hold-out part) or more is needed")
    many = folds is not None and folds > 1
    if valid and many:
        raise UsageError("--cv cannot be used with --valid: the validation file is the validation part")
    if sizes is None:
        return
    if valid:
        raise UsageError("--split and --valid exclude each other: both name the validation part")
    if test and len(sizes) == 3:
        raise UsageError("--split with three sizes and --test exclude each other: both name the test part")
    if many:
        raise UsageError("--cv and --split exclude each other: --split gives one validation part")


def _one_in_five(strata: Array, units: Array, rng: np.random.Generator) -> NDArray[np.bool_]:
    return np.asarray(allot(strata, units, [1 - 1 / HOLD_OUT, 1 / HOLD_OUT], rng) == 1)


def _codes(values: Array) -> NDArray[np.int64]:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _commas(sizes: Sequence[int]) -> str:
    return ",".join(map(str, sizes))
