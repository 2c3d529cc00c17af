"""Spaces are found by name wherever the package runs from, and by path."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_automl.errors import UnknownNameError
from lstm_automl.spaces import catalog
from lstm_automl.spaces.loader import load


def test_names() -> None:
    assert {"classification", "regression", "forecasting"} <= set(catalog.names())
    assert {"recurrent", "training", "front_end"} <= set(catalog.block_names())
    assert not set(catalog.names()) & set(catalog.block_names()), "an include would mean two things"


def test_find_a_name_and_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert catalog.find("classification").file.is_file()
    file = tmp_path / "mine.yaml"
    shutil.copy(str(catalog.find("classification").file), file)
    for given in (file, str(file)):
        assert catalog.find(given).name == "mine"
        assert load(given).parameters == load("classification").parameters
    monkeypatch.chdir(tmp_path)
    assert catalog.find("mine.yaml").name == "mine"
    (tmp_path / "classification").write_text("a file of that name, not meant")
    assert catalog.find("classification").folder == catalog.shipped()


def test_unknown_name() -> None:
    with pytest.raises(UnknownNameError) as caught:
        catalog.find("clasification")
    assert str(caught.value).startswith("unknown search space 'clasification'; did you mean 'classification'?")


@pytest.mark.parametrize("mapped", [True, False])
def test_a_bare_checkout_and_an_installed_package_find_the_same(mapped: bool, tmp_path: Path) -> None:
    """``mapped``: the YAML inside the package, as a wheel has it; otherwise beside it, as a checkout has it."""
    package = Path(catalog.__file__).parents[1]
    for room in ("spaces", ""):
        target = tmp_path / "lstm_automl" / room
        target.mkdir(parents=True, exist_ok=True)
        for file in (package / room).glob("*.py"):
            shutil.copy(file, target)
    shutil.copytree(
        str(catalog.shipped()), tmp_path / "lstm_automl" / "search_spaces" if mapped else tmp_path / "search_spaces"
    )
    code = "from lstm_automl.spaces import catalog, loader; print(catalog.shipped(), *catalog.names()); " + (
        "[print(loader.load(n).digest()) for n in catalog.names()]"
    )
    # -I and an own path: neither this checkout nor an installation is in sight
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    first, *digests = done.stdout.split("\n")
    where, *names = first.split()
    assert Path(where).is_relative_to(tmp_path)
    assert names == catalog.names()
    assert digests[:-1] == [load(n).digest() for n in names]
