"""``runs best`` and ``runs list`` name the trial of the model, which need not be the best single run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lstm_automl.cli.main import run
from lstm_automl.cli.runs import runs
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.limits import Limits
from lstm_automl.search.store import Store
from lstm_automl.spaces.space import Space
from lstm_automl.testing.search import facts

META = facts(Space("classification", {}), name="s", metric="accuracy", limits=Limits(2, 1).to_json())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A search whose trial 0 was the best, at 0.9, and trial 1 next, at 0.8."""
    store = Store.open_or_create(tmp_path / "s", META)
    for trial, score in enumerate((0.9, 0.8)):
        values = {"units": 8 * (trial + 1)}
        store.add([RungSpec(trial, trial, "search", 0, 0, values, 0, "", "", 0, 1, 1)], (trial, values))
        store.begin(trial)
        epoch = Epoch(0, 1.0, {"accuracy": score, "val_loss": 1.0}, 0.1)
        store.end(trial, RungResult(trial, trial, "completed", (epoch,), 0, score, 1.0, error=""))
    store.close()
    (tmp_path / "s" / "request.json").write_text("{}")
    return tmp_path


def _chosen(home: Path, **more: Any) -> None:
    """The finished search took trial 1: fresh seeds gave it 0.85."""
    best = {"trial": 1, "values": {"units": 16}, "best_epoch": 0, "members": 1}
    (home / "s" / "bundle").mkdir()
    (home / "s" / "bundle" / "bundle.json").write_text(json.dumps({"about": {"best": best, "score": 0.85, **more}}))


@pytest.fixture
def told(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def tell(*words: str) -> str:
        assert run(["runs", *words, "--home", str(home)]) == 0
        return capsys.readouterr().out

    return tell


def test_before_there_is_a_model_the_best_run(told: Callable[..., str]) -> None:
    assert told("best", "s") == "trial 0: accuracy 0.9 in the search; no model yet\n--set units=8\n"
    assert told("list") == "s: classification, 2 trials, best accuracy 0.9 (trial 0)\n"
    assert json.loads(told("best", "s", "--json"))["model"] is False


def test_then_the_trial_of_the_model(home: Path, told: Callable[..., str]) -> None:
    _chosen(home, fresh_runs=True)
    assert told("best", "s") == "trial 1: accuracy 0.85 over fresh runs, 0.8 in the search\n--set units=16\n"
    assert json.loads(told("best", "s", "--json")) == {
        "number": 1, "values": {"units": 16}, "score": 0.85, "search_score": 0.8, "model": True, "fresh_runs": True,
    }  # fmt: skip
    assert told("list") == "s: classification, 2 trials, best accuracy 0.85 (trial 1), model\n"
    listed = json.loads(told("list", "--json"))[0]
    assert (listed["best"], listed["score"], listed["model"]) == (1, 0.85, True)


def test_a_score_without_fresh_runs_is_not_said_to_have_them(home: Path, told: Callable[..., str]) -> None:
    _chosen(home, fresh_runs=False)  # its trial trained on afterwards
    assert told("best", "s").startswith("trial 1: accuracy 0.85 in the search when it was chosen, 0.8 now\n")


def test_a_model_that_does_not_say_is_told_by_its_score_alone(home: Path, told: Callable[..., str]) -> None:
    _chosen(home)
    assert told("best", "s").startswith("trial 1: accuracy 0.85\n")


def test_a_damaged_bundle_is_not_believed(home: Path, told: Callable[..., str]) -> None:
    _chosen(home)
    (home / "s" / "bundle" / "bundle.json").write_text('{"about": {"best": []}}')
    assert told("best", "s").startswith("trial 0: accuracy 0.9 in the search")


def test_json_is_an_array_of_searches_and_of_trials(told: Callable[..., str]) -> None:
    assert [row["name"] for row in json.loads(told("list", "--json"))] == ["s"]
    assert [row["name"] for row in json.loads(told("show", "s", "--json"))] == ["trial 0", "trial 1"]
    assert isinstance(json.loads(told("best", "s", "--json")), dict)
    for verb, said in (("list", "a JSON array"), ("show", "a JSON array"), ("best", "one JSON object")):
        found = CliRunner().invoke(runs, [verb, "--help"], terminal_width=200).output
        assert f"Last line of output is {said}" in found
