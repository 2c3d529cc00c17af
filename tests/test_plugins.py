"""Names: every line of the table leads somewhere, and says of it what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lstm_automl import plugins
from lstm_automl.errors import UnknownNameError, UsageError
from lstm_automl.testing.extension import installed

EVERY = [(kind, name) for kind in plugins.KINDS for name in plugins.names(kind)]


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_name_loads(kind: str, name: str) -> None:
    plugin = plugins.find(kind, name)
    found = plugin.load()
    assert callable(found)
    assert plugin.help
    assert not plugin.help.endswith(".")
    if kind in ("task", "cell", "front_end", "head"):
        assert found.name == name


def test_unknown_names_say_what_was_meant() -> None:
    with pytest.raises(
        UnknownNameError, match=r"^unknown front end 'cnn'; did you mean 'cnn1d'\? \(valid: cnn1d, fcn, none\)$"
    ):
        plugins.find("front_end", "cnn")


def test_another_distribution_adds_a_name(tmp_path: Path) -> None:
    (tmp_path / "of_mine.py").write_text(
        "from lstm_automl.plugins import Plugin\nMINE = Plugin('of_mine:Mine', 'mine', reads=('units',))\n"
        "class Mine: ...\n"
    )
    with installed(tmp_path, {"cell": {"mine": "of_mine:MINE"}}):
        assert plugins.names("cell")[-1] == "mine"
        assert plugins.find("cell", "mine").reads == ("units",)
        assert plugins.load("cell", "mine").__name__ == "Mine"
    assert "mine" not in plugins.names("cell")


def test_a_name_taken_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "of_mine.py").write_text(
        "from lstm_automl.plugins import Plugin\nMINE = Plugin('of_mine:Mine', 'mine')\n"
    )
    with (
        installed(tmp_path, {"cell": {"lstm": "of_mine:MINE"}}),
        pytest.raises(
            UsageError,
            match=r"register cell 'lstm': rename one of them \(lstm_automl, extension-under-test\)$",
        ),
    ):
        plugins.names("cell")


@pytest.mark.parametrize(
    ("module", "wrong"),
    [
        ("import of_nobody", "ModuleNotFoundError: No module named 'of_nobody'"),
        ("OTHER = 1", "AttributeError: module 'of_mine' has no attribute 'MINE'"),
        ("MINE = 1", "of_mine:MINE is no lstm_automl.plugins.Plugin"),
    ],
)
def test_a_broken_plugin_is_named_with_its_distribution(tmp_path: Path, module: str, wrong: str) -> None:
    (tmp_path / "of_mine.py").write_text(f"{module}\n")
    with (
        installed(tmp_path, {"cell": {"mine": "of_mine:MINE"}}),
        pytest.raises(UsageError, match=f"^extension-under-test registers cell 'mine'.*{re.escape(wrong)}"),
    ):
        plugins.names("cell")


def test_a_plugin_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "of_mine.py").write_text(
        "from lstm_automl.plugins import Plugin\nMINE = Plugin('of_nobody:Mine', 'mine')\n"
    )
    with (
        installed(tmp_path, {"cell": {"mine": "of_mine:MINE"}}),
        pytest.raises(UsageError, match="cell 'mine' is registered as of_nobody:Mine, which cannot be imported"),
    ):
        plugins.load("cell", "mine")


def test_each_task_names_heads_that_exist() -> None:
    for name in plugins.names("task"):
        uses = plugins.find("task", name).uses
        assert uses
        assert set(uses) <= set(plugins.names("head"))
