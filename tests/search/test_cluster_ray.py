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

CONTRACT = """
from lstm_automl.testing.executor import RUNNER, check_executor
check_executor(lambda: RayExecutor(address=address, directory=directory, runner=RUNNER), directory)
"""

KILLED = """
import os, signal, psutil
from clusters import Heard, search
from lstm_automl.search.driver import Limits
from lstm_automl.testing.search import facts, lines, small_space

def kill():
    actors = [p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [""])[0].startswith("ray::Actor")]
    ours = [p for p in actors if p.environ().get("RAY_AUTH_TOKEN") == os.environ["RAY_AUTH_TOKEN"]]
    assert len(ours) == 2, ours
    os.kill(ours[0].pid, signal.SIGKILL)

make = lambda: RayExecutor(address=address, directory=directory, runner="slow_rungs:run_rung", storage=storage)
table = search(directory, make, facts(small_space(), limits=Limits(8, 4).to_json()), Heard(2, kill))
print("\\n".join(lines(table)))
"""

BEGIN = """
import sys
from pathlib import Path
from lstm_automl.search.executors.ray import RayExecutor
address, directory, storage = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Mapping[str, str]]]:
    with ray_cluster(tmp_path_factory.mktemp("ray")) as made:
        yield made


def driver(cluster: tuple[str, Mapping[str, str]], directory: Path, code: str) -> str:
    """Run a driver in a process of its own: ray belongs to a whole process."""
    address, environment = cluster
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code, address, str(directory), f"file://{directory}-store"],
        env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_contract(cluster: tuple[str, Mapping[str, str]], tmp_path: Path) -> None:
    driver(cluster, tmp_path, CONTRACT)


def test_a_killed_process_and_a_trial_that_kills(cluster: tuple[str, Mapping[str, str]], tmp_path: Path) -> None:
    local = lines(search(tmp_path / "local", lambda: LocalExecutor(2, runner=SLOW), META))
    assert driver(cluster, tmp_path / "search", KILLED).splitlines() == local
    assert list(tmp_path.rglob("died.json"))
