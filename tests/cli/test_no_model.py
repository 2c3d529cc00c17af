"""A search in which every trial diverges: exit code 3, one reason, no model, and its trials to be looked at."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]

WORDS = (
    "search", "classification", "--data", "demo", "--name", "huge", "--max-trials", "2", "--max-epochs", "4",
    "--cv", "1", "--workers", "1", "--no-register", "--set", "num_layers=1", "--set", "front_end=none",
    "--set", "cell=simple_rnn", "--set", "batch_size=8",
    # each step takes 10 * 1 times the weights from the weights: they grow ninefold a step, beyond any float
    "--set", "learning_rate=10", "--set", "weight_decay=1", "--set", "schedule=constant", "--set", "ema=false",
)  # fmt: skip


def test_exit_code_3_where_every_trial_diverges(tmp_path: Path, command: Command) -> None:
    done = command(tmp_path, *WORDS, code=3)
    assert done.stderr.splitlines()[-1] == "Error: no valid trial (2 diverged); see 'lstm-automl runs show huge'"
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "searches" / "huge" / "bundle").exists()
    rows = json.loads(command(tmp_path, "runs", "show", "huge", "--json").stdout)
    assert [row["status"] for row in rows if row["kind"] == "trial"] == ["diverged", "diverged"]
    assert "no valid trial yet" in command(tmp_path, "runs", "list").stdout
    assert "no valid trial (2 diverged)" in command(tmp_path, "runs", "best", "huge", code=3).stderr
