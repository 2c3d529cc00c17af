"""Files of a storage on a worker's own disk: data by their digest, filled at once and mapped read-only."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import stat
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lstm_automl.errors import StorageError
from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.executors.exchange import CHECKPOINT, MANIFEST, OUTCOME, PARENT, Files, opened, sealed
from lstm_automl.search.executors.storage import Storage, digest_of, inside
from lstm_automl.search.results import PROGRESS, RESULT, checksum

VARIABLE = "LSTM_AUTOML_CACHE"
KEPT_DAYS = 7.0


def root() -> Path:
    """The cache of this user on this machine: ``$LSTM_AUTOML_CACHE``, or a folder among the temporary files.

    Raises:
        StorageError: it cannot be made, or is somebody else's.
    """
    path = Path(os.environ.get(VARIABLE) or Path(tempfile.gettempdir()) / f"lstm_automl-{os.getuid()}")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}") from error
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise StorageError(f"{path} is not a folder of this user; name another in {VARIABLE}")
    return path


class Cache:
    """A search's files on a worker.

    Args:
        storage: Where they come from and go to.
        directory: The search directory here.
        data: Digest of its data; None = it has none.
    """

    def __init__(self, storage: Storage, directory: Path, data: str | None) -> None:
        self._storage, self.directory, self._data = storage, directory, data

    @contextlib.contextmanager
    def place(self, spec: RungSpec, at: str, checkpoints: Files) -> Iterator[RungSpec]:
        """The rung as it can be run here, in a folder that goes afterwards.

        Args:
            spec: The driver's.
            at: The attempt's place in the storage.
            checkpoints: Those it may begin at.
        """
        folder = self.directory / "jobs" / uuid.uuid4().hex / Path(spec.folder).name
        folder.mkdir(parents=True)
        try:
            self._mount()
            for name, digest in checkpoints.items():
                self._storage.fetch(f"{at}/{digest}", inside(folder.parent, name), digest)
            parent = None if spec.parent is None else str(folder / PARENT)
            yield replace(spec, directory=str(self.directory), folder=str(folder), parent=parent)
        except FileNotFoundError as error:
            raise StorageError(f"{error.filename or self._storage.url}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(folder.parent, ignore_errors=True)

    def leave(self, folder: Path, at: str, result: RungResult | None) -> None:
        """Send what an attempt has left, its result last.

        Args:
            folder: Of the attempt, here.
            at: Its place in the storage.
            result: None while it is under way, or has died: its checkpoint is of use, and how far it came.

        Raises:
            StorageError: it cannot be sent.
        """
        wanted = (
            [CHECKPOINT, PROGRESS]
            if result is None
            else [
                p.name
                for p in sorted(folder.iterdir())
                if p.name not in (RESULT, PARENT) and not p.name.startswith(".")
            ]
        )
        files = {}
        for path in (folder / name for name in wanted):
            if path.is_file():
                copy = path.with_name(f".sent.{path.name}")
                shutil.copyfile(path, copy)  # the rung may put another in its place at any time
                files[path.name] = digest_of(copy)
                self._storage.send(copy, f"{at}/{files[path.name]}")
                copy.unlink()
        if files or result is not None:
            outcome = {"result": None if result is None else result.to_json(), "files": files}
            self._storage.write(f"{at}/{OUTCOME}", sealed(outcome))

    def _mount(self) -> None:
        """Have the data in the search's folder."""
        if self._data is None:
            return
        link = self.directory / "data"
        if not link.exists():
            folder = fill(self._storage, self._data, root())
            with contextlib.suppress(FileExistsError):
                link.symlink_to(folder)
        os.utime(link)


def run_folder() -> Path:
    """A new folder for what a search does in this process; those of processes that are gone are removed.

    Raises:
        StorageError: none can be made.
    """
    place = root()
    _tidy(place)
    try:
        made = place / "run" / f"{socket.gethostname()}-{os.getpid()}" / uuid.uuid4().hex
        made.mkdir(parents=True)
    except OSError as error:
        raise StorageError(f"{place}: {error.strerror or error}") from error
    return made


def fill(storage: Storage, digest: str, place: Path) -> Path:
    """The folder of the data with that digest, fetched unless it is there.

    Args:
        storage: Where the driver put it.
        digest: Of the data.
        place: The cache.

    Raises:
        StorageError: it is not in the storage, or damaged.
    """
    folder = place / "data" / digest
    if folder.exists():
        return folder
    files = opened(storage.read(f"data/{digest}/{MANIFEST}"))
    if files is None or checksum(files) != digest:
        raise StorageError(f"{storage.url}/data/{digest}: the data are gone, or damaged")
    temporary = folder.with_name(f".{digest}.{uuid.uuid4().hex}")
    try:
        for name, wanted in files.items():
            path = inside(temporary, name)
            storage.fetch(f"data/{digest}/{name}", path, wanted)
            path.chmod(0o444)
        with contextlib.suppress(OSError):  # another process was first
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _tidy(place: Path) -> None:
    """Remove data that no search has used for days, and folders of processes that are gone."""
    for folder in (place / "data").glob("*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > KEPT_DAYS * 86400:
                shutil.rmtree(folder, ignore_errors=True)
    host = socket.gethostname()
    for folder in (place / "run").glob(f"{host}-*"):
        pid = folder.name.removeprefix(f"{host}-")
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
