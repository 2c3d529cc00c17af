"""Uniform draws: Keras Tuner's random search."""

from __future__ import annotations

from typing import Any, ClassVar

from lstm_automl.search.contracts import Table
from lstm_automl.search.oracles import keras_tuner as tuner
from lstm_automl.search.oracles.draws import propose_new
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.task import Direction


class RandomOracle:
    """Keras Tuner's RandomSearchOracle."""

    name: ClassVar[str] = "random"
    reads_results: ClassVar[bool] = False

    def propose(self, space: Space, seed: int, n: int, table: Table, direction: Direction) -> dict[str, Any] | None:
        """A draw that the table does not hold."""

        def draw(derived: int) -> Any:
            given = tuner.settings(space, derived, direction)
            from keras_tuner.oracles import RandomSearchOracle

            return tuner.ask(RandomSearchOracle(**given), space, n)

        return propose_new(space, seed, n, table, draw)
