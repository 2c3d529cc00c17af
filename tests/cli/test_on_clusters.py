"""``search --executor dask`` and ``--executor ray`` from the command line: what one machine finds, to the last bit."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from clusters import Dask, environment, ray_cluster

SEARCH = (
    "search", "classification", "--data", "demo", "--name", "demo", "--max-trials", "3", "--max-epochs", "2",
    "--cv", "1", "--ensemble", "1", "--set", "num_layers=1", "--set", "front_end=none", "--set", "batch_size=32",
    "--set", "cell=lstm", "--json",
)  # fmt: skip

Found = tuple[list[dict[str, Any]], dict[str, Any]]


def found(folder: Path, known: Mapping[str, str], *more: str) -> Found:
    """The table of a search and what it says at its end, less what tells the time."""

    def run(*words: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "lstm_automl", *words],
            cwd=folder, env=known, capture_output=True, text=True, timeout=1800,
        )  # fmt: skip
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    folder.mkdir()
    said = run(*SEARCH, *more)
    del said["seconds"]
    table = run("runs", "show", "demo", "--json")
    assert [row["status"] for row in table if row["kind"] == "trial"] == ["completed"] * 3
    return table, said


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What one machine finds."""
    return found(tmp_path_factory.mktemp("local") / "here", environment(), "--workers", "2")


@pytest.mark.slow
def test_dask(local: Found, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="needs the extra dask")
    place = tmp_path / "cluster"
    place.mkdir()
    cluster = Dask(place)
    try:
        cluster.add(2)
        cluster.wait()
        there = ("--executor", "dask", "--address", cluster.address, "--storage", f"file://{tmp_path}/store")
        assert found(tmp_path / "here", environment(), *there) == local
        assert all(process.poll() is None for process in cluster.workers), "the cluster stays"
    finally:
        cluster.close()
    trained(tmp_path / "here", place)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray")
def test_ray(local: Found, tmp_path: Path) -> None:
    place = tmp_path / "cluster"
    place.mkdir()
    with ray_cluster(place) as (address, known):
        there = ("--executor", "ray", "--address", address, "--storage", f"file://{tmp_path}/store")
        assert found(tmp_path / "here", known, *there) == local
    trained(tmp_path / "here", place)


def trained(folder: Path, place: Path) -> None:
    """Not here: the workers have fetched the data, and those are all of the data."""
    (data,) = (place / "cache" / "data").iterdir()
    assert {p.name for p in data.iterdir()} == {p.name for p in (folder / "searches" / "demo" / "data").iterdir()}
