"""One driver a search directory. Imports nothing heavy: it is asked first."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from lstm_automl.errors import LockedError, StorageError


class SearchLock:
    """The right to write in a search directory; the kernel takes it back when its owner dies.

    Args:
        directory: The search directory, made when absent.

    Raises:
        LockedError: by :meth:`acquire`, another driver has it; names its pid.
        StorageError: by :meth:`acquire`, the directory cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as directory, SearchLock(Path(directory)):
    ...     pass
    """

    def __init__(self, directory: Path) -> None:
        self.path = Path(directory) / "lock"
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock or raise within a second."""
        if self._fd is not None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StorageError(f"cannot lock {self.path.parent}: {error.strerror}") from error
        try:
            self._take(fd)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two drivers in."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _take(self, fd: int) -> None:
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # perhaps by :func:`is_held`, which looks for a moment
                time.sleep(0.05)
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
                raise LockedError(
                    f"another driver ({owner(fd)}) works on {self.path.parent}; "
                    "wait for it, stop it, or choose another --name"
                ) from None
            raise StorageError(f"cannot lock {self.path}: {error.strerror}") from error
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise StorageError(f"cannot write {self.path}: {error.strerror}") from error

    def __enter__(self) -> SearchLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_held(directory: Path) -> bool:
    """Whether a driver works in ``directory`` just now; writes nothing, and False where that cannot be told.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     is_held(Path(directory))
    False
    """
    try:
        fd = os.open(Path(directory) / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
    finally:
        os.close(fd)
    return False


def owner(fd: int) -> str:
    """``pid N`` as written by the owner; it may be just about to write it."""
    for _ in range(10):
        text = b""
        with contextlib.suppress(OSError):
            text = os.pread(fd, 32, 0)
        if text.endswith(b"\n") and text.strip().isdigit():
            return f"pid {int(text)}"
        time.sleep(0.03)
    return "pid unknown"
