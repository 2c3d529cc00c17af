"""What a table was made by is a part of it: other rules or another TensorFlow do not go on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lstm_automl.errors import DifferentSearchError
from lstm_automl.estimators import flow, identity, storing
from lstm_automl.estimators.request import Search
from lstm_automl.models import cost
from lstm_automl.models.kernels import rule
from lstm_automl.search import schedulers
from lstm_automl.search.executors import devices
from lstm_automl.search.observer import Observer


def made(home: Path, **more: Any) -> tuple[Path, Search]:
    settings = Search(home=str(home), name="s", track=False, **more)
    problem, space, name = flow.prepare("classification", "demo", settings)
    return storing.create(home / name, problem, space, settings), settings


def other_rungs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(schedulers, "RULE", 99)


def other_kernels(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rule, "VERSION", 98)


def other_costs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cost, "VERSION", 97)


def other_tensorflow(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(identity, "versions", lambda: {"tensorflow": "3.7.1"})


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        (other_rungs, "rungs", rf"version {schedulers.RULE} of the rung rule \(now 99\): its"),
        (other_kernels, "kernels", rf"version {rule.VERSION} of the kernel rule \(now 98\): its"),
        (other_costs, "order", rf"version {cost.VERSION} of the order of results \(now 97\): its"),
        (other_tensorflow, "tensorflow", r"version \d\.\d+ of TensorFlow \(now 3\.7\): its"),
    ],
)
def test_what_differs_is_said(
    change: Any, key: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, settings = made(tmp_path)
    identity.check_resumed(directory, *storing.request(directory))
    change(monkeypatch)
    with pytest.raises(DifferentSearchError, match=f"s was begun with {said}"):
        flow.run(directory, settings, observer=Observer())
    with pytest.raises(DifferentSearchError, match=rf"\n  {key}: .* there, .* now\nGive"):
        made(tmp_path)


def test_without_rungs_their_rule_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, _ = made(tmp_path, scheduler="none")
    other_rungs(monkeypatch)
    identity.check_resumed(directory, *storing.request(directory))


def test_where_nobody_reads_results_their_order_makes_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, _ = made(tmp_path, scheduler="none", oracle="random")
    other_costs(monkeypatch)
    identity.check_resumed(directory, *storing.request(directory))


def test_a_patch_of_tensorflow_is_the_same_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, _ = made(tmp_path)
    there = storing.request(directory)[0]["tensorflow"]
    monkeypatch.setattr(identity, "versions", lambda: {"tensorflow": f"{there}.77"})
    identity.check_resumed(directory, *storing.request(directory))


HINT = "CUDA_VISIBLE_DEVICES=-1 trains on the cpu"


def computed_by(patch: pytest.MonkeyPatch, *gpus: str) -> None:
    """These GPUs and no others are there, with all that TensorFlow needs."""
    patch.setenv("CUDA_VISIBLE_DEVICES", ",".join(gpus) or "-1")
    patch.setattr(devices, "find_library", lambda name: f"{name}.so")


@pytest.mark.parametrize(
    ("begun", "now", "lines", "words"),
    [
        ((), ("0", "1"), f"\n  device: 'cpu' there, 'gpu' now; {HINT}\n", rf"device cpu \(now gpu; {HINT}\): its"),
        (("0",), (), "\n  device: 'gpu' there, 'cpu' now\n", r"device gpu \(now cpu\): its"),
    ],
)
def test_another_kind_of_device_is_another_search(
    begun: tuple[str, ...],
    now: tuple[str, ...],
    lines: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed_by(monkeypatch, *begun)
    directory, settings = made(tmp_path)
    assert made(tmp_path)[0] == directory
    computed_by(monkeypatch, *now)
    with pytest.raises(DifferentSearchError, match=lines):
        made(tmp_path)
    with pytest.raises(DifferentSearchError, match=words):
        flow.run(directory, settings, observer=Observer())


def test_more_gpus_or_a_device_that_is_not_known_make_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed_by(monkeypatch, "0")
    directory, settings = made(tmp_path)
    computed_by(monkeypatch, "0", "1")
    assert made(tmp_path)[0] == directory
    meta, _ = storing.request(directory)
    assert meta["device"] == "gpu"
    cluster = Search(executor="dask", address="tcp://127.0.0.1:1", home=str(tmp_path), track=False)
    computed_by(monkeypatch)
    identity.check_resumed(directory, meta, cluster)
    identity.compare(directory, meta, {**meta, "device": None})
    older = {key: value for key, value in meta.items() if key != "device"}
    identity.compare(directory, older, {**meta, "device": "cpu"})
    identity.check_resumed(directory, older, settings)


def test_what_a_cluster_cannot_know_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed_by(monkeypatch, "0")
    directory, _ = made(tmp_path)
    monkeypatch.setattr(storing.placing, "reach", lambda settings: None)
    made(tmp_path, executor="dask", address="tcp://127.0.0.1:1")
    assert storing.request(directory)[0]["device"] == "gpu"
