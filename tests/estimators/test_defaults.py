"""One default wherever a search is begun: tpe, asha, eight jobs ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lstm_automl
from lstm_automl import Search, plugins
from lstm_automl.cli.search import search as command
from lstm_automl.estimators import flow
from lstm_automl.estimators.request import Search as Settings

EXPECTED = {"oracle": "tpe", "scheduler": "asha", "concurrency": 8}


def of(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in EXPECTED}


class Begun(Exception):  # noqa: N818 - an event, not a mistake
    """A search would begin now."""


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Settings]:
    """The settings of the searches that were about to begin, none of which did."""
    found: list[Settings] = []

    def stop(*given: Any, settings: Settings | None = None, **more: Any) -> Any:
        found.append(settings or given[2])
        raise Begun

    monkeypatch.setattr(flow, "prepare", stop)
    monkeypatch.chdir(tmp_path)
    return found


def test_of_settings() -> None:
    assert of(Search()) == EXPECTED


@pytest.mark.parametrize("task", plugins.names("task"))
def test_of_the_function(task: str, begun: list[Settings]) -> None:
    with pytest.raises(Begun):
        lstm_automl.search(task, "demo")
    assert [of(settings) for settings in begun] == [EXPECTED]


@pytest.mark.parametrize("task", plugins.names("task"))
def test_of_the_command_line(task: str, begun: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstm_automl.search.executors.ready.warm_up", lambda *given, **more: None)
    found = command.get_command(None, task)  # type: ignore[arg-type]
    assert found is not None
    assert {p.name: p.default for p in found.params if p.name in EXPECTED} == EXPECTED
    with pytest.raises(Begun):
        found.main(["--data", "demo"], standalone_mode=False)
    assert [of(settings) for settings in begun] == [EXPECTED]
