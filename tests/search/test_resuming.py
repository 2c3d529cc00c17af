"""However a run is cut, killed or damaged on its way: its weights and scores are those of the uninterrupted run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_automl.models import checkpoint, graph
from lstm_automl.search import rung
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.results import read_result, write_checked
from lstm_automl.search.rows import spec_to_json
from lstm_automl.search.rung import run_rung

VALUES = {
    "units": 4, "dropout": 0.3, "batch_size": 16, "schedule": "one_cycle", "ema": True, "weight_decay": 0.01,
    "augment": "mixup", "bidirectional": True, "front_end": "cnn1d", "conv_filters": 4, "learning_rate": 0.01,
}  # fmt: skip
EPOCHS = 10


def nobody(_: Epoch) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def whole(directory: Path) -> RungSpec:
    """Ten epochs in one rung."""
    spec = RungSpec(
        job=0, trial=0, purpose="search", fold=0, seed=0, values=VALUES, search_seed=0, directory=str(directory),
        folder=str(directory / "whole"), from_epoch=0, to_epoch=EPOCHS, max_epochs=EPOCHS, patience=20,
    )  # fmt: skip
    assert run_rung(spec, nobody).status == "completed"
    return spec


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rung, "SAVE_SECONDS", 0.0)


def state(folder: str | Path) -> tuple[dict[str, np.ndarray], Any]:
    arrays, extra = checkpoint.read(Path(folder) / "checkpoint.npz")
    return arrays, extra["progress"]


def scores(result: RungResult | None) -> list[Any]:
    assert result is not None
    return [(e.epoch, e.loss, dict(e.scores)) for e in result.epochs]


def assert_same(spec: RungSpec, whole: RungSpec, since: int = 0) -> None:
    (a, progress_a), (b, progress_b) = state(spec.folder), state(whole.folder)
    assert a.keys() == b.keys()
    assert all(np.array_equal(a[name], b[name]) for name in a)
    assert progress_a == progress_b
    found, wanted = read_result(Path(spec.folder)), read_result(Path(whole.folder))
    assert scores(found) == scores(wanted)[since:]
    assert found is not None
    assert wanted is not None
    assert (found.best_epoch, found.score, found.loss) == (wanted.best_epoch, wanted.score, wanted.loss)


def rungs(whole: RungSpec, place: Path, count: int) -> list[RungSpec]:
    """The run in ``count`` rungs, each a job of its own."""
    made: list[RungSpec] = []
    for k in range(count):
        attempt = place / f"{k:06d}" / "attempt-1"
        parent = str(Path(made[-1].folder) / "checkpoint.npz") if made else None
        ends = [EPOCHS * (k + i) // count for i in (0, 1)]
        made.append(replace(whole, job=k, folder=str(attempt), parent=parent, from_epoch=ends[0], to_epoch=ends[1]))
        attempt.mkdir(parents=True)
        write_checked(attempt / "spec.json", {"work": spec_to_json(made[-1])})
        run_rung(made[-1], nobody)
    return made


def test_ten_rungs(whole: RungSpec, tmp_path: Path) -> None:
    assert_same(rungs(whole, tmp_path, 10)[-1], whole, since=9)


def test_ten_rungs_each_with_its_own_graph(whole: RungSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MOST", 0)
    assert_same(rungs(whole, tmp_path, 3)[-1], whole, since=6)


def test_a_killed_process(whole: RungSpec, tmp_path: Path) -> None:
    specs = [replace(whole, folder=str(tmp_path / f"attempt-{k}")) for k in (1, 2)]
    script = (
        "import os, signal, sys, json\n"
        "from lstm_automl.search import rung\n"
        "from lstm_automl.search.contracts import RungSpec\n"
        "rung.SAVE_SECONDS = 0.0\n"
        "def die(epoch):\n"
        "    if epoch.epoch == 6: os.kill(os.getpid(), signal.SIGKILL)\n"
        "rung.run_rung(RungSpec(**json.loads(sys.argv[1])), die)\n"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(rung.__file__).parents[2]), os.environ.get("PYTHONPATH", "")]),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    ended = subprocess.run([sys.executable, "-c", script, json.dumps(specs[0].to_json())], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert state(specs[0].folder)[1]["next_epoch"] == 6
    heard: list[int] = []
    trained: list[int] = []
    original = rung._Report.__call__

    def counted(self: Any, found: Any) -> None:
        trained.append(found.epoch)
        original(self, found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rung._Report, "__call__", counted)
        run_rung(specs[1], lambda e: heard.append(e.epoch))
    assert heard == list(range(EPOCHS))
    assert trained == [6, 7, 8, 9]
    assert_same(specs[1], whole)


@pytest.mark.usefixtures("often")
def test_killed_again_and_again(whole: RungSpec, tmp_path: Path) -> None:
    """Each attempt gets two epochs further; one leaves nothing at all."""

    class Died(BaseException):
        pass

    for attempt, last in enumerate([1, 3, 3, 6], start=1):
        spec = replace(whole, folder=str(tmp_path / f"attempt-{attempt}"))

        def die(epoch: Epoch, last: int = last) -> None:
            if epoch.epoch == last:
                raise Died

        with pytest.raises(Died):
            run_rung(spec, die)
    (tmp_path / "attempt-2" / "checkpoint.npz").write_bytes(b"half")
    last_one = replace(whole, folder=str(tmp_path / "attempt-5"))
    run_rung(last_one, nobody)
    assert_same(last_one, whole)


@pytest.mark.usefixtures("often")
def test_what_another_run_left_is_not_gone_on_from(whole: RungSpec, tmp_path: Path) -> None:
    for k, changes in enumerate([{"trial": 1}, {"patience": 3}, {"subset": 0.5}, {"values": {**VALUES, "units": 5}}]):
        run_rung(replace(whole, folder=str(tmp_path / f"attempt-{k}"), to_epoch=4, **changes), nobody)  # type: ignore[arg-type]
    spec = replace(whole, folder=str(tmp_path / "attempt-9"))
    run_rung(spec, nobody)
    assert_same(spec, whole)


@pytest.mark.parametrize("lost", [(1,), (0, 1), (0,)], ids=["parent", "parent and grandparent", "grandparent"])
@pytest.mark.parametrize("how", ["flipped", "gone"])
def test_a_damaged_parent(whole: RungSpec, tmp_path: Path, lost: tuple[int, ...], how: str) -> None:
    made = rungs(whole, tmp_path, 3)
    for k in lost:
        path = Path(made[k].folder) / "checkpoint.npz"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 4
        path.unlink() if how == "gone" else path.write_bytes(content)
    again = replace(made[2], folder=str(tmp_path / "000002" / "attempt-2"))
    (Path(made[2].folder) / "checkpoint.npz").unlink()
    heard: list[int] = []
    run_rung(again, lambda e: heard.append(e.epoch))
    assert heard == [6, 7, 8, 9]
    assert_same(again, whole, since=6)


def test_stopped_while_the_lost_part_is_trained_again(whole: RungSpec, tmp_path: Path) -> None:
    made = rungs(whole, tmp_path, 3)
    for spec in made:
        (Path(spec.folder) / "checkpoint.npz").unlink()
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 6

    first, second = (replace(made[2], folder=str(tmp_path / "000002" / f"attempt-{k}")) for k in (2, 3))
    assert run_rung(first, nobody, stop).status == "stopped"
    assert 0 < state(first.folder)[1]["next_epoch"] < 6
    run_rung(second, nobody)
    assert_same(second, whole, since=6)


def test_a_checkpoint_that_goes_away_once_it_is_read(
    whole: RungSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = rungs(whole, tmp_path, 2)
    again = replace(made[1], folder=str(tmp_path / "000001" / "attempt-2"))
    original = checkpoint.read

    def read(path: Path) -> Any:
        found = original(path)
        path.unlink()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "read", read)
        assert run_rung(again, nobody).error == ""
    assert_same(again, whole, since=5)
