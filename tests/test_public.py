"""The public surface, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lstm_automl

PUBLIC = ["LSTMClassifier", "LSTMForecaster", "LSTMRegressor", "Search", "hypermodel", "load", "search", "warm_up"]
HEAVY = {
    "tensorflow", "keras", "keras_tuner", "mlflow", "sklearn", "pandas", "optuna", "plotly", "pyarrow", "scipy", "rich",
}  # fmt: skip
ROOT = Path(__file__).parents[1]


def test_public_names() -> None:
    assert lstm_automl.__all__ == PUBLIC
    assert dir(lstm_automl) == sorted([*PUBLIC, "__version__"])
    with pytest.raises(AttributeError, match="has no attribute 'LSTMClasifier'"):
        _ = lstm_automl.LSTMClasifier


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_exist_and_are_documented(name: str) -> None:
    found = getattr(lstm_automl, name)
    assert found.__doc__
    assert found.__name__.rpartition(".")[2] == name
    assert callable(found)


def test_search_is_called_by_the_name_its_room_has_too() -> None:
    import inspect

    from lstm_automl.errors import UnknownNameError
    from lstm_automl.estimators import flow
    from lstm_automl.search.driver import Driver

    assert inspect.signature(lstm_automl.search) == inspect.signature(flow.search)
    assert lstm_automl.search.driver.Driver is Driver
    for _ in range(2):
        with pytest.raises(UnknownNameError, match="unknown task 'clasification'"):
            lstm_automl.search("clasification", "demo")


LOADED = """
import sys
sys.argv = ["lstm-automl", *{args!r}]
try:
    {statement}
except SystemExit as done:
    assert not done.code, done.code
print("LOADED", *{{m.partition(".")[0] for m in sys.modules}})
"""


def loaded(statement: str, *args: str) -> set[str]:
    """Packages that a fresh process has imported after ``statement``."""
    code = LOADED.format(args=list(args), statement=statement)
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert out.returncode == 0, out.stderr
    assert out.stderr == ""
    return set(out.stdout.rpartition("LOADED")[2].split())


def test_importing_the_package_imports_nothing_of_weight() -> None:
    found = loaded("import lstm_automl; dir(lstm_automl)")
    assert not found & (HEAVY | {"numpy", "pydantic", "click"})


@pytest.mark.parametrize(
    "args",
    [
        "--help", "--version", "search --help", "search forecasting --help", "resume --help", "predict --help",
        "tasks list", "tasks show classification", "tasks show regression", "tasks show forecasting",
        "spaces list", "spaces show forecasting", "spaces check classification regression forecasting", "spaces schema",
        "runs list",
    ],
)  # fmt: skip
def test_light_commands_import_nothing_heavy(args: str) -> None:
    found = loaded("from lstm_automl.__main__ import main; main()", *args.split())
    assert "lstm_automl" in found
    assert not found & HEAVY
    if args in ("--help", "--version", "tasks list"):
        assert not found & {"numpy", "pydantic"}
