"""Every registered executor, and pools adapted to one, keep the executor contract."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lstm_automl import plugins
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.testing.executor import RUNNER, check_executor

HERE = [n for n in plugins.names("executor") if "address" not in plugins.find("executor", n).reads]
"""Those that need a cluster: tests/search/test_cluster_*.py."""


@pytest.mark.parametrize("name", HERE)
def test_contract(name: str, tmp_path: Path) -> None:
    kind = plugins.load("executor", name)
    assert kind.name == name
    check_executor(lambda: kind(2, directory=tmp_path, runner=RUNNER), tmp_path)


@pytest.mark.parametrize("mode", ["fork", "spawn"])
def test_local_in_both_modes(mode: str, tmp_path: Path) -> None:
    check_executor(lambda: LocalExecutor(2, directory=tmp_path, runner=RUNNER, mode=mode), tmp_path)


def test_adapted_threads(tmp_path: Path) -> None:
    check_executor(lambda: FuturesExecutor(ThreadPoolExecutor(2), 2, runner=RUNNER), tmp_path)
