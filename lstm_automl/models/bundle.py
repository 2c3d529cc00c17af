"""The model on disk: a folder that predicts anywhere, checked before anything in it is opened.

``bundle.json`` (what it is), ``state.npz`` (scalers), ``model.keras`` (stock Keras layers) and ``sha256.json``.
Keras is imported on use.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_automl.errors import StateError, StorageError
from lstm_automl.models import sealed
from lstm_automl.models.predictor import Predictor, describe
from lstm_automl.models.sealed import ABOUT, FORMAT, HASHES, NETWORK, STATE
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import State

if TYPE_CHECKING:
    import keras

__all__ = ["Predictor", "load", "note", "read_info", "save"]

PACKAGES = ("lstm_automl", "tensorflow", "keras", "numpy")


def save(
    folder: Path,
    problem: Problem,
    values: Mapping[str, Any],
    state: State,
    checkpoints: Sequence[Path],
    *,
    metrics: Mapping[str, Any],
    about: Mapping[str, Any],
) -> None:
    """Write a bundle beside ``folder`` and put it there whole; an older one is replaced.

    Args:
        folder: Of the bundle.
        problem: Task and data.
        values: Hyper-parameters all checkpoints were trained with.
        state: Scalers they were trained with.
        checkpoints: Runs that differ in their seed alone; several are saved as one network that averages their outputs.
        metrics: Scores to be remembered.
        about: Whatever else is to be remembered (JSON).

    Raises:
        StateError: a checkpoint is damaged or of another network.
        StorageError: the disk is full, read-only or gone.
    """
    from lstm_automl.models import checkpoint
    from lstm_automl.models.ensemble import ensemble
    from lstm_automl.models.feeds import input_spec

    members = [checkpoint.weights(path) for path in checkpoints]
    if not members:
        raise ValueError("a bundle needs at least one checkpoint")
    head = problem.task.head(problem.frame, values)
    spec = input_spec(problem.frame, head, values, members[0][0].dtype.name)
    network = ensemble(spec, head, values, members, checkpoints)
    info = describe(problem.task, problem.options, values, problem.frame, head, spec, state) | {
        "format": FORMAT,
        "members": len(members),
        "labels": problem.frame.info.get("classes"),
        "versions": _versions(),
        "data_digest": problem.digest(),
        "metrics": dict(metrics),
        "about": dict(about),
    }
    _put(folder, info, state, network)


def note(folder: Path, *, metrics: Mapping[str, Any]) -> None:
    """Remember further scores in an existing bundle.

    Raises:
        StateError: it is damaged.
        StorageError: it cannot be written.
    """
    from lstm_automl.models.checkpoint import write_file

    contents = sealed.contents(folder)
    info = sealed.about(folder, contents[ABOUT])
    contents[ABOUT] = sealed.as_json({**info, "metrics": {**info["metrics"], **metrics}})
    write_file(folder / ABOUT, contents[ABOUT])
    write_file(folder / HASHES, sealed.hashes(contents))


def load(path: Path) -> Predictor:
    """Check every file against its hash, then read them. No code of the bundle's author can run.

    Raises:
        StateError: a file is missing, damaged, of a newer format, or not of a bundle.
    """
    path = Path(path)
    contents = sealed.contents(path)
    info = sealed.about(path, contents[ABOUT])
    try:
        with np.load(io.BytesIO(contents[STATE]), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except Exception as error:
        raise StateError(f"{path / STATE}: not readable ({error})") from None
    network = _load_network(path / NETWORK)
    try:
        return Predictor(info, arrays, network)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(f"{path / ABOUT}: does not describe a model ({error})") from None


def read_info(path: Path) -> dict[str, Any]:
    """``bundle.json`` of a checked bundle; Keras is not imported.

    Raises:
        StateError: see :func:`load`.
    """
    path = Path(path)
    return sealed.about(path, sealed.contents(path)[ABOUT])


def _put(folder: Path, info: Mapping[str, Any], state: State, network: keras.Model) -> None:
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        shutil.rmtree(beside, ignore_errors=True)  # of a process of that number that was killed
        _write(beside, info, state, network)
        if folder.exists():
            shutil.rmtree(folder)
        beside.replace(folder)
    except OSError as error:
        raise StorageError(f"{folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(folder: Path, info: Mapping[str, Any], state: State, network: keras.Model) -> None:
    folder.mkdir(parents=True)
    (folder / ABOUT).write_bytes(sealed.as_json(info))
    np.savez(folder / STATE, allow_pickle=False, **{k: np.asarray(v) for k, v in state.arrays.items()})
    network.save(folder / NETWORK)
    contents = {name: (folder / name).read_bytes() for name in (ABOUT, STATE, NETWORK)}
    (folder / HASHES).write_bytes(sealed.hashes(contents))
    for file in folder.iterdir():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())


def _load_network(path: Path) -> keras.Model:
    import keras

    try:
        network = keras.models.load_model(path, compile=False, safe_mode=True)
        finite = all(np.isfinite(w).all() for w in network.get_weights())
    except Exception as error:  # whatever a hostile or foreign file makes Keras raise
        raise StateError(f"{path}: not a usable network ({' '.join(str(error).split())[:300]})") from None
    if not finite:
        raise StateError(f"{path}: some weights are not finite")
    return network


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a bare checkout, or TensorFlow under another name
            continue
    return found
