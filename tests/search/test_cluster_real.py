"""Real networks on real clusters, one worker killed: table and weights are those of this machine."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clusters import Dask, ray_cluster
from hdfs import file_server
from noted_rungs import HELD, MAPPED, RUNNER
from real_search import AtPromotion, trained

from lstm_automl.search.contracts import Executor
from lstm_automl.search.executors.local import LocalExecutor

Found = tuple[list[str], dict[str, Any]]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Table and weights of this machine."""
    return trained(tmp_path_factory.mktemp("local"), lambda directory: LocalExecutor(2, directory=directory))


def same(found: Found, wanted: Found) -> None:
    assert found[0] == wanted[0]
    assert found[1].keys() == wanted[1].keys()
    assert all(np.array_equal(found[1][name], wanted[1][name]) for name in wanted[1])


def killed(directory: Path) -> int:
    """Attempts that were at work when their worker died."""
    return len(list(directory.rglob("died.json")))


def on_dask(cluster: Dask, storage: str) -> Callable[[Path], Executor]:
    from lstm_automl.search.executors.dask import DaskExecutor

    def make(directory: Path) -> Executor:
        return DaskExecutor(address=cluster.address, directory=directory, storage=storage, runner=RUNNER)

    return make


@pytest.mark.slow
def test_dask_and_a_file_server(local: Found, tmp_path: Path) -> None:
    """Workers and driver have nothing in common but a server in the network; workers map a cache of their own."""
    pytest.importorskip("distributed", reason="needs the extra dask")
    place = tmp_path / "cluster"
    place.mkdir()
    with file_server() as server:
        cluster = Dask(place)

        def kill(trial: int) -> None:
            cluster.kill(trial)
            (place / HELD).unlink()

        (place / HELD).touch()
        try:
            cluster.add(2)
            same(trained(tmp_path / "search", on_dask(cluster, server.url), AtPromotion(kill)), local)
            assert len(cluster.workers) == 1
        finally:
            cluster.close()
        (data,) = (place / "cache" / "data").iterdir()
        sent = {name.removeprefix(f"/searches/data/{data.name}/") for name in server.most if "/data/" in name}
        assert sent - {"manifest.json"} == {p.name for p in data.iterdir()}
        assert any(name.endswith("/outcome.json") for name in server.most)
        assert not [name for name in server.files if "/data/" not in name and not name.endswith("/token")]
    assert killed(tmp_path / "search") == 1
    mapped = [json.loads(path.read_text()) for path in place.glob(f"{MAPPED}*")]
    wanted = [str(data.resolve() / f"{name}.npy") for name in ("field.x", "field.y", "example.end")]
    assert mapped
    assert all(files == wanted for files in mapped)
    assert (tmp_path / "search" / "search.db").is_file()
    assert not [*place.rglob("search.db*"), *(name for name in server.most if "search.db" in name)]


DRIVER = """
import os, signal, sys
from pathlib import Path
import numpy as np
from noted_rungs import HELD, RUNNER
from real_search import AtPromotion, trained
from slow_rungs import MARKS, mark_of
from lstm_automl.search.executors.ray import RayExecutor

address, directory, storage, out = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
make = lambda directory: RayExecutor(address=address, directory=directory, storage=storage, runner=RUNNER)
place = Path(os.environ[MARKS])

def kill(trial):
    os.kill(int(mark_of(place, trial).read_text()), signal.SIGKILL)
    (place / HELD).unlink()

(place / HELD).touch()
table, weights = trained(directory, make, AtPromotion(kill))
np.savez(out, **weights)
print("\\n".join(table))
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray")
def test_ray(local: Found, tmp_path: Path) -> None:
    """In a process of its own: ray belongs to a whole process."""
    place, directory, out = tmp_path / "cluster", tmp_path / "search", tmp_path / "weights.npz"
    place.mkdir()
    with ray_cluster(place) as (address, known):
        command = [sys.executable, "-c", DRIVER, address, str(directory), f"file://{tmp_path}/store", str(out)]
        done = subprocess.run(command, env=known, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    with np.load(out) as weights:
        same((done.stdout.splitlines(), dict(weights)), local)
    assert killed(directory) == 1
