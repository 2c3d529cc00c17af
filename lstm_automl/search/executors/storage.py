"""A directory by URL, through which a driver and the workers of a cluster pass files to each other."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lstm_automl.errors import StorageError, UsageError

LOCAL = ("file", "local")
NOT_SHARED = ("memory", "data")
"""File systems that live in one process: nothing passes through them."""


class DamagedError(StorageError):
    """A file is not what was written."""


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inside(folder: Path, name: str) -> Path:
    """The file of that name, in the folder or below: a name that others wrote leads nowhere else.

    Raises:
        StorageError: it would.

    >>> inside(Path("here"), "part/values.npy").as_posix()
    'here/part/values.npy'
    """
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise StorageError(f"{name!r} is not the name of a file in {folder}")
    return folder.joinpath(*parts)


def absolute(url: str) -> str:
    """The URL as another process, in another folder, may use it.

    >>> absolute("s3://bucket/place/")
    's3://bucket/place'
    """
    scheme, found, rest = url.partition("://")
    if found and scheme not in LOCAL:
        return url.rstrip("/")
    return "file://" + os.path.abspath(os.path.expanduser(rest if found else url))


class Storage:
    """A directory URL of any file system that fsspec knows.

    What is read is checked against a digest by whoever wrote down which; a half-written file is none.

    Args:
        url: ``file:///shared/place``, ``s3://bucket/place``, ...; a path is one of this machine.

    Raises:
        UsageError: no such file system, or its package is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = absolute(url)
        if not url.strip():
            raise UsageError("--storage is empty")
        scheme = self.url.partition("://")[0]
        if scheme in NOT_SHARED:
            raise UsageError(f"--storage {url}: {scheme}:// is seen by one process alone")
        try:
            import fsspec

            self._fs, self._root = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise UsageError(f"--storage {url}: {error}") from None
        except Exception as error:  # whatever a file system may say when it is asked for the first time
            raise UsageError(f"--storage {url}: {type(error).__name__}: {error}") from None

    def send(self, local: Path, name: str) -> None:
        """Copy a file there."""
        with self._said(name):
            self._parent(name)
            self._fs.put_file(str(local), self._path(name))

    def fetch(self, name: str, local: Path, digest: str) -> None:
        """Copy a file here by rename, if its content is what ``digest`` says.

        Raises:
            FileNotFoundError: it is not there.
            DamagedError: it is something else.
            StorageError: the storage cannot be read.
        """
        local.parent.mkdir(parents=True, exist_ok=True)
        temporary = local.with_name(f".{local.name}.{uuid.uuid4().hex}")
        try:
            with self._said(name):
                self._fs.get_file(self._path(name), str(temporary))
            if digest_of(temporary) != digest:
                raise DamagedError(f"{self.url}/{name} is damaged")
            temporary.replace(local)
        finally:
            temporary.unlink(missing_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        with self._said(name):
            self._parent(name)
            self._fs.pipe_file(self._path(name), content)

    def read(self, name: str) -> bytes | None:
        """A small file; None where there is none."""
        try:
            with self._said(name):
                self._fs.invalidate_cache()
                content: bytes = self._fs.cat_file(self._path(name))
                return content
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Remove a file or folder; that it cannot be removed is not worth an error."""
        with contextlib.suppress(Exception):
            self._fs.invalidate_cache()
            self._fs.rm(self._path(name), recursive=True)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _parent(self, name: str) -> None:
        with contextlib.suppress(Exception):  # object stores have no folders; elsewhere the write itself will say
            self._fs.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)

    @contextlib.contextmanager
    def _said(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:
            raise StorageError(f"{self.url}/{name}: {_words(error)}") from error


def _words(error: Any) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
