"""Readers: one file a format, each a function ``read`` that follows :class:`Reader`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.sequences import Sequences


class Reader(Protocol):
    """One file into sequences; registered under the suffix it reads (``csv`` reads ``.csv``).

    The result holds float64 values in original units, nothing fitted. Equal files give equal sequences.
    """

    def __call__(self, path: Path, options: DataOptions, *, kind: Kind, labelled: bool = True) -> Sequences:
        """Read ``path``, which exists and is a file.

        Args:
            path: The file.
            options: What its columns mean; an option this format cannot honour is refused.
            kind: ``"label"``: targets are names (str, or int where the format has integers), one a
                sequence. ``"value"``: targets are numbers, one a sequence or one a row. ``"series"``:
                targets are channels.
            labelled: False: targets may be absent (prediction); they are then None.

        Raises:
            DataError: naming file, row and column: missing (unless ``allow_nan``) or infinite values,
                text where a number is meant, unknown columns, nothing to read.
        """
