"""A finished search keeps no refit's checkpoint, and needs none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from lstm_automl.errors import StateError
from lstm_automl.estimators import flow, storing
from lstm_automl.estimators.effort import Allowance, Effort
from lstm_automl.estimators.finishing import FINAL, saved
from lstm_automl.estimators.request import Search
from lstm_automl.estimators.selection import Members
from lstm_automl.models import sealed
from lstm_automl.search.contracts import TrialRow
from lstm_automl.search.driver import Driver
from lstm_automl.search.executors.ready import at_hand
from lstm_automl.search.view import StoreView

SMALL = {"front_end": "none", "units": 4, "num_layers": 1, "cell": "lstm", "augment": "none"}


def _weights(directory: Path) -> list[Any]:
    with StoreView(directory) as view:
        assert [job.spec.purpose for job in view.jobs()] == ["search", "refit", "refit"]
    return [np.asarray(w) for w in keras.models.load_model(directory / "bundle" / "model.keras").get_weights()]


def _refits(directory: Path, pattern: str = "attempt-*") -> int:
    return sum(len(list(directory.glob(f"jobs/00000{job}/{pattern}"))) for job in (1, 2))


@pytest.mark.slow
def test_refits_leave_none_and_are_trained_again_where_the_model_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Search(
        home=str(tmp_path), name="s", track=False, cv=1, workers=2, set=SMALL, max_trials=1, max_epochs=1, ensemble=2
    )
    problem, space, _ = flow.prepare("classification", "demo", settings)
    directory = storing.create(tmp_path / "s", problem, space, settings)
    clean: Callable[[Driver], None] = Driver.clean_refits

    def killed(driver: Driver) -> None:
        raise KeyboardInterrupt

    with at_hand():
        monkeypatch.setattr(Driver, "clean_refits", killed)
        with pytest.raises(KeyboardInterrupt):
            flow.run(directory, settings)
        assert _refits(directory, "*/checkpoint.npz") == 2
        monkeypatch.setattr(Driver, "clean_refits", clean)
        assert flow.run(directory, settings).looks == 1
        assert (_refits(directory, "*/checkpoint.npz"), _refits(directory)) == (0, 2)
        weights = _weights(directory)
        assert flow.run(directory, settings).looks == 1
        assert _refits(directory) == 2, "a refit was trained for nobody"
        shutil.rmtree(directory / "bundle")
        assert flow.run(directory, settings).looks == 2
    assert (_refits(directory, "*/checkpoint.npz"), _refits(directory)) == (0, 4)
    again = _weights(directory)
    assert all(np.array_equal(a, b) for a, b in zip(weights, again, strict=True))


BEST = TrialRow(1, {"units": 4}, "completed", best_epoch=2)
NAMED = {"trial": 1, "values": {"units": 4}, "best_epoch": 2, "members": 1}


def _made(directory: Path, trained: str) -> None:
    """A bundle of one network, as far as its seal, and its record."""
    files = {name: name.encode() for name in (sealed.ABOUT, sealed.STATE, sealed.NETWORK)}
    (directory / "bundle").mkdir()
    for name, content in {**files, sealed.HASHES: sealed.hashes(files)}.items():
        (directory / "bundle" / name).write_bytes(content)
    storing.write_json(directory / FINAL, {"identity": NAMED, "trained": [trained], "test": {}, "looks": 1})


def _members(directory: Path, attempt: int, *, ended: bool = True) -> Members:
    return Members([directory / f"jobs/000007/attempt-{attempt}/checkpoint.npz"], ended=ended)


def test_a_damaged_bundle_is_none(tmp_path: Path) -> None:
    _made(tmp_path, "jobs/000007")
    assert saved(tmp_path, BEST, _members(tmp_path, 1))
    assert saved(tmp_path, BEST, _members(tmp_path, 2)), "a refit that is done is the same at every attempt"
    (tmp_path / "bundle" / sealed.NETWORK).write_bytes(b"half")
    assert not saved(tmp_path, BEST, _members(tmp_path, 1))


def test_networks_that_were_cut_off_are_told_apart(tmp_path: Path) -> None:
    _made(tmp_path, "jobs/000007/attempt-1/checkpoint.npz")
    assert saved(tmp_path, BEST, _members(tmp_path, 1, ended=False))
    assert not saved(tmp_path, BEST, _members(tmp_path, 2, ended=False))
    assert not saved(tmp_path, BEST, _members(tmp_path, 2))


@pytest.mark.parametrize("content", ["", '{"looks": 1', "[1]", '{"looks": 1}', '{"looks": null, "test": {}}'])
def test_looks_are_not_forgotten(tmp_path: Path, content: str) -> None:
    _made(tmp_path, "jobs/000007")
    (tmp_path / FINAL).write_text(content)
    with pytest.raises(StateError, match=r"final\.json is damaged: .* looks at the test part count from 0"):
        saved(tmp_path, BEST, _members(tmp_path, 1))


def test_what_is_written_is_on_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def noted(name: str) -> None:
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given: (done.append(name), real(*given)))

    noted("fsync")
    noted("replace")
    storing.write_json(tmp_path / "a.json", {})
    assert done == ["fsync", "replace"]


@pytest.mark.parametrize(("trained", "ended"), [(4, False), (5, True)])
def test_fewer_networks_than_asked_for_keep_their_checkpoints(
    trained: int, ended: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Search(ensemble=5)
    kept = tmp_path / "checkpoint.npz"
    kept.touch()
    monkeypatch.setattr(flow.pacing, "refit_length", lambda *_: 3)
    monkeypatch.setattr(flow, "refit", lambda *_, **__: Members([kept] * trained, ended=True))
    session: Any = SimpleNamespace(settings=settings, driver=None, directory=tmp_path)
    assert flow._refitted(session, BEST, Effort(3, 3, trained), Allowance(settings, 0.0)).ended is ended
