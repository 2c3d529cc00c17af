"""What the README says about adding a cell, a task and a space, done: its own files, installed and searched."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lstm_automl import plugins
from lstm_automl.testing.extension import installed

ROOT = Path(__file__).parents[1]
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL))


def entry_points() -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser()
    parser.read_string(FILES["setup.cfg"])
    found = {}
    for group, lines in parser["options.entry_points"].items():
        named = dict(re.findall(r"(\w+) = (\S+)", lines))
        found[group.removeprefix("lstm_automl.")] = named
    return found


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("extension")
    for name in FILES.keys() - {"setup.cfg"}:
        (folder / name).write_text(FILES[name])
    with installed(folder, entry_points()):
        yield folder


def test_the_names_are_known(extension: Path) -> None:
    assert "classic_gru" in plugins.names("cell")
    assert "fault_detection" in plugins.names("task")
    assert not {"my_cells", "my_tasks"} & set(sys.modules)  # a name costs nothing until it is used


def test_the_cell_keeps_the_contract(extension: Path) -> None:
    from lstm_automl.testing.cell import check_cell

    check_cell(plugins.load("cell", "classic_gru")(), weights=lambda u, f: 3 * (u * (u + f) + u))


def test_the_task_keeps_the_contract(extension: Path) -> None:
    from lstm_automl.testing.task import check_task

    check_task(plugins.load("task", "fault_detection")())


@pytest.mark.parametrize("name", ["small", "faults"])
def test_the_space_keeps_the_contract(extension: Path, name: str) -> None:
    from lstm_automl.spaces.loader import load
    from lstm_automl.testing.space import check_space

    space = load(extension / f"{name}.yaml")
    check_space(space)
    assert "classic_gru" in space.parameters["cell"].values
    assert "conv_filters" not in space.parameters


@pytest.mark.slow
def test_a_search_uses_all_three(extension: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(extension), str(ROOT)])}

    def command(*args: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lstm_automl", *args], cwd=tmp_path, env=environment,
            capture_output=True, text=True, timeout=1800,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "fault_detection  a fault, or none" in command("tasks", "list")
    limits = ("--max-trials", "2", "--max-epochs", "1", "--cv", "1", "--ensemble", "1", "--set", "cell=classic_gru")
    space = str(extension / "faults.yaml")
    said = command("search", "fault_detection", "--data", "demo", "--space", space, *limits, "--json")
    result = json.loads(said.splitlines()[-1])
    assert result["task"] == "fault_detection"
    assert result["objective"] == {"metric": "balanced_accuracy", "direction": "max"}
    assert result["best"]["values"]["cell"] == "classic_gru"
    assert result["best"]["values"]["num_layers"] == 1
    predicted = command("predict", "fault_detection-demo", "--data", "demo")
    assert predicted.startswith("id,prediction,proba_")
