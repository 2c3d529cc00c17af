"""``resume`` with other limits and in other places: what cannot work is refused, and not kept."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from clusters import Dask

from lstm_automl.cli import running
from lstm_automl.cli.main import cli
from lstm_automl.cli.places import executor_of
from lstm_automl.errors import LockedError, UsageError
from lstm_automl.estimators import flow, storing
from lstm_automl.estimators.request import Search
from lstm_automl.search.executors import dask, devices, ready
from lstm_automl.search.lock import SearchLock

pytest.importorskip("distributed", reason="needs the extra dask")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A search that has been made and not begun."""
    settings = Search(max_trials=2, trial_time=60.0, trial_memory=900, home=str(tmp_path), track=False, name="made")
    problem, space, name = flow.prepare("classification", "demo", settings)
    return storing.create(tmp_path / name, problem, space, settings)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Search]:
    """The settings of the runs that ``resume`` asked for; none is made."""
    asked: list[Search] = []
    monkeypatch.setattr(running, "run_and_report", lambda directory, settings, started, quiet: asked.append(settings))
    return asked


def resume(directory: Path, *options: str) -> None:
    CliRunner().invoke(
        cli, ["resume", directory.name, "--home", str(directory.parent), *options], catch_exceptions=False,
        standalone_mode=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def nobody() -> Iterator[str]:
    """An address at which nobody listens, and nobody else will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"tcp://127.0.0.1:{taken.getsockname()[1]}"


NO_CAPS = ("--trial-time", "none", "--trial-memory", "0")


def test_a_cluster_that_does_not_answer_is_not_kept(
    made: Path, ran: list[Search], nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "CONNECT_SECONDS", 2.0)
    before = (made / storing.REQUEST).read_bytes()
    with pytest.raises(UsageError, match=nobody):
        resume(made, *NO_CAPS, "--executor", "dask", "--address", nobody)
    assert (made / storing.REQUEST).read_bytes() == before
    assert not ran


def test_nobody_else_is_at_work_when_it_is_kept(made: Path, ran: list[Search], monkeypatch: pytest.MonkeyPatch) -> None:
    remember = storing.remember

    def kept(directory: Path, settings: Search) -> None:
        with pytest.raises(LockedError):
            SearchLock(directory).acquire()
        remember(directory, settings)

    monkeypatch.setattr(storing, "remember", kept)
    resume(made, "--max-trials", "3")
    # given back: the run takes it again
    with SearchLock(made):
        assert [s.max_trials for s in ran] == [3]
    assert storing.request(made)[1].max_trials == 3


@pytest.mark.parametrize(
    ("options", "time_", "memory"),
    [
        ((), 60.0, 900),
        (("--trial-time", "2m", "--trial-memory", "500"), 120.0, 500),
        (("--trial-time", "none"), None, 900),
        (("--trial-time", "0", "--trial-memory", "none"), None, None),
    ],
)
def test_caps(options: tuple[str, ...], time_: Any, memory: Any, made: Path, ran: list[Search]) -> None:
    resume(made, *options)
    assert (ran[0].trial_time, ran[0].trial_memory) == (time_, memory)
    assert storing.request(made)[1] == ran[0]


def test_a_cap_that_is_none(made: Path, ran: list[Search]) -> None:
    before = (made / storing.REQUEST).read_bytes()
    with pytest.raises(click.BadParameter, match="is not a time"):
        resume(made, "--trial-time", "soon")
    with pytest.raises(click.BadParameter, match="-1"):
        resume(made, "--trial-memory", "-1")
    assert (made / storing.REQUEST).read_bytes() == before


def test_a_time_budget_can_be_removed(made: Path, ran: list[Search]) -> None:
    resume(made, "--time-budget", "5m")
    resume(made)
    resume(made, "--time-budget", "none")
    assert [s.time_budget for s in ran] == [300.0, 300.0, None]


def test_a_name_is_said_as_it_is_typed(tmp_path: Path) -> None:
    assert running._again(Path("searches/tour")) == "lstm-automl resume tour"
    assert running._again(tmp_path / "my [try] 1") == f'lstm-automl resume "my [try] 1" --home {tmp_path}'
    assert running._again(Path("my $home/tour")) == "lstm-automl resume tour --home 'my $home'"


def test_workers_import_while_the_search_is_read(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = []
    monkeypatch.setattr(running, "run_and_report", lambda *_, **__: there.append(ready._kept is not None))
    resume(made)
    assert there == [devices.default_mode(devices.usable(devices.gpus())) == "fork"]
    assert ready._kept is None
    asked = json.loads((made / storing.REQUEST).read_text())
    asked["settings"]["executor"] = "dask"
    (made / storing.REQUEST).write_text(json.dumps(asked))
    assert executor_of(made) == "dask"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """Address of a dask of one worker, in processes of their own."""
    place = tmp_path / "cluster"
    place.mkdir()
    made = Dask(place)
    try:
        made.add()
        made.wait()
        yield made.address
    finally:
        made.close()


@pytest.mark.slow
def test_a_search_goes_on_on_a_cluster_and_comes_back(
    tmp_path: Path, command: Callable[..., subprocess.CompletedProcess[str]], cluster: str
) -> None:
    small = {"num_layers": 1, "front_end": "none", "batch_size": 32, "cell": "lstm"}
    settings = Search(
        max_trials=1, max_epochs=1, cv=1, finalists=1, seeds=1, ensemble=1, set=small, home=str(tmp_path / "searches"),
        track=False, name="moved", trial_time=600.0,
    )  # fmt: skip
    problem, space, name = flow.prepare("classification", "demo", settings)
    directory, store = storing.create(tmp_path / "searches" / name, problem, space, settings), tmp_path / "store"
    store.mkdir()
    there = ("--executor", "dask", "--address", cluster, "--storage", f"file://{store}")

    done = command(tmp_path, "resume", name, *there, "--trial-time", "none", "--json")
    assert json.loads(done.stdout)["trials"] == 1
    kept = storing.request(directory)[1]
    assert (kept.executor, kept.address, kept.storage) == ("dask", cluster, f"file://{store}")

    done = command(tmp_path, "resume", name, "--executor", "local", "--max-trials", "2", "--json")
    assert json.loads(done.stdout)["trials"] == 2
    kept = storing.request(directory)[1]
    assert (kept.executor, kept.address, kept.storage) == ("local", None, None)
