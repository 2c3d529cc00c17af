"""What a search keeps in a storage, and where: its data, and the attempts under way."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lstm_automl.errors import StorageError
from lstm_automl.search.attempts import attempts
from lstm_automl.search.contracts import RungResult
from lstm_automl.search.executors.storage import DamagedError, Storage, digest_of, inside
from lstm_automl.search.results import canonical, checksum, read_result, write_result

OUTCOME = "outcome.json"
CHECKPOINT = "checkpoint.npz"
PARENT = "parent.npz"
KEY = "storage.json"
MANIFEST = "manifest.json"

Files = Mapping[str, str]
"""File name -> SHA-256."""


def sealed(data: Any) -> bytes:
    """JSON with a checksum, as :func:`opened` reads it."""
    return canonical({"data": data, "checksum": checksum(data)}).encode()


def opened(content: bytes | None) -> Any:
    """What :func:`sealed` made; None for nothing, or for less than the whole of it.

    >>> opened(sealed({"a": 1})), opened(sealed({"a": 1})[:-3])
    ({'a': 1}, None)
    """
    try:
        document = json.loads(content or b"")
        return document["data"] if document["checksum"] == checksum(document["data"]) else None
    except (ValueError, KeyError, TypeError):
        return None


class Exchange:
    """The driver's side of a storage.

    Args:
        storage: The directory.
        directory: Of the search.
    """

    def __init__(self, storage: Storage, directory: Path) -> None:
        self.storage, self._directory = storage, directory
        self.key = _key(directory)

    def send_data(self) -> str | None:
        """The digest of the framed data, once it is there; None where the search has none."""
        folder = self._directory / "data"
        paths = [p for p in sorted(folder.rglob("*")) if p.is_file()]
        if not paths:
            return None
        files = {p.relative_to(folder).as_posix(): digest_of(p) for p in paths}
        digest = checksum(files)
        if opened(self.storage.read(f"data/{digest}/{MANIFEST}")) != files:
            for path in paths:
                self.storage.send(path, f"data/{digest}/{path.relative_to(folder).as_posix()}")
            self.storage.write(f"data/{digest}/{MANIFEST}", sealed(files))
        return digest

    def send_checkpoints(self, folder: Path, parent: str | None) -> Files:
        """Put the checkpoints that an attempt may begin at into its place: its parent, and those of attempts before.

        Raises:
            StorageError: they cannot be read or sent.
        """
        sent = {}
        paths = {f"{p.parent.name}/{p.name}": p for p in folder.parent.glob(f"attempt-*/{CHECKPOINT}")}
        if parent is not None:
            paths[f"{folder.name}/{PARENT}"] = self._directory / parent
        for name, path in paths.items():
            try:
                sent[name] = digest_of(path)
                self.storage.send(path, f"{self.place(folder)}/{sent[name]}")
            except FileNotFoundError as error:
                raise StorageError(f"{path}: {error.strerror}") from None
        return sent

    def take_in(self, folder: Path, *, late: bool = False) -> RungResult | None:
        """Bring what an attempt left into its folder, its result last.

        None when it left none: then perhaps a checkpoint, from which the next attempt goes on.

        Args:
            folder: Of the attempt.
            late: Its driver is dead, so that files of it may have been removed while it left them; that is none.
        """
        place = self.place(folder)
        left = opened(self.storage.read(f"{place}/{OUTCOME}"))
        if left is None:
            return None
        try:
            for name, digest in left["files"].items():
                self.storage.fetch(f"{place}/{digest}", inside(folder, name), digest)
        except OSError as error:
            if left["result"] is None or (late and isinstance(error, FileNotFoundError | DamagedError)):
                return None
            raise StorageError(f"{self.storage.url}/{place}: {error.strerror or error}") from None
        if left["result"] is None:
            return None
        result = RungResult.from_json(left["result"])
        if result.checkpoint:
            inside(folder, result.checkpoint)
        write_result(folder, result)
        return result

    def take_in_all(self) -> None:
        """Bring in what attempts left after the death of their driver; the rest of them goes."""
        for job in sorted((self._directory / "jobs").glob("*")):
            for folder in attempts(self._directory, int(job.name)) if job.name.isdigit() else ():
                if read_result(folder) is None:
                    self.take_in(folder, late=True)
        self.storage.remove(f"searches/{self.key}")

    def forget(self, folder: Path) -> None:
        """Remove an attempt from the storage."""
        self.storage.remove(self.place(folder))

    def place(self, folder: Path) -> str:
        """Where an attempt stands in the storage."""
        return f"searches/{self.key}/{folder.parent.name}-{folder.name}"


def _key(directory: Path) -> str:
    """The search's own name in any storage, made once: names of searches are not unique."""
    path = directory / KEY
    found = opened(path.read_bytes()) if path.exists() else None
    if found is None:
        found = f"{directory.name}-{uuid.uuid4().hex[:12]}"
        path.write_bytes(sealed(found))
    return str(found)
