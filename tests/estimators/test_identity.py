"""What a table was made by is a part of it: other rules or another TensorFlow do not go on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lstm_automl.errors import DifferentSearchError
from lstm_automl.estimators import flow, identity, storing
from lstm_automl.estimators.request import Search
from lstm_automl.models.kernels import rule
from lstm_automl.search import schedulers
from lstm_automl.search.observer import Observer


def made(home: Path, **more: Any) -> tuple[Path, Search]:
    settings = Search(home=str(home), name="s", track=False, **more)
    problem, space, name = flow.prepare("classification", "demo", settings)
    return storing.create(home / name, problem, space, settings), settings


def other_rungs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(schedulers, "RULE", 99)


def other_kernels(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rule, "VERSION", 98)


def other_tensorflow(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(identity, "versions", lambda: {"tensorflow": "3.7.1"})


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        (other_rungs, "rungs", rf"version {schedulers.RULE} of the rung rule \(now 99\): its"),
        (other_kernels, "kernels", rf"version {rule.VERSION} of the kernel rule \(now 98\): its"),
        (other_tensorflow, "tensorflow", r"version \d\.\d+ of TensorFlow \(now 3\.7\): its"),
    ],
)
def test_what_differs_is_said(
    change: Any, key: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, settings = made(tmp_path)
    identity.check_versions(directory, storing.request(directory)[0])
    change(monkeypatch)
    with pytest.raises(DifferentSearchError, match=f"s was begun with {said}"):
        flow.run(directory, settings, observer=Observer())
    with pytest.raises(DifferentSearchError, match=rf"\n  {key}: .* there, .* now\nGive"):
        made(tmp_path)


def test_without_rungs_their_rule_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, _ = made(tmp_path, scheduler="none")
    other_rungs(monkeypatch)
    identity.check_versions(directory, storing.request(directory)[0])


def test_a_patch_of_tensorflow_is_the_same_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, _ = made(tmp_path)
    there = storing.request(directory)[0]["tensorflow"]
    monkeypatch.setattr(identity, "versions", lambda: {"tensorflow": f"{there}.77"})
    identity.check_versions(directory, storing.request(directory)[0])
