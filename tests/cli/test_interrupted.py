"""Kills and signals in mid-search, with real processes and real training: nothing finished is lost or run twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.search.view import StoreView

NAME = "classification-demo"
HELD = (str(Path(__file__).with_name("held_cli.py")),)
"""A search that goes no further than the trials that the file ``hold`` says."""
Command = Callable[..., subprocess.CompletedProcess[str]]
Started = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def search(small: tuple[str, ...]) -> tuple[str, ...]:
    return ("search", "classification", "--data", "demo", *small, "--max-trials", "6", "--no-register")


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, command: Command, search: tuple[str, ...]) -> list[Any]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    command(folder, *search)
    return facts(folder)


def facts(folder: Path) -> list[Any]:
    """All a table says."""
    with StoreView(folder / "searches" / NAME) as view:
        return [(t.number, dict(t.values), t.score, t.loss, t.best_epoch, t.status) for t in view.table()]


def finished_jobs(folder: Path) -> dict[int, Any]:
    with StoreView(folder / "searches" / NAME) as view:
        return {j.spec.job: j.result for j in view.jobs() if j.result is not None and j.result.status == "completed"}


def attempts(folder: Path, job: int) -> int:
    found = [p for p in (folder / "searches" / NAME / "jobs").rglob("attempt-*") if int(p.parent.name) == job]
    return len(found)


def until_trials(process: subprocess.Popen[str], wanted: int) -> None:
    """Read the progress until that many trials are done."""
    assert process.stdout is not None
    seen: list[str] = []
    while sum("] trial " in line for line in seen) < wanted:
        line = process.stdout.readline()
        assert line, f"ended early: {seen} {process.stderr.read() if process.stderr else ''}"
        seen.append(line)


@contextmanager
def writer(fifo: Path, reader: subprocess.Popen[str]) -> Iterator[None]:
    """Somebody who opens a pipe once it is being read, and writes nothing."""
    descriptor = None
    while descriptor is None:
        assert reader.poll() is None, reader.communicate()
        with suppress(OSError):  # nobody reads yet
            descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.01)
    yield
    os.close(descriptor)


@pytest.fixture
def ended(started: Started) -> Iterator[Started]:
    """Processes that do not outlive their test."""
    processes: list[subprocess.Popen[str]] = []

    def start(*args: Any, **more: Any) -> subprocess.Popen[str]:
        processes.append(started(*args, **more))
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.slow
def test_after_kill_9_the_same_command_makes_the_same_table(
    tmp_path: Path, ended: Started, command: Command, search: tuple[str, ...], uninterrupted: list[Any]
) -> None:
    (tmp_path / "hold").write_text("2")
    process = ended(tmp_path, *search, program=HELD)
    until_trials(process, 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = finished_jobs(tmp_path)
    assert len(before) >= 2
    assert facts(tmp_path) != uninterrupted
    runs = {job: attempts(tmp_path, job) for job in before}
    assert set(runs.values()) == {1}

    said = command(tmp_path, *search).stdout

    assert "done before" in said
    assert facts(tmp_path) == uninterrupted
    assert {job: attempts(tmp_path, job) for job in before} == runs  # no finished job ran again
    assert {job: result for job, result in finished_jobs(tmp_path).items() if job in before} == before


@pytest.mark.slow
def test_ctrl_c_stops_in_order_and_resume_completes(
    tmp_path: Path, ended: Started, command: Command, search: tuple[str, ...], uninterrupted: list[Any]
) -> None:
    (tmp_path / "hold").write_text("1")
    process = ended(tmp_path, *search, program=HELD)
    until_trials(process, 1)

    second = command(tmp_path, *search, code=2)  # while the first works
    assert f"another driver (pid {process.pid}) works on searches/{NAME}" in second.stderr
    refused = command(tmp_path, "resume", NAME, code=2)
    assert f"pid {process.pid}" in refused.stderr
    assert process.poll() is None

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert f"stopped; 'lstm-automl resume {NAME}' continues where it was" in errors
    assert "Traceback" not in errors
    before = finished_jobs(tmp_path)

    result = json.loads(command(tmp_path, "resume", NAME, "--json").stdout.splitlines()[-1])

    assert facts(tmp_path) == uninterrupted
    assert result["trials"] == 6
    assert {job: r for job, r in finished_jobs(tmp_path).items() if job in before} == before
    listed = command(tmp_path, "runs", "list").stdout
    assert "6 trials" in listed
    assert "model" in listed


def test_a_signal_before_the_search_writes_nothing(tmp_path: Path, ended: Started) -> None:
    fifo = tmp_path / "slow.csv"
    os.mkfifo(fifo)  # reading waits for a writer: a data set that takes long to read
    process = ended(tmp_path, "search", "classification", "--data", "slow.csv")
    with writer(fifo, process):
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert [p.name for p in tmp_path.iterdir()] == ["slow.csv"]
