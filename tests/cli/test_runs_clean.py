"""``runs clean`` leaves alone what a search still needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_automl.cli.main import run
from lstm_automl.cli.runs import clean


def test_an_unfinished_search_keeps_its_checkpoints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "half" / "jobs" / "000000" / "attempt-1" / "checkpoint.npz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    (tmp_path / "half" / "request.json").write_text("{}")
    assert run(["runs", "clean", "half", "--home", str(tmp_path), "--yes"]) == 2
    assert "is not finished and needs its checkpoints: resume it first" in capsys.readouterr().err
    assert kept.exists()


def test_a_finished_search_is_asked_about(tmp_path: Path) -> None:
    kept = tmp_path / "done" / "jobs" / "000000" / "attempt-1" / "checkpoint.npz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"x")
    (tmp_path / "done" / "bundle").mkdir()
    (tmp_path / "done" / "request.json").write_text("{}")
    asked = CliRunner().invoke(clean, ["done", "--home", str(tmp_path)], input="n\n")
    assert (asked.exit_code, kept.exists()) == (0, True)
    assert "nothing removed" in asked.output
    unanswered = CliRunner().invoke(clean, ["done", "--home", str(tmp_path)], input="")
    assert (unanswered.exit_code, kept.exists()) == (2, True)
    assert "nobody answers; give --yes" in unanswered.output
    assert CliRunner().invoke(clean, ["done", "--home", str(tmp_path)], input="y\n").exit_code == 0
    assert not kept.exists()
