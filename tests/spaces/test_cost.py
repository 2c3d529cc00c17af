"""Checking a space is quick because nothing heavy is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "keras_tuner", "mlflow", "sklearn", "pandas", "numpy", "optuna", "plotly", "pyarrow")

CHECK = """
import sys
from lstm_automl.spaces import catalog, describe, dump, loader, schema
for name in catalog.names():
    space = loader.load(name, overrides={"units": "32"})
    assert describe.describe(space) and dump.dumps(space)
assert schema.json_schema()
print(",".join(sorted({m.partition(".")[0] for m in sys.modules})))
"""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    done = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=True)
    return set(done.stdout.strip().split(","))


@pytest.mark.parametrize("module", HEAVY)
def test_not_imported(module: str, imported: set[str]) -> None:
    assert module not in imported


def test_what_is_imported_is_seen(imported: set[str]) -> None:
    assert {"pydantic", "ruamel", "lstm_automl"} <= imported


def test_no_plug_in_is_imported() -> None:
    code = CHECK.replace('m.partition(".")[0]', "m")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = {m.split(".")[1] for m in done.stdout.strip().split(",") if m.startswith("lstm_automl.")}
    assert rooms == {"errors", "plugins", "spaces"}
