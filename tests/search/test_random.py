"""Our random draws beside Keras Tuner's: the same, for every kind of parameter and every space we ship."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from lstm_automl.search.oracles import keras_tuner as tuner
from lstm_automl.search.oracles.random import RandomOracle, draw
from lstm_automl.spaces import catalog, loader
from lstm_automl.spaces.space import Parameter, Space
from lstm_automl.testing.search import small_space

ODD = Space(
    "t",
    {
        p.name: p
        for p in (
            Parameter("a", "int", 5, 3, 17, 4),
            Parameter("b", "int", 16, 4, 64, 2, sampling="log"),
            Parameter("c", "float", 0.31, 0.1, 0.9, 0.2),
            Parameter("d", "float", -1.0, -3, 5),
            Parameter("e", "choice", 1, values=(1, 2.5, 4)),
            Parameter("f", "choice", True, values=(True, 3, "x")),
            Parameter("g", "float", 1e-3, 1e-5, 1, sampling="log", when={"f": (3, "x"), "e": (2.5, 4)}),
            Parameter("h", "bool", False, when={"e": (1,)}),
            Parameter("i", "fixed", "y", when={"e": (1,)}),
            Parameter("j", "int", 7, 7, 7),
        )
    },
)


def theirs(space: Space, seed: int) -> Any:
    """What Keras Tuner's own oracle draws."""
    from keras_tuner.oracles import RandomSearchOracle

    return tuner.ask(RandomSearchOracle(**tuner.settings(space, seed, "max")), space, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["small", "odd", *catalog.names()])
def test_draws_are_those_of_keras_tuner(name: str) -> None:
    space = {"small": small_space(), "odd": ODD}.get(name) or loader.load(name)
    for seed in (1, 2, 3, 12345, 2**31 - 1, *range(1000, 1040)):
        ours, found = draw(space, seed), theirs(space, seed)
        assert ours == found
        assert [(k, type(v)) for k, v in ours.items()] == [(k, type(v)) for k, v in found.items()]


def test_nothing_heavy_is_imported() -> None:
    code = "import sys; from lstm_automl.testing.search import small_space\n"
    code += "from lstm_automl.search.oracles.random import RandomOracle\n"
    code += "print(RandomOracle().propose(small_space(), 0, 5, (), 'max'))\n"
    code += "assert not {'keras_tuner', 'keras', 'tensorflow', 'sklearn', 'pandas', 'mlflow'} & set(sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert str(RandomOracle().propose(small_space(), 0, 5, (), "max")) in found.stdout
