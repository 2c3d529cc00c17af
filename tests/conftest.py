"""Shared by all rooms: the command line as a process of its own, in a folder of its own."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background deaf to Ctrl-C, and every process begun here would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

SMALL = (
    "--max-trials", "4", "--max-epochs", "2", "--cv", "1", "--ensemble", "1", "--workers", "2",
    "--set", "num_layers=1", "--set", "front_end=none", "--set", "batch_size=32", "--set", "cell=lstm",
)  # fmt: skip
"""Limits with which a search of demo data takes seconds."""


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """This checkout first, whatever is installed."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "100"}


@pytest.fixture(scope="session")
def command(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``command(folder, "runs", "list")`` runs ``lstm-automl runs list`` there; ``code`` is what it must exit with."""

    def run(folder: Path, *args: str, code: int | None = 0, timeout: float = 1800) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "lstm_automl", *args],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip
        assert code is None or done.returncode == code, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def started(environment: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """As ``command``, but running; ``program`` is what Python runs."""

    def start(
        folder: Path, *args: str, program: Sequence[str] = ("-m", "lstm_automl"), **more: Any
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-u", *program, *args],
            cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,
        )  # fmt: skip

    return start


@pytest.fixture(scope="session")
def own_port() -> Callable[[], int]:
    """A free port for a server that takes its time to start, of those that no system gives away meanwhile."""

    def port() -> int:
        while True:
            found = random.SystemRandom().randrange(20_000, 30_000)
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", found))
                return found

    return port


@pytest.fixture(scope="session")
def small() -> tuple[str, ...]:
    """Options that make a search small."""
    return SMALL
