"""kill -9 of a driver at random moments: what MLflow shows in the end is what an undisturbed search shows."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import killed
import pytest
from recorded import history, runs_of

from lstm_automl.tracking.tracker import sync


@pytest.mark.slow
def test_kills_lose_and_double_nothing(uri: str, tmp_path: Path) -> None:
    root = str(Path(killed.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, str(Path(killed.__file__).parent)])}
    command = [sys.executable, killed.__file__, str(tmp_path / "demo"), uri]
    moments, kills = random.Random(1), 4
    (tmp_path / "hold").touch()
    for attempt in range(kills + 1):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == b"ready\n"
            if attempt < kills:
                time.sleep(moments.uniform(0.0, 0.5))
                process.kill()
        assert process.wait(600) == (-signal.SIGKILL if attempt < kills else 0)
        if attempt == kills - 1:
            (tmp_path / "hold").unlink()
        if attempt == 1:
            sync(tmp_path / "demo", uri, "demo")
            assert {run.info.status for run in runs_of(uri).values()} <= {"KILLED", "FINISHED"}
    runs = runs_of(uri)
    assert sorted(runs) == sorted([*map(str, range(killed.TRIALS)), "parent"])
    for trial in range(killed.TRIALS):
        curve = [(e, pytest.approx(killed.score(trial, e))) for e in range(killed.EPOCHS)]
        assert history(uri, runs[str(trial)], "accuracy") == curve
        assert len(history(uri, runs[str(trial)], "objective")) == 1
        assert runs[str(trial)].data.params["units"] == "8"
    assert [step for step, _ in history(uri, runs["parent"], "best_objective")] == list(range(killed.TRIALS))
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
