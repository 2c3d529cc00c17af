"""Every registered oracle keeps the oracle contract."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lstm_automl import plugins
from lstm_automl.testing.oracle import check_oracle


@pytest.mark.parametrize("name", plugins.names("oracle"))
def test_contract(name: str) -> None:
    oracle = plugins.load("oracle", name)()
    assert oracle.name == name
    check_oracle(oracle)


@pytest.mark.parametrize("name", ["grid", "tpe"])
def test_light_oracles_import_nothing_heavy(name: str) -> None:
    code = (
        "import sys; from lstm_automl import plugins; from lstm_automl.testing.search import small_space;"
        f"plugins.load('oracle', {name!r})().propose(small_space(), 0, 1, (), 'max');"
        "heavy = {'keras', 'keras_tuner', 'tensorflow', 'mlflow', 'sklearn'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class Forgetful:
    """An oracle that ignores conditions and repeats itself: the suite must notice."""

    name = "forgetful"

    def propose(self, space, seed, n, table, direction):
        return {p.name: p.default for p in space.parameters.values()}


def test_the_suite_notices_a_bad_oracle() -> None:
    with pytest.raises(AssertionError, match="not the active parameters"):
        check_oracle(Forgetful())
