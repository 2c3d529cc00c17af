"""Searches on a real ray of two CPUs: the table is the local one, also when one of its processes is killed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from clusters import ray_cluster, search
from slow_rungs import RUNNER as SLOW

from lstm_automl.search.driver import Limits
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.testing.search import facts, lines, small_space

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray")

META = facts(small_space(), limits=Limits(8, 4).to_json())

DRIVER = """
import os, signal, sys, threading
from pathlib import Path
from clusters import search, until
from slow_rungs import MARKS, hold_of, mark_of
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors.ray import RayExecutor
from lstm_automl.testing.executor import RUNNER, check_executor
from lstm_automl.testing.search import facts, lines, small_space

address, directory, storage, contract = sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
check_executor(lambda: RayExecutor(address=address, directory=contract, runner=RUNNER), contract)

mark, hold = mark_of(Path(os.environ[MARKS]), 4), hold_of(Path(os.environ[MARKS]), 4)

def kill():
    until(lambda: mark.exists() and mark.read_text(), "trial 4")
    os.kill(int(mark.read_text()), signal.SIGKILL)
    hold.unlink()

hold.touch()
threading.Thread(target=kill, daemon=True).start()
make = lambda: RayExecutor(address=address, directory=directory, runner="slow_rungs:run_rung", storage=storage)
table = search(directory, make, facts(small_space(), limits=Limits(8, 4).to_json()))
print("\\n".join(lines(table)))
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Mapping[str, str]]]:
    with ray_cluster(tmp_path_factory.mktemp("ray")) as made:
        yield made


def test_contract_and_a_killed_process(cluster: tuple[str, Mapping[str, str]], tmp_path: Path) -> None:
    """In a process of its own: ray belongs to a whole process."""
    (address, known), directory = cluster, tmp_path / "search"
    (tmp_path / "contract").mkdir()
    local = lines(search(tmp_path / "local", lambda: LocalExecutor(2, runner=SLOW), META))
    places = [str(directory), f"file://{tmp_path}/store", str(tmp_path / "contract")]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, address, *places], env=known, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == local
    killed = [p for p in directory.rglob("died.json") if "000003" not in str(p)]
    assert len(killed) == 1, "no process was killed at work"
