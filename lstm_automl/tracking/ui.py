"""Start the MLflow UI on this machine and say where a search's charts are."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lstm_automl.errors import LstmAutomlError, UsageError, as_typed
from lstm_automl.tracking import links
from lstm_automl.tracking.client import connect, quiet, resolve
from lstm_automl.tracking.patience import impatient

HOST = "127.0.0.1"
FIRST_PORT = 5000
_SECONDS = 300.0


def serve(
    names: Sequence[str],
    uri: str | None = None,
    *,
    port: int | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Run the UI until it is stopped (Ctrl-C), after printing links to the charts of the searches ``names``.

    Args:
        names: Experiments.
        uri: Tracking URI; a server's own UI is not started again, only its links are printed.
        port: On 127.0.0.1; None = the first free one from 5000.
        say: Prints a line.

    Raises:
        UsageError: the port is taken.
        LstmAutomlError: the UI does not start.
    """
    where = resolve(uri)
    if where.startswith(("http://", "https://")):
        tell(names, where, where.rstrip("/"), say)
        return
    connect(where)
    with running(where, port) as (process, base):
        say(f"MLflow UI: {base}  (Ctrl-C stops it)")
        tell(names, where, base, say)
        code = process.wait()
        if code not in (0, -signal.SIGINT, -signal.SIGTERM):
            raise LstmAutomlError(f"the MLflow UI ended with code {code}")


@impatient(seconds=20, retries=1)
def tell(names: Sequence[str], uri: str, base: str, say: Callable[[str], None]) -> None:
    """Print the links of each search.

    Args:
        names: Of searches.
        uri: Tracking URI.
        base: Where the UI listens.
        say: Given each line.
    """
    client = connect(uri)
    for name in names:
        found = links.of_search(client, base, name)
        for what, address in found.items():
            say(f"{name}, {'curves of all trials' if what == 'charts' else 'parameters side by side'}:\n  {address}")
        if not found:
            say(f"{name}: MLflow knows nothing of it yet ('lstm-automl sync {as_typed(name)}' sends it)")


@contextmanager
def running(uri: str, port: int | None = None) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The UI's process and address; within the block it answers, after it is gone."""
    quiet()
    chosen = free_port() if port is None else _checked(port)
    base = f"http://{HOST}:{chosen}"
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", uri, "--registry-store-uri", uri]
    command += ["--host", HOST, "--port", str(chosen), "--workers", "1", "--uvicorn-opts", "--log-level warning"]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "MLFLOW_LOGGING_LEVEL": "ERROR"}
    # seven processes for scheduled evaluations of language models
    environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        _wait_until_up(process, base)
        yield process, base
    finally:
        _stop(process)


def free_port() -> int:
    """The first port from 5000 that nobody listens on.

    Raises:
        LstmAutomlError: there is none.
    """
    for port in range(FIRST_PORT, FIRST_PORT + 1000):
        if _is_free(port):
            return port
    raise LstmAutomlError(f"no free port from {FIRST_PORT} on")


def _checked(port: int) -> int:
    if not _is_free(port):
        raise UsageError(f"port {port} is taken; leave --port out for a free one")
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError:
            return False
    return True


def _wait_until_up(process: subprocess.Popen[bytes], base: str) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise LstmAutomlError(f"the MLflow UI did not start (code {process.returncode})")
        try:
            with urllib.request.urlopen(f"{base}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise LstmAutomlError(f"the MLflow UI does not answer at {base} after {_SECONDS:.0f} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and the workers it started: they are one group."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, kind)
        except ProcessLookupError:
            break
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            continue
