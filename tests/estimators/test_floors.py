"""The floors are computed while workers train: on one core."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from lstm_automl.estimators.finishing import FLOORS, known_baselines


def threads() -> set[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_floors_leave_the_cores_to_the_workers(tmp_path: Path) -> None:
    before, inside = threads(), list[set[int]]()

    def baselines(prepared: Any, options: Any) -> dict[str, Any]:
        inside.append(threads())
        return {"mean": {"valid": {"rmse": 1.0}}}

    problem: Any = SimpleNamespace(task=SimpleNamespace(baselines=baselines), prepared=None, options=None)
    assert known_baselines(problem, tmp_path) == {"mean": {"valid": {"rmse": 1.0}}}
    assert inside == [{1}]
    assert threads() == before
    (tmp_path / FLOORS).write_text('{"mean": {}}')
    assert known_baselines(problem, tmp_path) == {"mean": {}}
    assert len(inside) == 1, "computed again"
