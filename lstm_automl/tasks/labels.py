"""Labels and their codes. Classes keep the names and the type they have in the data; JSON holds them.

>>> classes = classes_of(np.array([3, 1, 3]))
>>> classes, encode(np.array(["1", "x"]), classes).tolist(), decode(np.array([1]), classes)
([1, 3], [0, -1], array([3]))
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.data.sequences import Sequences
from lstm_automl.data.table import LARGEST
from lstm_automl.errors import DataError
from lstm_automl.tasks.framing import named

Array = NDArray[Any]
Label = str | int | float | bool

UNSEEN = -1
"""Code of a label that training never saw: no prediction equals it."""


def labels_of(data: Sequences) -> Array:
    """The labels ``(n,)`` of labelled data, as strings, integers, floats or booleans.

    Raises:
        DataError: without labels, with a missing one (named), or with several types.
    """
    if data.targets is None:
        raise DataError(f"{data.source}: no labels; a label for each sequence is needed")
    if data.targets.shape != (len(data),):
        raise DataError(f"{data.source}: {len(data)} sequences and labels of shape {data.targets.shape}")
    missing = np.array([_missing(v) for v in data.targets.tolist()], dtype=bool)
    if missing.any():
        raise DataError(f"{data.source}: {named(data, int(np.argmax(missing)))} has no label")
    labels = np.asarray(data.targets)
    if labels.dtype == object:
        kinds = {type(v).__name__ for v in labels.tolist()}
        if len(kinds) > 1:
            raise DataError(f"{data.source}: labels of several types ({', '.join(sorted(kinds))}); one is needed")
        labels = np.array(labels.tolist())
    if labels.dtype.kind not in "biufU":
        raise DataError(f"{data.source}: labels of type {labels.dtype}; text or numbers are needed")
    return labels


def fully_labelled(data: Sequences) -> bool:
    """Whether there is a label for every sequence."""
    return data.targets is not None and not any(_missing(v) for v in data.targets.tolist())


def classes_of(labels: Array) -> list[Label]:
    """The distinct labels in sorted order, as JSON values."""
    classes: list[Label] = np.unique(labels).tolist()
    return classes


def joined_labels(labels: Sequence[Array]) -> Array:
    """Labels of several files as one array: as text where one file holds text and another numbers.

    A number that files write in different ways (``"1"``, ``"1.0"``, ``1``) is one label, unless one file writes it
    in two.
    """
    files = [np.unique(a).tolist() for a in labels]
    apart = {key for file in files for key in _ambiguous(file)}
    if len({a.dtype.kind == "U" for a in labels}) == 1 and _ambiguous(v for file in files for v in file) <= apart:
        return np.concatenate(list(labels))
    return np.concatenate([np.array([_key(v, apart) for v in a.tolist()]) for a in labels])


def encode(labels: Array, classes: Sequence[Label]) -> NDArray[np.int64]:
    """``(n,)`` position of each label in ``classes``; ``UNSEEN`` for one that is not there.

    A file may hold as text what another holds as numbers: ``"1"``, ``"1.0"``, ``1`` and ``1.0`` are the same label,
    unless ``classes`` tell ``"1"`` from ``"1.0"``.
    """
    apart = _ambiguous(classes)
    place = {_key(c, apart): i for i, c in enumerate(classes)}
    distinct, where = np.unique(labels, return_inverse=True)
    codes = np.array([place.get(_key(v, apart), UNSEEN) for v in distinct.tolist()], dtype=np.int64)
    return codes[where]


def refuse_strangers(data: Sequences, labels: Array, classes: Sequence[Label]) -> None:
    """Raise DataError where a file has none of the classes: another spelling or column, and every score would be 0."""
    if len(labels) and (encode(labels, classes) == UNSEEN).all():
        raise DataError(
            f"{data.source}: none of its labels ({_some(classes_of(labels))}) is a class of training ({_some(classes)})"
        )


def decode(codes: NDArray[np.int64], classes: Sequence[Label]) -> Array:
    """The labels of these codes, in the type of ``classes``."""
    return np.asarray(classes)[codes]


def _some(labels: Sequence[Label]) -> str:
    return ", ".join(map(str, labels[:10])) + (" ..." if len(labels) > 10 else "")


def _missing(label: Any) -> bool:
    return label is None or bool(label != label)


def _ambiguous(labels: Iterable[Label]) -> set[str]:
    """Keys of the numbers that these labels write in several ways: each spelling is a label of its own."""
    count = Counter(_key(text) for text in {_written(label) for label in labels})
    return {key for key, n in count.items() if n > 1}


def _key(label: Label, apart: Iterable[str] = ()) -> str:
    """What equal labels share, however they are written; as written where the key is among ``apart``."""
    text = _written(label)
    whole = re.fullmatch(r"(-?(?:0|[1-9][0-9]*))\.0+", text)
    key = str(int(whole[1])) if whole and len(whole[1]) < 18 and abs(int(whole[1])) < LARGEST else text
    return text if key in apart else key


def _written(label: Label) -> str:
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label)
