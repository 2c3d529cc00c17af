"""Whose doing the end of a worker was: a want of memory is the rung's, a kill while there is memory is somebody's."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.search import rung as real
from lstm_automl.search.contracts import RungResult, RungSpec, WorkerDied
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors import memory
from lstm_automl.search.executors.endings import EXHAUSTED, OUTSIDE
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.search.results import RESULT
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.testing import dummy
from lstm_automl.testing.executor import rung
from lstm_automl.testing.search import facts, make_driver, small_space

META = facts(small_space(), limits=Limits(4, 3).to_json(), oracle="grid")


def hungry(spec: RungSpec, on_epoch: Any) -> RungResult:
    """Trial 1 never has memory enough, trial 2 lacks it once; each rung notes its process."""
    (Path(spec.folder) / "pid").write_text(str(os.getpid()))
    if spec.trial == 1 or (spec.trial == 2 and spec.folder.endswith("attempt-1")):
        raise MemoryError("no room for 3 GiB")
    return dummy.run_rung(spec, on_epoch)


def harmed(spec: RungSpec, on_epoch: Any) -> RungResult:
    """Trial 1 is killed four times after its first epoch, with memory enough."""
    if spec.trial == 1 and int(spec.folder.rpartition("-")[2]) < 5:
        on_epoch(dummy.score(spec, 0))
        os.kill(os.getpid(), signal.SIGKILL)
    return dummy.run_rung(spec, on_epoch)


class Listen(Observer):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def on_message(self, text: str) -> None:
        self.said.append(text)


def searched(directory: Path, runner: str) -> tuple[list[str], list[str]]:
    """The status of each trial, and what was said."""
    listen = Listen()
    with ExitStack() as stack:
        store = stack.enter_context(closing(Store.open_or_create(directory, META)))
        executor = LocalExecutor(2, directory=directory, runner=f"{__name__}:{runner}", mode="fork")
        stack.enter_context(closing(executor))
        table = make_driver(directory, store, executor, observer=listen).search()
    return [row.status for row in table], listen.said


def test_a_rung_without_memory_enough_is_tried_in_other_processes_and_given_up(tmp_path: Path) -> None:
    statuses, said = searched(tmp_path, "hungry")
    assert statuses == ["completed", "failed", "completed", "completed"]
    assert sum(f"{EXHAUSTED}: no room for 3 GiB" in text for text in said) == 4
    hungry = [(p.parent / "pid").read_text() for p in tmp_path.glob("jobs/*/attempt-*/died.json")]
    assert len(hungry) == len(set(hungry)) == 4, "a process that lacked memory was used again"
    with StoreView(tmp_path) as view:
        result = view.jobs()[1].result
    assert result is not None
    assert "died 3 times" in result.error


@pytest.mark.skipif(memory.oom_kills() is None, reason="this machine does not tell whom it kills for want of memory")
def test_kills_by_somebody_do_not_count_wherever_they_strike(tmp_path: Path) -> None:
    statuses, said = searched(tmp_path, "harmed")
    assert statuses == ["completed"] * 4
    assert sum(OUTSIDE in text for text in said) == 4


def test_tensorflow_without_memory_is_no_failed_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class ResourceExhaustedError(Exception):
        """As TensorFlow's is called, which takes ten seconds to import."""

    def train(*_: Any) -> RungResult:
        raise ResourceExhaustedError("OOM when allocating tensor")

    monkeypatch.setattr(real, "_train", train)
    spec = rung(tmp_path, 0)
    with pytest.raises(MemoryError, match="OOM when allocating"):
        real.run_rung(spec, lambda epoch: None)
    assert not (Path(spec.folder) / RESULT).exists()


def test_a_want_of_memory_in_a_pool_is_a_death(tmp_path: Path) -> None:
    with closing(FuturesExecutor(ThreadPoolExecutor(1), 1, runner=f"{__name__}:hungry")) as executor:
        spec = rung(tmp_path, 0, trial=1)
        Path(spec.folder).mkdir(parents=True, exist_ok=True)
        death = executor.submit(spec, lambda epoch: None).exception(300)
    assert isinstance(death, WorkerDied)
    assert not death.ours


def test_kills_for_want_of_memory_are_counted_by_the_system(tmp_path: Path) -> None:
    assert memory.oom_kills(tmp_path) is None
    (tmp_path / "vmstat").write_text("pgfault 17\noom_kill 3\noom_kill_other 9\n")
    assert memory.oom_kills(tmp_path) == 3
    assert [memory.starved_since(before, tmp_path) for before in (None, 2, 3)] == [None, True, False]
