"""Tree-structured Parzen estimator: Optuna's sampler, in a study made anew from the table for each proposal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from lstm_automl.search.contracts import Table, TrialRow
from lstm_automl.search.oracles.draws import propose_new
from lstm_automl.spaces.space import Parameter, Space, Value, is_active
from lstm_automl.tasks.task import Direction


class TPEOracle:
    """Optuna's TPE with its own defaults: joint density of the parameters that every trial has, the others singly.

    Trials that failed or diverged are told as worst, running ones as under way.
    """

    name: ClassVar[str] = "tpe"

    def propose(self, space: Space, seed: int, n: int, table: Table, direction: Direction) -> dict[str, Any] | None:
        """Values that the sampler expects to be good."""
        return propose_new(space, seed, n, table, lambda derived: _draw(space, derived, table, direction))


def _draw(space: Space, seed: int, table: Table, direction: Direction) -> Mapping[str, Value]:
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        sampler = optuna.samplers.TPESampler(seed=seed)
        study = optuna.create_study(sampler=sampler, direction="maximize" if direction == "max" else "minimize")
        distributions = {name: _distribution(p) for name, p in space.parameters.items() if p.searched}
        study.add_trials([_told(space, distributions, row, direction) for row in table])
        trial, values = study.ask(), dict[str, Value]()
        for p in space.parameters.values():  # parents first: a child is asked for only where it is active
            if is_active(p, values):
                values[p.name] = _decoded(p, trial._suggest(p.name, distributions[p.name])) if p.searched else _only(p)
        return values
    finally:
        optuna.logging.set_verbosity(before)


def _told(space: Space, distributions: Mapping[str, Any], row: TrialRow, direction: Direction) -> Any:
    """A row of the table as a trial of the study."""
    import optuna

    params = {
        name: _encoded(space.parameters[name], value)
        for name, value in row.values.items()
        if name in distributions and _on_grid(space.parameters[name], value)
    }
    used = {name: distributions[name] for name in params}
    if row.status == "running":
        state, value = optuna.trial.TrialState.RUNNING, None
    else:
        worst = -math.inf if direction == "max" else math.inf
        state, value = optuna.trial.TrialState.COMPLETE, worst if row.score is None else row.score
    return optuna.trial.create_trial(state=state, params=params, distributions=used, value=value)


def _distribution(p: Parameter) -> Any:
    """Choices, and grids that Optuna has no word for, are categories by position."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    low, high = p.min_value or 0, p.max_value or 0
    if _by_position(p):
        return CategoricalDistribution(range(len(p.grid())))
    if p.kind == "int" and p.sampling == "log":
        return IntDistribution(round(low), round(high), log=True)
    if p.kind == "int":
        step = round(p.step or 1)
        return IntDistribution(round(low), round(low) + (round(high) - round(low)) // step * step, step=step)
    return FloatDistribution(float(low), float(high), log=p.sampling == "log")


def _by_position(p: Parameter) -> bool:
    return p.kind in ("choice", "bool") or (p.step is not None and (p.kind == "float" or p.sampling == "log"))


def _on_grid(p: Parameter, value: Value) -> bool:
    if _by_position(p):
        return _position(p, value) is not None
    if p.kind == "int" and p.sampling == "linear":
        return (float(value) - (p.min_value or 0)) % round(p.step or 1) == 0
    return p.contains(value)


def _position(p: Parameter, value: Value) -> int | None:
    for i, point in enumerate(p.grid()):
        if point == value and isinstance(point, bool) == isinstance(value, bool):
            return i
    return None


def _encoded(p: Parameter, value: Value) -> Any:
    return _position(p, value) if _by_position(p) else value


def _decoded(p: Parameter, raw: Any) -> Value:
    if _by_position(p):
        return p.grid()[int(raw)]
    return int(raw) if p.kind == "int" else float(raw)


def _only(p: Parameter) -> Value:
    return p.grid()[0]
