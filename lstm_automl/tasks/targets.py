"""Targets that are numbers: one a sequence, or one a row of which the last is scored.

With a target at every row (an engine that runs to failure, its life left at each cycle) a search trains on every row
of its training sequences. Validation and test sequences of a file of their own are scored at their last row.
Sequences held out of the training file all end alike, in failure: they are scored at up to thirty rows each, drawn
evenly over their length, as if each had been cut there. Few sequences cut often are scored more steadily than cut
once, and scoring costs little beside training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.checks import LARGEST_VALUE
from lstm_automl.data.combine import rows_of
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.split import Fold, Index, Split
from lstm_automl.errors import DataError
from lstm_automl.tasks.framing import named
from lstm_automl.tasks.splits import Layout

Array = NDArray[Any]
Floats = NDArray[np.float64]

CUTS = 30
"""Scored rows of a held-out sequence of the training file."""
MOST_SCORED = 5_000
"""Scored rows of a validation part; with many sequences each has fewer, down to :data:`FEWEST`."""
FEWEST = 5
SHORTEST = 30
"""No cut leaves fewer steps, nor less than half of a sequence shorter than twice that."""


def row_targets(data: Sequences, *, complete: bool = True) -> Floats:
    """``(rows,)``: the target at every row, NaN where there is none; one target a sequence stands at its last row.

    Raises:
        DataError: without targets, or (unless not ``complete``) without one at the last row of a sequence (named).
    """
    if data.targets is None:
        raise DataError(f"{data.source}: no targets; a number for each sequence is needed")
    expected = (len(data.values),) if data.target_per_row else (len(data),)
    if data.targets.shape != expected:
        raise DataError(f"{data.source}: targets of shape {data.targets.shape}; {expected} is needed")
    if data.targets.dtype.kind not in "biuf":
        raise DataError(f"{data.source}: targets of type {data.targets.dtype}; numbers are needed")
    given = np.asarray(data.targets, np.float64)
    last = data.offsets[1:] - 1
    if np.isinf(given).any():
        raise DataError(f"{data.source}: an infinite target (inf)")
    if (np.abs(given) > LARGEST_VALUE).any():
        raise DataError(f"{data.source}: a target is too large (at most {LARGEST_VALUE:.2g})")
    rows = given
    if not data.target_per_row:
        rows = np.full(len(data.values), np.nan)
        rows[last] = given
    if complete and np.isnan(rows[last]).any():
        raise DataError(f"{data.source}: {named(data, int(np.argmax(np.isnan(rows[last]))))} has no target")
    return rows


@dataclass(frozen=True)
class Scored:
    """Rows of the joined data that are examples, and the parts in numbers of those examples."""

    rows: Index
    split: Split


def last_rows(layout: Layout) -> Split:
    """One example a sequence: the parts as they are."""
    return Split(tuple(Fold(a, b) for a, b in layout.folds), layout.refit, layout.test)


def every_row(data: Sequences, targets: Floats, layout: Layout, own_file: int, seed: int) -> Scored:
    """Every row of training and validation sequences an example; of test sequences the scored ones.

    Args:
        data: All files joined.
        targets: ``(rows,)``, NaN where a row has none.
        layout: Parts in sequence numbers.
        own_file: Sequences from this number on have a file of their own, and are scored at their last row.
        seed: Of the cuts.
    """
    known = np.isfinite(targets)
    each = cuts_each(max(len(valid) for _, valid in layout.folds))
    cuts = {int(i): _cuts(data, known, int(i), 1 if i >= own_file else each, seed) for i in _held_out(layout)}
    learnt = rows_of(data, layout.refit)
    learnt = learnt[known[learnt]]
    test = None if layout.test is None else _joined(cuts, layout.test)
    rows = learnt if test is None else np.union1d(learnt, test)

    def number(wanted: Index) -> Index:
        return np.asarray(np.searchsorted(rows, wanted), dtype=np.int64)

    folds = []
    for train, valid in layout.folds:
        own = rows_of(data, train)
        folds.append(Fold(number(own[known[own]]), number(_joined(cuts, valid))))
    return Scored(rows, Split(tuple(folds), number(learnt), None if test is None else number(test)))


def examples_at(data: Sequences, rows: Index) -> dict[str, Index]:
    """Examples that end with these rows and may reach back to the start of their sequence."""
    sequence = np.searchsorted(data.offsets, rows, side="right") - 1
    return {"sequence": sequence, "low": data.offsets[sequence], "end": rows + 1}


def strata(values: Floats, bins: int = 5) -> Index:
    """Fifths of the targets, so that each part gets small and large ones alike."""
    edges = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1])
    return np.asarray(np.digitize(values, edges), dtype=np.int64)


def cuts_each(sequences: int) -> int:
    """Scored rows of each held-out sequence.

    >>> cuts_each(20), cuts_each(500), cuts_each(100_000)
    (30, 10, 5)
    """
    return max(FEWEST, min(CUTS, MOST_SCORED // max(1, sequences)))


def _cuts(data: Sequences, known: Array, i: int, count: int, seed: int) -> Index:
    """``count`` rows of sequence ``i``; 1 = its last."""
    first, end = int(data.offsets[i]), int(data.offsets[i + 1])
    if count == 1:
        return np.array([end - 1], dtype=np.int64)
    shortest = min(SHORTEST, (end - first + 1) // 2)
    possible = first + shortest - 1 + np.flatnonzero(known[first + shortest - 1 : end])
    rng = np.random.default_rng([seed, i])
    strips = np.array_split(possible, min(count, len(possible)))
    return np.array([rng.choice(strip) for strip in strips], dtype=np.int64)


def _held_out(layout: Layout) -> Index:
    parts: list[Index] = [valid for _, valid in layout.folds]
    return np.unique(np.concatenate([*parts, layout.test] if layout.test is not None else parts))


def _joined(cuts: dict[int, Index], sequences: Index) -> Index:
    return np.sort(np.concatenate([cuts[int(i)] for i in sequences]))
