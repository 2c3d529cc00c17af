"""Text columns as numbers: one column a category of the training part."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstm_automl.data.combine import per_step, rows_of
from lstm_automl.data.sequences import Array, Sequences
from lstm_automl.data.table import as_texts
from lstm_automl.errors import DataError

Vocabulary = dict[str, list[str]]
"""Column -> its categories, sorted; JSON."""

MAX_CATEGORIES = 200
SHOWN = 5

log = logging.getLogger("lstm_automl")

WHOLE = re.compile(r"-?(0|[1-9]\d*)(\.0)?")


def fit_vocabulary(data: Sequences, *, sequences: ArrayLike | None = None) -> Vocabulary:
    """The categories that occur in the training part.

    Args:
        data: Sequences, those of the training part among them.
        sequences: Numbers of the training sequences; None = all.

    Raises:
        DataError: a column has more than 200 categories.
    """
    chosen = np.arange(len(data)) if sequences is None else np.asarray(sequences, dtype=np.int64)
    steps = rows_of(data, chosen)
    out: Vocabulary = {}
    for name, values in data.categories.items():
        seen = set(as_texts(values[steps if per_step(data, name) else chosen]).tolist()) - {""}
        out[name] = sorted(item for item in seen if not (item.endswith(".0") and _other(item) in seen))
        if len(out[name]) > MAX_CATEGORIES:
            raise DataError(
                f"{data.source}: column {name!r} has {len(out[name])} categories, more than {MAX_CATEGORIES}"
            )
    return out


def encode(data: Sequences, vocabulary: Mapping[str, list[str]]) -> Sequences:
    """Categorical columns as 0/1 columns named ``column=category``, appended to channels or static columns.

    A category the vocabulary lacks, or an empty one, is 0 in every column. A whole number may be spelled as a float
    there or here, as programs that know of missing values only in floats do.

    Raises:
        DataError: the data lacks a column of the vocabulary.
    """
    values, channels, known = [data.values], list(data.channels), list(data.known_channels)
    static = [] if data.static is None else [data.static]
    static_names = list(data.static_names)
    for name, categories in vocabulary.items():
        if name not in data.categories:
            raise DataError(f"{data.source}: no categorical column {name!r}")
        column = _known(data.categories[name], categories, f"{data.source}: column {name!r}")
        names = [f"{name}={category}" for category in categories]
        if per_step(data, name):
            if name in data.known_categories:
                known += range(len(channels), len(channels) + len(names))
            values.append(one_hot(column, categories))
            channels += names
        else:
            static.append(one_hot(column, categories))
            static_names += names
    return replace(
        data,
        values=np.concatenate(values, axis=1, dtype=data.values.dtype),
        channels=tuple(channels),
        known_channels=tuple(known),
        known_categories=(),
        static=np.concatenate(static, axis=1) if static else None,
        static_names=tuple(static_names),
        categories={},
    )


def one_hot(column: Array, categories: list[str]) -> NDArray[np.float64]:
    """``(rows, categories)`` of 0 and 1.

    >>> one_hot(np.array(["b", "?"]), ["a", "b"]).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    same = column[:, None] == np.array(categories, dtype=np.str_)[None, :]
    return np.asarray(same, dtype=np.float64)


def _known(column: Array, categories: list[str], place: str) -> NDArray[np.str_]:
    """The column as the vocabulary spells it; what the vocabulary lacks is told."""
    seen, where = np.unique(as_texts(column), return_inverse=True)
    spelled = [_spelled(name, categories) for name in seen.tolist()]
    unknown = [repr(name) for name in spelled if name and name not in categories]
    if unknown:
        shown = ", ".join(unknown[:SHOWN]) + (", ..." if len(unknown) > SHOWN else "")
        log.warning("%s: %s did not occur in training: unknown to the model", place, shown)
    return np.array(spelled, dtype=np.str_)[where]


def _spelled(name: str, categories: list[str]) -> str:
    other = _other(name)
    return other if name not in categories and other in categories else name


def _other(name: str) -> str:
    """The other spelling of a whole number; 03 is a code of its own."""
    if not WHOLE.fullmatch(name):
        return name
    return name.removesuffix(".0") if name.endswith(".0") else f"{name}.0"
