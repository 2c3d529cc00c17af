"""Wheel, sdist, editable install and bare checkout find the same spaces and say the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEFT_BEHIND = "lstm_automl/left_behind.py"

LOOK = """
import sys
sys.path[:0] = {paths!r}
import lstm_automl
from lstm_automl.spaces import catalog
from lstm_automl.spaces.loader import load
print(lstm_automl.__file__)
for name in catalog.names():
    print(name, sorted(load(name).parameters))
print(catalog.block_names())
"""


def run(*command: str | Path, cwd: Path) -> str:
    # what is installed decides what is imported
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def look(folder: Path, cwd: Path) -> tuple[Path, str]:
    """Where the package in ``folder`` lies and what spaces it finds, seen by a process in another folder."""
    out = run(sys.executable, "-I", "-S", "-c", LOOK.format(paths=[str(folder), *third_party()]), cwd=cwd)
    file, _, spaces = out.partition("\n")
    return Path(file), spaces


def third_party() -> list[str]:
    return [p for p in sys.path if "site-packages" in p or "dist-packages" in p]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout in which an earlier build has left something behind."""
    tree = tmp_path_factory.mktemp("tree") / "checkout"
    tree.mkdir()
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tree)
    for name in ("lstm_automl", "search_spaces"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "build" / "lib" / LEFT_BEHIND).parent.mkdir(parents=True)
    (tree / "build" / "lib" / LEFT_BEHIND).touch()
    return tree


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel(tree, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", out, tree, cwd=out)
    return next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def checkout(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The spaces a bare checkout finds: what the others are held to."""
    file, spaces = look(tree, tmp_path_factory.mktemp("elsewhere"))
    assert file == tree / "lstm_automl" / "__init__.py"
    assert spaces.count("\n") >= 4
    return spaces


def _wheel(source: Path, out: Path) -> Path:
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check")
    run(sys.executable, "-m", "pip", "wheel", *options, "-w", out, source, cwd=out)
    return next(out.glob("*.whl"))


def _installed(wheel: Path, target: Path) -> Path:
    options = ("--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", "--target", target)
    run(sys.executable, "-m", "pip", "install", *options, wheel, cwd=target.parent)
    return target


def test_wheel_finds_the_spaces_of_the_checkout(wheel: Path, checkout: str, tmp_path: Path) -> None:
    target = _installed(wheel, tmp_path / "installed")
    file, spaces = look(target, tmp_path)
    assert file == target / "lstm_automl" / "__init__.py"
    assert spaces == checkout


def test_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    again = _wheel(next(tmp_path.glob("lstm_automl-*")), tmp_path)
    assert _contents(again) == _contents(wheel)


def test_editable_install_finds_the_spaces_of_the_checkout(tree: Path, checkout: str, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=tmp_path)
    python = environment / "bin" / "python"
    site = next((environment / "lib").glob("python*")) / "site-packages"
    (site / "third_party.pth").write_text("\n".join(third_party()))
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--disable-pip-version-check")
    pip = ("-m", "pip", "install", "--ignore-installed", *options, "--prefix", environment, "-e", tree)
    run(sys.executable, *pip, cwd=tmp_path)
    out = run(python, "-c", LOOK.format(paths=[]), cwd=tmp_path)
    file, _, spaces = out.partition("\n")
    assert Path(file) == tree / "lstm_automl" / "__init__.py"
    assert spaces == checkout
    said = run(environment / "bin" / "lstm-automl", "spaces", "list", cwd=tmp_path)
    assert said.split() == ["classification", "forecasting", "regression"]


def test_wheel_holds_every_module_and_nothing_else(wheel: Path, tree: Path) -> None:
    inside = {name for name in _contents(wheel) if ".dist-info/" not in name}
    modules = {str(p.relative_to(tree)) for p in (tree / "lstm_automl").rglob("*") if p.suffix == ".py"}
    spaces = {f"lstm_automl/{p.relative_to(tree)}" for p in (tree / "search_spaces").rglob("*") if p.is_file()}
    assert inside == modules | spaces | {"lstm_automl/py.typed"}
    assert LEFT_BEHIND not in inside


def test_wheel_names_licence_readme_and_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        texts = {name.partition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        about = archive.read(texts["METADATA"]).decode()
        commands = archive.read(texts["entry_points.txt"]).decode()
        assert "Apache License" in archive.read(texts["licenses/LICENSE"]).decode()
    assert re.search(r"^License(-Expression)?: Apache-2.0$", about, re.MULTILINE)
    assert "\n# lstm_automl" in about
    assert "lstm-automl = lstm_automl.__main__:main" in commands


def _contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_version_and_changelog_agree() -> None:
    from lstm_automl import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert f"version = {__version__}" in (ROOT / "setup.cfg").read_text()


Command = Callable[..., subprocess.CompletedProcess[str]]


def test_python_m_and_the_script_are_one(command: Command, tmp_path: Path) -> None:
    from lstm_automl import __version__

    assert command(tmp_path, "--version").stdout == f"lstm-automl, version {__version__}\n"
