"""Real training in worker processes: a fresh process, a forked one and one that has compiled the graph before agree."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from lstm_automl.data.sequences import Parts
from lstm_automl.models import checkpoint
from lstm_automl.search.contracts import RungSpec
from lstm_automl.search.executors import ready
from lstm_automl.search.executors.devices import Mode
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.tasks.classification import Classification
from lstm_automl.tasks.problem import Problem

VALUES = {"units": 4, "dropout": 0.2, "batch_size": 16, "bidirectional": True, "learning_rate": 0.01}


def spec(directory: Path, name: str, job: int) -> RungSpec:
    """Two epochs of trial ``job``."""
    folder = directory / name / str(job)
    folder.mkdir(parents=True)
    return RungSpec(job, job, "search", 0, 0, VALUES, 0, str(directory), str(folder), 0, 2, 2)


def trained(directory: Path, mode: Mode, *jobs: int) -> dict[str, np.ndarray]:
    """What one worker leaves of the last of these jobs."""
    with closing(LocalExecutor(1, directory=directory, mode=mode)) as executor:
        for job in jobs:
            work = spec(directory, f"{mode}-{len(jobs)}", job)
            result = executor.submit(work, lambda epoch: None).result(300)
            assert result.status == "completed", result
    return checkpoint.read(Path(work.folder) / "checkpoint.npz")[0]


@pytest.mark.slow
def test_where_and_after_what_a_rung_runs_changes_nothing(tmp_path: Path) -> None:
    task = Classification()
    data, options = task.demo(0)
    Problem(task, options, task.prepare(Parts(data), options, folds=2), task.metrics[0]).save(tmp_path / "data")
    with ready.at_hand():
        whole, later = trained(tmp_path, "fork", 7), trained(tmp_path, "fork", 3, 7)
    assert any(np.ptp(value) > 0 for value in whole.values())
    for other in (later, trained(tmp_path, "spawn", 7)):
        assert whole.keys() == other.keys()
        assert all(np.array_equal(whole[name], other[name]) for name in whole)
