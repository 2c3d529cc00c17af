"""Tree-structured Parzen estimator (Bergstra et al. 2011): Optuna's sampler, a study made from the table each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from lstm_automl.search.contracts import Table, TrialRow
from lstm_automl.search.derived import Derived
from lstm_automl.search.oracles.draws import propose_new
from lstm_automl.spaces.space import Parameter, Space, Value, is_active
from lstm_automl.tasks.task import Direction


class TPEOracle:
    """Optuna's TPE with its own defaults: joint density of the parameters that every trial has, the others singly.

    A trial counts by the last rung it has finished, also while it is trained further: trials that came further are
    better, then those with a better score there. Trials that failed or diverged are worst; those without a finished
    rung are told as under way.
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
        told = _TOLD.of(table, lambda: _Told(space), id(space))
        study.add_trials(told.trials.values())
        trial, values = study.ask(), dict[str, Value]()
        for p in space.parameters.values():  # parents first: a child is asked for only where it is active
            if is_active(p, values):
                values[p.name] = (
                    _decoded(p, trial._suggest(p.name, told.distributions[p.name])) if p.searched else _only(p)
                )
        return values
    finally:
        optuna.logging.set_verbosity(before)


class _Told:
    """The rows of a table as trials of a study, in number order."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.distributions = {name: _distribution(p) for name, p in space.parameters.items() if p.searched}
        self.trials: dict[int, Any] = {}

    def take(self, row: TrialRow) -> None:
        """Tell a row as it stands now."""
        self.trials[row.number] = _told(self.space, self.distributions, row)


_TOLD: Derived[_Told] = Derived()


def _told(space: Space, distributions: Mapping[str, Any], row: TrialRow) -> Any:
    """A row of the table as a trial of the study."""
    from optuna.trial import TrialState, create_trial

    from lstm_automl.search.oracles.study import light

    params = {
        name: _encoded(space.parameters[name], value)
        for name, value in row.values.items()
        if name in distributions and _on_grid(space.parameters[name], value)
    }
    used = {name: distributions[name] for name in params}
    reached = _reached(row)
    under_way = row.status in ("running", "stopped") and not reached
    state = TrialState.RUNNING if under_way else TrialState.PRUNED
    return light(create_trial(state=state, params=params, distributions=used, intermediate_values=reached))


def _reached(row: TrialRow) -> dict[int, float]:
    """Epoch and score of the last finished rung; empty without one, and for a trial that failed or diverged.

    Optuna sorts pruned trials by the step they reached, then by the value there, and those without one last: a study
    of pruned trials is one of complete trials as far as all came equally far.
    """
    if row.status in ("failed", "diverged"):
        return {}
    rungs = [(end, score) for end, score in row.rungs if score is not None]
    if not rungs and row.score is not None:
        rungs = [(row.to_epoch, row.score)]
    return dict(rungs[-1:])


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
