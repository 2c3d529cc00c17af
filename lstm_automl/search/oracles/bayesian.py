"""Gaussian process (Snoek et al. 2012): Keras Tuner's Bayesian optimization."""

from __future__ import annotations

from typing import Any, ClassVar

from lstm_automl.search.contracts import Table
from lstm_automl.search.oracles import keras_tuner as tuner
from lstm_automl.search.oracles.draws import propose_new
from lstm_automl.spaces.space import Space
from lstm_automl.tasks.task import Direction

INITIAL = 10
"""Random trials first. Keras Tuner's own three a dimension would use up most searches."""


class BayesianOracle:
    """Keras Tuner's BayesianOptimizationOracle; seconds a proposal once there are many trials."""

    name: ClassVar[str] = "bayesian"

    def propose(self, space: Space, seed: int, n: int, table: Table, direction: Direction) -> dict[str, Any] | None:
        """The point with the best upper confidence bound; random while few trials have a score."""
        drawn = 0
        known = sum(tuner.reached(row) is not None for row in table)

        def draw(derived: int) -> Any:
            nonlocal drawn
            drawn += 1
            given = tuner.settings(space, derived, direction)
            from keras_tuner.oracles import BayesianOptimizationOracle, RandomSearchOracle
            from threadpoolctl import threadpool_limits

            if known < INITIAL or drawn > 2:
                return tuner.ask(RandomSearchOracle(**given), space, n)
            oracle = BayesianOptimizationOracle(**given, num_initial_points=INITIAL)
            tuner.fill(oracle, space, table, direction)
            with threadpool_limits(1):  # more threads cost CPU and gain nothing
                return tuner.ask(oracle, space, n)

        return propose_new(space, seed, n, table, draw)
