"""Progress: counts, the better score, time left; plain lines and the live display."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lstm_automl.cli import progress
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, TrialRow
from lstm_automl.tasks.task import Direction


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def row(number: int, score: float | None, status: str = "completed") -> TrialRow:
    return TrialRow(number=number, values={}, status=status, score=score, loss=None, best_epoch=0, epochs=())


def spec(job: int, to_epoch: int = 4) -> RungSpec:
    return RungSpec(
        job=job, trial=job, purpose="search", fold=0, seed=0, values={}, search_seed=0, directory="", folder="",
        from_epoch=0, to_epoch=to_epoch, max_epochs=to_epoch, patience=None,
    )  # fmt: skip


@pytest.mark.parametrize(("direction", "best"), [("max", 0.9), ("min", 0.2)])
def test_best_so_far_goes_by_the_direction(
    direction: Direction, best: float, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = progress.PlainProgress("s", "metric", direction)
    shown.on_phase("search", 4)
    for number, score in enumerate([0.5, 0.9, 0.2, None]):
        shown.on_trial(row(number, score, "completed" if score else "diverged"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[s] search: 4 trials"
    assert lines[-1].startswith("[s] trial 3: diverged, 4/4 done, ")
    assert f", best {best} (trial " in lines[-1]


def test_trials_of_earlier_calls_count(capsys: pytest.CaptureFixture[str]) -> None:
    before = (row(0, 0.5), row(1, 0.8), row(2, None, "running"))
    shown = progress.PlainProgress("s", "accuracy", "max", before)
    shown.on_phase("search", 4)
    shown.on_trial(row(2, 0.6))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[s] search: 4 trials, 2 done before"
    said = r"\[s\] trial 2: accuracy 0.6, 3/4 done, 0s, about 0s left to search, best 0.8 \(trial 1\)"
    assert re.fullmatch(said, lines[1])


def test_a_trial_that_goes_on_is_counted_once(capsys: pytest.CaptureFixture[str]) -> None:
    shown = progress.PlainProgress("s", "accuracy", "max", (row(0, 0.5),))
    shown.on_phase("search", 3)
    shown.on_trial(replace(row(1, 0.6), epochs=((0.1, 0.6), (0.3,))))
    shown.on_trial(replace(row(0, 0.7), epochs=((0.7,),)))
    shown.on_trial(replace(row(1, 0.9), epochs=((0.1, 0.6, 0.9), (0.3,))))
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [re.search(r"accuracy (.*), (./3) done", line).groups() for line in lines] == [  # type: ignore[union-attr]
        ("0.6 after 2 epochs", "2/3"), ("0.7 after 1 epoch", "2/3"), ("0.9 after 3 epochs", "2/3"),
    ]  # fmt: skip
    assert lines[-1].endswith("best 0.9 (trial 1)")


def test_time_left_goes_by_the_pace_of_this_call() -> None:
    clock = Clock()
    shown = progress.PlainProgress("s", "m", "max", (row(0, 1.0),), clock=clock)
    shown.on_phase("search", 5)
    assert shown.left() is None
    clock.now = 30.0
    shown.on_trial(row(1, 1.0))
    assert shown.left() == 90.0
    shown.on_phase("select", 4)
    clock.now = 40.0
    shown.on_job_start(spec(7))
    shown.on_job_start(spec(8))
    shown.on_job_end(spec(7), RungResult(job=7, trial=7, status="completed"))
    shown.on_epoch(spec(8), Epoch(epoch=1, loss=0.0))
    assert shown.left() == pytest.approx(10 / 1.5 * 2.5)


def test_messages_go_where_progress_goes(capsys: pytest.CaptureFixture[str]) -> None:
    progress.PlainProgress("s", "m", "max", err=True).on_message("a worker died")
    assert capsys.readouterr().err == "[s] a worker died\n"


LIVE = """
from lstm_automl.cli import progress
from tests_progress import row, spec
with progress.kind_for()("s", "rmse", "min") as shown:
    shown.on_phase("search", 3)
    shown.on_job_start(spec(0))
    for number in range(3):
        shown.on_trial(row(number, 3.5 - number))
    shown.on_message("a worker died [of memory]")
    shown.on_phase("finish", 1)
"""


@pytest.mark.parametrize(("columns", "bar"), [(120, True), (50, False)])
def test_live_display_fits_the_terminal(columns: int, bar: bool, tmp_path: Path) -> None:
    (tmp_path / "tests_progress.py").write_text(Path(__file__).read_text())
    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{root}{os.pathsep}{tmp_path}",
        "COLUMNS": str(columns),
        "TERM": "xterm",
    }
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", LIVE], stdout=theirs, env=environment, cwd=tmp_path)
    os.close(theirs)
    said = b""
    while chunk := _read(ours):
        said += chunk
    os.close(ours)
    assert process.wait(300) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    assert max(map(len, lines)) <= columns
    assert ("━" in text) == bar
    assert "a worker died [of memory]" in lines
    last = [line for line in lines if line.startswith("search")][-1]
    assert "3/3" in last
    assert "best rmse 1.5 (trial 2)" in last
    assert any(line.startswith("finish") for line in lines)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other end has closed
        return b""


def test_a_stopped_trial_is_not_done_before(capsys: pytest.CaptureFixture[str]) -> None:
    from lstm_automl.cli.progress import PlainProgress
    from lstm_automl.search.contracts import TrialRow

    before = [TrialRow(0, {}, "completed", 0.5), TrialRow(1, {}, "stopped"), TrialRow(2, {}, "running")]
    PlainProgress("s", "accuracy", "max", before).on_phase("search", 3)
    assert "1 done before" in capsys.readouterr().out


def test_time_left_is_never_more_than_the_budget() -> None:
    clock = Clock()
    shown = progress.PlainProgress("s", "accuracy", "max", budget=60.0, clock=clock)
    shown.on_phase("search", 1000)
    clock.now = 20.0
    shown.on_trial(row(0, 0.5))
    assert shown.left() == 40.0
    clock.now = 90.0
    assert shown.left() == 0.0
