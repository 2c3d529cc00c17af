"""Every verb on one real, small search."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NAME = "classification-demo"
Command = Callable[..., subprocess.CompletedProcess[str]]

CHATTER = ("absl::InitializeLog", "oneDNN", "cuda", "TF_ENABLE", "tensorflow/", "AVX")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("verbs")


@pytest.fixture(scope="module")
def found(place: Path, command: Command, small: tuple[str, ...]) -> tuple[dict[str, Any], str]:
    """What ``--json`` says of the search, and what it shows on standard error meanwhile."""
    done = command(place, "search", "classification", "--data", "demo", *small, "--json")
    assert len(done.stdout.splitlines()) == 1
    return json.loads(done.stdout), done.stderr


def test_json_of_a_search(found: tuple[dict[str, Any], str]) -> None:
    result, _ = found
    assert list(result) == [
        "name", "task", "trials", "objective", "best", "test", "baselines", "cut_off", "model_uri", "seconds",
    ]  # fmt: skip
    assert (result["name"], result["task"], result["trials"]) == (NAME, "classification", 4)
    assert result["objective"] == {"metric": "accuracy", "direction": "max"}
    assert set(result["best"]) == {"number", "values", "score"}
    assert result["best"]["values"]["front_end"] == "none"
    assert 0 <= result["test"]["accuracy"] <= 1
    assert "accuracy" in result["baselines"]["majority"]
    assert result["cut_off"] is None
    assert result["model_uri"] == f"models:/{NAME}@champion"


def test_progress_and_no_chatter_on_the_terminal(found: tuple[dict[str, Any], str]) -> None:
    _, shown = found
    assert not [word for word in CHATTER if word in shown], shown
    assert f"[{NAME}] search: 4 trials\n" in shown
    trials = re.findall(
        rf"\[{NAME}\] trial (\d): accuracy [\d.]+ after \d epochs?, (\d)/4 done, .*best [\d.]+ \(trial \d\)", shown
    )
    assert sorted(number for number, _ in trials) == list("0123")
    assert [done for _, done in trials] == list("1234")
    assert "\nbest: trial " in shown
    assert "\nfloor majority: accuracy" in shown


def test_runs(place: Path, command: Command, found: tuple[dict[str, Any], str]) -> None:
    listed = json.loads(command(place, "runs", "list", "--json").stdout)
    assert [(r["name"], r["trials"], r["model"]) for r in listed] == [(NAME, 4, True)]
    shown = command(place, "runs", "show", NAME).stdout
    assert "| trial 0 |" in shown
    assert "*majority*" in shown
    best = command(place, "runs", "best", NAME).stdout
    assert re.match(r"trial \d: accuracy [\d.]+ (over fresh runs, [\d.]+ )?in the search\n(--set \w+=\S+ ?)+\n$", best)
    told, chosen = json.loads(command(place, "runs", "best", NAME, "--json").stdout), found[0]["best"]
    assert {key: told[key] for key in ("number", "values", "score")} == chosen
    assert told["fresh_runs"] is True
    assert (listed[0]["best"], listed[0]["score"]) == (chosen["number"], chosen["score"])


def test_predict_and_evaluate(place: Path, command: Command, found: tuple[dict[str, Any], str]) -> None:
    result, _ = found
    done = command(place, "predict", NAME, "--data", "demo")
    assert done.stderr == ""
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 200
    assert list(rows[0]) == ["id", "prediction", "proba_left", "proba_right", "proba_still"]

    command(place, "predict", result["model_uri"], "--data", "demo", "-o", "out.jsonl")
    lines = [json.loads(line) for line in (place / "out.jsonl").read_text().splitlines()]
    assert [line["prediction"] for line in lines] == [row["prediction"] for row in rows]
    assert [line["proba_left"] for line in lines] == pytest.approx([float(row["proba_left"]) for row in rows], abs=1e-6)

    command(place, "predict", f"searches/{NAME}/bundle", "--data", "demo", "-o", "out.parquet")
    import pandas as pd

    assert list(pd.read_parquet(place / "out.parquet")["prediction"]) == [row["prediction"] for row in rows]
    scores = json.loads(command(place, "evaluate", NAME, "--data", "demo", "--json").stdout)
    assert set(scores) == set(result["test"])


def test_dry_run_writes_nothing(tmp_path: Path, command: Command) -> None:
    said = command(tmp_path, "search", "regression", "--data", "demo", "--dry-run", "--time-budget", "10m").stdout
    assert said.startswith("search regression-demo: regression, objective rmse (min)\nexamples: train ")
    assert re.search(r"\nestimated time: \S+ to \S+, cut at 10m00s\n", said)
    assert "\nunits " in said
    assert list(tmp_path.iterdir()) == []


def test_a_split_that_leaves_out_most_is_told(tmp_path: Path, command: Command) -> None:
    said = command(tmp_path, "search", "classification", "--data", "demo", "--split", "20,10", "--dry-run")
    assert said.stderr.startswith("Warning: demo: --split 20,10 uses 30 of 200 sequences; the other 170 are in no part")
    assert "train 20, valid 10, test none" in said.stdout


def test_the_same_search_again_says_the_same(
    place: Path, command: Command, small: tuple[str, ...], found: tuple[dict[str, Any], str]
) -> None:
    result, _ = found
    again = json.loads(command(place, "search", "classification", "--data", "demo", *small, "--json").stdout)
    assert {k: v for k, v in again.items() if k != "seconds"} == {k: v for k, v in result.items() if k != "seconds"}


def test_resume_with_more_trials_after_cleaning(
    place: Path, command: Command, found: tuple[dict[str, Any], str]
) -> None:
    assert re.match(r"removed \d+ checkpoints", command(place, "runs", "clean", NAME, "--yes").stdout)
    result = json.loads(command(place, "resume", NAME, "--max-trials", "5", "--json").stdout)
    assert result["trials"] == 5
    assert "5 trials" in command(place, "runs", "list").stdout


def test_sync_and_promote(place: Path, command: Command, found: tuple[dict[str, Any], str]) -> None:
    assert command(place, "sync", NAME).stdout.endswith(f"{NAME} is up to date\n")
    assert f"models:/{NAME}@champion is version 1" in command(place, "promote", NAME, "1").stdout
    assert "no version 99" in command(place, "promote", NAME, "99", code=2).stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ui_prints_a_link_that_answers_and_ends_its_server(
    number: int,
    code: int,
    place: Path,
    started: Callable[..., subprocess.Popen[str]],
    found: tuple[dict[str, Any], str],
    own_port: Callable[[], int],
) -> None:
    port = own_port()
    process = started(place, "ui", NAME, "--port", str(port))
    assert process.stdout is not None
    try:
        text = process.stdout.readline()
        base = f"http://127.0.0.1:{port}"
        assert base in text
        links = process.stdout.readline() + process.stdout.readline()
        assert f"{base}/#/experiments/" in links
        with urllib.request.urlopen(base, timeout=600) as page:
            assert page.status == 200
    finally:
        process.send_signal(number)
        _, errors = process.communicate(timeout=600)
    assert "Traceback" not in errors
    assert process.returncode == code
    with socket.socket() as tried:
        assert tried.connect_ex(("127.0.0.1", port)), "the server is still there"


def test_doctor(place: Path, command: Command) -> None:
    said = command(place, "doctor").stdout
    assert re.search(r"^tensorflow \d", said, re.MULTILINE)
    assert "spaces classification, forecasting, regression" in said
