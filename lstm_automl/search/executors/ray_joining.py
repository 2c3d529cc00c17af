"""Joining a ray cluster: one clear error where ray itself would wait, print, or end the process."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

from lstm_automl.errors import UsageError

CONNECT_SECONDS = 5.0


def imported() -> Any:
    """The package, without its telemetry.

    Raises:
        UsageError: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise UsageError("--executor ray needs ray: pip install 'lstm_automl[ray]'") from None
    return ray


def knock(address: str) -> None:
    """Raise UsageError unless somebody listens there; ray itself would wait for a minute, then end the process."""
    host, _, port = address.partition("://")[2 if "://" in address else 0].rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"--address {address}: write HOST:PORT of the ray head, or ray://HOST:PORT")
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or error
        raise UsageError(f"--address {address}: no ray cluster answers there ({said})") from None


class Membership:
    """This process's one connection to ray: all searches share it, and the last to leave ends it.

    A connection that was there before stays. Whoever joins while another leaves waits until that is done.
    """

    def __init__(self) -> None:
        self._lock, self._members, self._address = threading.Lock(), 0, ""

    def join(self, address: str) -> None:
        """Connect, unless this process is connected.

        Raises:
            UsageError: nobody answers, another version of ray or Python does, or another search of this process is on
                another cluster.
        """
        ray = imported()
        knock(address)
        with self._lock:
            if not ray.is_initialized():
                self._members, self._address = 0, ""
                _connect(ray, address)
                self._address = address
            elif self._address not in ("", address):
                raise UsageError(f"--address {address}: this process is on the ray cluster at {self._address} already")
            self._members += 1

    def leave(self) -> None:
        """Let go of it: none of this member's threads may call ray afterwards, as that ends the process."""
        with self._lock:
            self._members -= 1
            if self._address and not self._members:
                self._address = ""
                imported().shutdown()


MEMBERSHIP = Membership()
"""ray itself keeps one connection a process."""


def _connect(ray: Any, address: str) -> None:
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", namespace="lstm_automl")
    except Exception as error:
        said = " ".join(str(error).split())
        text = f"--address {address}: no ray cluster answers there ({said})"
        text += "; is RAY_AUTH_MODE here what it is there, and the token?"
        raise UsageError(text) from None
    _quiet(ray)


def _quiet(ray: Any) -> None:
    """Ray prints on standard output what becomes of its processes; there is no setting for it, and we say it, too."""
    printing: Any = getattr(ray._private, "worker", None)
    if hasattr(printing, "_worker_logs_enabled"):
        printing._worker_logs_enabled = False
