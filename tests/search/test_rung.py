"""A rung is pure: equal specs give equal results, in one piece or several, and every ending is a result."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstm_automl.errors import StorageError
from lstm_automl.models import checkpoint
from lstm_automl.search import rung
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.results import read_result
from lstm_automl.search.resuming import seed_key
from lstm_automl.search.rung import run_rung
from lstm_automl.tasks.problem import Problem

VALUES = {"units": 4, "dropout": 0.2, "batch_size": 16, "schedule": "cosine", "ema": True, "learning_rate": 0.01}


@pytest.fixture
def spec(directory: Path, tmp_path: Path) -> RungSpec:
    return RungSpec(
        job=0, trial=0, purpose="search", fold=0, seed=0, values=VALUES, search_seed=0, directory=str(directory),
        folder=str(tmp_path / "a"), from_epoch=0, to_epoch=3, max_epochs=6,
    )  # fmt: skip


def nobody(_: Epoch) -> None:
    """Nobody listens."""


def plain(result: RungResult) -> dict[str, Any]:
    """All but times."""
    epochs = [{**e, "seconds": 0} for e in result.to_json()["epochs"]]
    return {**result.to_json(), "seconds": 0, "epochs": epochs}


def arrays(folder: str | Path) -> dict[str, np.ndarray]:
    return checkpoint.read(Path(folder) / "checkpoint.npz")[0]


def equal(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def test_what_it_leaves(spec: RungSpec) -> None:
    heard: list[Epoch] = []
    result = run_rung(spec, heard.append)
    folder = Path(spec.folder)
    assert result.status == "completed"
    assert result.error == ""
    assert tuple(heard) == result.epochs
    assert [e.epoch for e in result.epochs] == [0, 1, 2]
    best = result.epochs[result.best_epoch].scores
    assert (result.score, result.loss) == (best["accuracy"], best["val_loss"])
    assert read_result(folder) == result
    lines = [Epoch(**json.loads(line)) for line in (folder / "progress.jsonl").read_text().splitlines()]
    assert lines == heard
    assert sorted(p.name for p in folder.iterdir()) == ["checkpoint.npz", "progress.jsonl", "result.json"]


def test_done_is_done(spec: RungSpec) -> None:
    result = run_rung(spec, nobody)
    heard: list[Epoch] = []
    assert run_rung(spec, heard.append) == result
    assert heard == []


def test_a_damaged_result_is_made_again(spec: RungSpec) -> None:
    result = run_rung(spec, nobody)
    file = Path(spec.folder) / "result.json"
    file.write_text(file.read_text().replace("completed", "completes"))
    assert plain(run_rung(spec, nobody)) == plain(result)


def test_pieces_equal_the_whole(spec: RungSpec, tmp_path: Path) -> None:
    whole = run_rung(replace(spec, to_epoch=6), nobody)
    first = run_rung(replace(spec, folder=str(tmp_path / "b"), to_epoch=2), nobody)
    parent = str(tmp_path / "b" / str(first.checkpoint))
    second = run_rung(replace(spec, folder=str(tmp_path / "c"), from_epoch=2, to_epoch=6, parent=parent), nobody)
    assert [e.scores for e in whole.epochs] == [e.scores for e in (*first.epochs, *second.epochs)]
    assert (whole.best_epoch, whole.score, whole.loss) == (second.best_epoch, second.score, second.loss)
    assert equal(arrays(spec.folder), arrays(tmp_path / "c"))


def test_every_part_of_the_key_counts(spec: RungSpec) -> None:
    others = [
        replace(spec, search_seed=1), replace(spec, trial=1), replace(spec, fold=1), replace(spec, seed=1),
        replace(spec, purpose="seed"), replace(spec, purpose="refit", fold=-1),
    ]  # fmt: skip
    assert len({seed_key(s) for s in (spec, *others)}) == 7
    assert seed_key(replace(spec, job=9, folder="x", to_epoch=5)) == seed_key(spec)


def test_another_seed_other_weights(spec: RungSpec, tmp_path: Path) -> None:
    run_rung(replace(spec, to_epoch=1), nobody)
    run_rung(replace(spec, to_epoch=1, seed=1, folder=str(tmp_path / "b")), nobody)
    assert not equal(arrays(spec.folder), arrays(tmp_path / "b"))


def test_refit_has_no_scores(spec: RungSpec) -> None:
    result = run_rung(replace(spec, purpose="refit", fold=-1, to_epoch=1, patience=1), nobody)
    assert (result.status, result.score, result.loss, result.best_epoch) == ("completed", None, None, 0)
    assert result.epochs[0].scores == {}


def test_parts_and_subsets(directory: Path, spec: RungSpec) -> None:
    problem = rung.load_problem(directory)
    assert problem is rung.load_problem(directory)
    train, valid = rung.parts(problem, spec)
    assert np.array_equal(train, problem.split.folds[0].train)
    assert valid is problem.split.folds[0].valid
    small, _ = rung.parts(problem, replace(spec, subset=0.2))
    large, _ = rung.parts(problem, replace(spec, subset=0.5))
    assert len(small) == round(0.2 * len(train))
    assert set(small) < set(large) < set(train)
    refit, nothing = rung.parts(problem, replace(spec, purpose="refit", fold=-1))
    assert nothing is None
    assert len(refit) == len(problem.split.refit)


def test_diverged(spec: RungSpec) -> None:
    result = run_rung(replace(spec, values={**VALUES, "learning_rate": 3e38, "schedule": "constant"}), nobody)
    assert (result.status, result.score, result.loss, result.checkpoint) == ("diverged", None, None, None)
    assert read_result(Path(spec.folder)) == result


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"values": {"cell": "lstn"}}, "UnknownNameError: unknown cell 'lstn'; did you mean 'lstm'? (valid: "),
        ({"fold": 7}, "IndexError"),
        ({"from_epoch": 2}, "StateError: job 0 starts at epoch 2 without a checkpoint"),
    ],
)
def test_failed_says_why_in_one_line(spec: RungSpec, changes: dict[str, Any], error: str) -> None:
    result = run_rung(replace(spec, **changes), nobody)
    assert result.status == "failed"
    assert result.error.startswith(error)
    assert "\n" not in result.error
    assert read_result(Path(spec.folder)) == result


def test_want_of_memory_is_no_result(spec: RungSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(rung, "parts", exhausted)
    with pytest.raises(MemoryError):
        run_rung(spec, nobody)
    assert read_result(Path(spec.folder)) is None, "it is a death of its worker, to be tried again"


@pytest.fixture
def parent(spec: RungSpec, tmp_path: Path) -> str:
    run_rung(replace(spec, folder=str(tmp_path / "p"), to_epoch=1), nobody)
    return str(tmp_path / "p" / "checkpoint.npz")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"from_epoch": 2}, "the checkpoint is at epoch 1, not 2"),
        ({"from_epoch": 1, "trial": 3}, "the checkpoint is of another run"),
        ({"from_epoch": 1, "values": {**VALUES, "dropout": 0.1}}, "the checkpoint is of another run"),
        ({"from_epoch": 1, "values": {**VALUES, "units": 5}}, "the checkpoint is of another run"),
    ],
)
def test_a_parent_that_is_not_its_own(spec: RungSpec, parent: str, changes: dict[str, Any], error: str) -> None:
    assert error in run_rung(replace(spec, parent=parent, **changes), nobody).error


def test_a_deadline_leaves_a_checkpoint_to_go_on_from(spec: RungSpec, tmp_path: Path) -> None:
    stopped = run_rung(replace(spec, deadline=0.0), nobody)
    assert (stopped.status, stopped.epochs, stopped.best_epoch) == ("stopped", (), -1)
    parent = str(Path(spec.folder) / str(stopped.checkpoint))
    again = run_rung(replace(spec, parent=parent, folder=str(tmp_path / "b")), nobody)
    whole = run_rung(replace(spec, folder=str(tmp_path / "c")), nobody)
    assert plain(again) == plain(whole)


def test_asked_to_stop_after_an_epoch(spec: RungSpec, tmp_path: Path) -> None:
    heard: list[Epoch] = []
    stopped = run_rung(spec, heard.append, should_stop=lambda: len(heard) == 1)
    assert (stopped.status, len(stopped.epochs)) == ("stopped", 1)
    parent = str(Path(spec.folder) / str(stopped.checkpoint))
    run_rung(replace(spec, parent=parent, from_epoch=1, folder=str(tmp_path / "b")), nobody)
    run_rung(replace(spec, folder=str(tmp_path / "c")), nobody)
    assert equal(arrays(tmp_path / "b"), arrays(tmp_path / "c"))


def test_patience_ends_a_run_for_good(spec: RungSpec, tmp_path: Path) -> None:
    values = {**VALUES, "schedule": "constant", "learning_rate": 1e-12, "ema": False, "dropout": 0.0}
    spec = replace(spec, values=values, patience=2, to_epoch=6)
    ended = run_rung(spec, nobody)
    assert ended.status == "completed"
    assert len(ended.epochs) < 6
    parent = str(Path(spec.folder) / str(ended.checkpoint))
    more = run_rung(replace(spec, parent=parent, from_epoch=6, to_epoch=9, folder=str(tmp_path / "b")), nobody)
    assert (more.epochs, more.best_epoch, more.score) == ((), ended.best_epoch, ended.score)


@pytest.mark.parametrize("raised", [BrokenPipeError, KeyboardInterrupt, SystemExit])
def test_nobody_there_is_not_a_result(spec: RungSpec, raised: type[BaseException]) -> None:
    def gone(_: Epoch) -> None:
        raise raised

    with pytest.raises(raised):
        run_rung(spec, gone)
    assert read_result(Path(spec.folder)) is None


def test_nowhere_to_write(spec: RungSpec, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        run_rung(replace(spec, folder=str(tmp_path / "file" / "a")), nobody)


@pytest.mark.parametrize("code", [errno.ESTALE, errno.EIO, errno.EMFILE, errno.ENOENT])
def test_what_cannot_be_read_is_no_fault_of_the_trial(
    spec: RungSpec, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def unreadable(_: Path) -> Problem:
        raise OSError(code, os.strerror(code), "problem.json")

    with monkeypatch.context() as patch:
        patch.setattr(rung, "load_problem", unreadable)
        with pytest.raises(StorageError, match=f"problem.json: {os.strerror(code)}"):
            run_rung(spec, nobody)
    assert read_result(Path(spec.folder)) is None
    assert run_rung(spec, nobody).status == "completed"
