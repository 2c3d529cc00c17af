"""What docs/cluster.md tells to type is understood by the programs it is typed to."""

from __future__ import annotations

import configparser
import importlib
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from lstm_automl.cli.main import cli
from lstm_automl.search.executors import post, ray
from lstm_automl.search.retries import MANY

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cluster.md").read_text()
SCRIPTS = re.findall(r"```(?:sh|bash)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    line.strip().removeprefix("exec ").removeprefix("srun ").removesuffix("&").strip()
    for line in "\n".join([*SCRIPTS, *re.findall(r"`((?:dask|ray) [^`]*)`", PAGE)]).replace("\\\n", " ").splitlines()
]


def typed(program: str) -> list[str]:
    return [line for line in COMMANDS if line.startswith(f"{program} ")]


def understood(command: click.Command, arguments: list[str]) -> None:
    """Parse, do nothing; options that are not there raise."""
    with command.make_context(command.name, arguments) as context:
        if isinstance(command, click.Group):
            name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
            assert found is not None, name
            understood(found, rest)


@pytest.mark.parametrize("line", typed("lstm-automl"))
def test_ours(line: str) -> None:
    understood(cli, shlex.split(line)[1:])


@pytest.mark.parametrize("line", typed("dask"))
def test_dask(line: str) -> None:
    pytest.importorskip("distributed", reason="needs the extra dask")
    words = shlex.split(line)
    understood(importlib.import_module(f"distributed.cli.dask_{words[1]}").main, words[2:])


@pytest.mark.parametrize("line", typed("ray"))
def test_ray(line: str) -> None:
    pytest.importorskip("ray", reason="needs the extra ray")
    words = shlex.split(line)
    understood(importlib.import_module("ray.scripts.scripts").cli.commands[words[1]], words[2:])


def test_there_are_commands() -> None:
    assert [len(typed(program)) for program in ("lstm-automl", "dask", "ray")] == [4, 5, 2]


def test_how_late_epochs_are_is_what_the_code_says() -> None:
    said = " ".join(PAGE.split())
    assert "A worker sends the first of a job at once" in said
    assert post.HOLD == 1.0
    assert "once a second" in said
    assert f"asked for them every {ray.NEWS_SECONDS} s" in said


def test_how_many_workers_a_rung_may_lose_is_what_the_code_says() -> None:
    assert MANY == 12
    assert "unless a rung loses a dozen workers" in " ".join(PAGE.split())


def test_what_it_tells_to_install_is_there_and_is_tested() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = {name: set(text.split("\n")) for name, text in setup["options.extras_require"].items()}
    named = {"dask", *re.findall(r"# or \[(\w+)\]", PAGE)}
    assert "lstm_automl[dask]" in PAGE
    assert named == {"dask", "ray"}
    assert set.union(*(extras[name] for name in named)) <= extras["test"], "their tests would always be skipped"


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts(script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
    assert not done.stderr
