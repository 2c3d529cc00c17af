"""The exact state of a training run at the end of an epoch, in one file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.errors import StateError, StorageError

if TYPE_CHECKING:
    from lstm_automl.models.trainer import Trainer

Arrays = dict[str, NDArray[Any]]

FORMAT = 2
HEADER = "header"
# The weights that predict (averaged where there are averages) stand beside those that training goes on with.
WEIGHTS = "weights"
DIGEST = hashlib.sha256().digest_size


def save(path: Path, trainer: Trainer, extra: Mapping[str, Any]) -> None:
    """Write weights, optimiser variables and ``extra`` (JSON) by rename: the file is whole or not there.

    Raises:
        StorageError: the disk is full, read-only or gone.
    """
    arrays = trainer.snapshot()
    arrays |= {f"{WEIGHTS}_{i:04d}": w for i, w in enumerate(trainer.weights())}
    header = json.dumps({"format": FORMAT, "extra": dict(extra)}, sort_keys=True).encode()
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{HEADER: np.frombuffer(header, np.uint8)}, **arrays)
    content = buffer.getvalue()
    # The zip format has checksums of its own, but not of every byte. What follows its end is no part of it.
    write_file(path, content + hashlib.sha256(content).digest())


def rewind(path: Path, arrays: Arrays, trainer: Trainer) -> None:
    """Put a run back where ``save`` found it, bit by bit, with the arrays that :func:`read` found at ``path``.

    Raises:
        StateError: they are of another network.
    """
    try:
        trainer.rewind({k: v for k, v in arrays.items() if not k.startswith(WEIGHTS)})
    except (KeyError, ValueError) as error:
        raise StateError(f"{path}: the checkpoint is of another network ({error})") from None


def weights(path: Path) -> list[NDArray[Any]]:
    """The weights that predict, in the order of ``model.get_weights()``.

    Raises:
        StateError: see :func:`read`.
    """
    arrays, _ = read(path)
    return [arrays[name] for name in sorted(arrays) if name.startswith(WEIGHTS)]


def read(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """All arrays of a checkpoint, and its ``extra``.

    Raises:
        StateError: the file is missing, damaged, or of a newer format.
    """
    try:
        content = path.read_bytes()
        if hashlib.sha256(content[:-DIGEST]).digest() != content[-DIGEST:]:
            raise ValueError("damaged")
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        header = json.loads(arrays.pop(HEADER).tobytes())
        version, extra = header["format"], header["extra"]
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise StateError(f"{path}: not a usable checkpoint ({error})") from None
    if version != FORMAT:
        raise StateError(f"{path}: checkpoint format {version}; this version reads format {FORMAT}")
    return arrays, extra


def write_file(path: Path, content: bytes) -> None:
    """Write by rename, after the content is on the disk.

    Raises:
        StorageError: the disk is full, read-only or gone.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}") from error
