"""Documentation runs: doctests, README's commands and examples; every verb and option has help and is documented."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import shlex
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

import lstm_automl
from lstm_automl.cli.main import VERBS, cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "search_spaces" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MODULES = [m.name for m in pkgutil.walk_packages(lstm_automl.__path__, "lstm_automl.")]
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
EXAMPLES = re.findall(r"(?<!-->\n)```python\n(.*?)```", README, re.DOTALL)

NOT_RUN = {"lstm-automl ui tour": "does not end; tests/cli/test_verbs.py starts and stops it"}

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("name", [m for m in MODULES if not m.endswith("__main__")])
def test_examples_in_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of third parties, when a module is the first to import them
        module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    assert result.failed == 0


def test_there_are_examples() -> None:
    assert len(COMMANDS) >= 15
    assert len(EXAMPLES) == 3
    assert not NOT_RUN.keys() - set(COMMANDS)


def sales() -> str:
    """The table the README speaks of."""
    rows = (
        f"2024-{1 + d // 28:02d}-{1 + d % 28:02d},{100 + 10 * (d % 7) + d % 3},{int(d % 7 == 5)}" for d in range(200)
    )
    return "\n".join(["date,sales,promo", *rows]) + "\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    (folder / "sales.csv").write_text(sales())
    return folder


@pytest.mark.slow
def test_commands_of_the_readme(place: Path, command: Command) -> None:
    for line in COMMANDS:
        if line in NOT_RUN:
            continue
        words, _, target = line.partition(" > ")
        program, *args = shlex.split(words)
        assert program == "lstm-automl"
        done = command(place, *args)
        assert "Traceback" not in done.stderr, line
        if target:
            (place / target.strip()).write_text(done.stdout)
    assert (place / "predictions.csv").read_text().startswith("id,prediction,proba_")
    assert (place / "space.schema.json").read_text().startswith("{")
    assert sorted(p.name for p in (place / "searches").iterdir()) == ["forecasting-sales", "tour"]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_of_the_readme(number: int, place: Path, environment: dict[str, str]) -> None:
    script = place / f"example_{number}.py"
    # workers are started by path and never import this script: no ``if __name__`` is needed
    script.write_text(EXAMPLES[number])
    done = subprocess.run(
        [sys.executable, script.name], cwd=place, env=environment, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every verb and sub-verb."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield f"{path} {name}".strip(), found
        if isinstance(found, click.Group):
            yield from commands(found, f"{path} {name}".strip())


@pytest.mark.parametrize(("name", "verb"), list(commands(cli)), ids=lambda v: v if isinstance(v, str) else "")
def test_every_verb_has_help_and_is_documented(name: str, verb: click.Command) -> None:
    assert verb.help
    assert f"lstm-automl {name}" in README or name.startswith("search ")
    for option in verb.params:
        if isinstance(option, click.Option) and option.name not in ("max_trials", "seed"):
            assert option.help, f"{name}: {option.opts[0]} has no help"


def test_every_option_of_search_has_a_word_in_the_pages() -> None:
    from lstm_automl.cli.search import search

    words = set(re.findall(r"--[a-z-]+", "".join(page.read_text() for page in PAGES)))
    task = search.get_command(click.Context(search), "classification")
    assert task is not None
    common = {name for o in task.params[: [p.name for p in task.params].index("as_json") + 1] for name in o.opts}
    assert len(common) > 20
    assert not common - words


def test_help_lines_of_the_verbs_are_those_of_the_verbs() -> None:
    for name, (module, _) in VERBS.items():
        found = getattr(importlib.import_module(module), name)
        assert isinstance(found, click.Command)
        assert found.name == name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_commands_of_pages(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for line in re.findall(r"^(?:    |)lstm-automl (\w+)", text, re.MULTILINE):
        assert line in VERBS
    for name in re.findall(r"`?lstm-automl (\w[\w-]*)", text):
        assert name in VERBS, f"{page.name}: lstm-automl {name}"


def test_exit_codes_of_the_readme_are_those_of_the_errors() -> None:
    from lstm_automl import errors

    table = dict(re.findall(r"^\| (\d) \| (.*) \|$", README, re.MULTILINE))
    codes = {e.exit_code for e in vars(errors).values() if isinstance(e, type) and hasattr(e, "exit_code")}
    assert {int(code) for code in table} == codes | {0}


def test_defaults_in_the_readme() -> None:
    from lstm_automl import Search

    defaults = Search()
    assert f"the defaults are {defaults.max_trials} trials of at most {defaults.max_epochs} epochs" in " ".join(
        README.split()
    )


def test_the_two_commands() -> None:
    assert "    pip install . && lstm-automl search classification --data digits\n" in README
    assert "    pip install -e '.[test]' && pytest\n" in README
