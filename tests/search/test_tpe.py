"""TPE sees what rungs tell: how far a trial came, how good it was there, and which never came anywhere."""

from __future__ import annotations

import optuna
import pytest

from lstm_automl.search.contracts import TrialRow
from lstm_automl.search.oracles import tpe
from lstm_automl.search.oracles.tpe import TPEOracle
from lstm_automl.search.table import LiveTable
from lstm_automl.spaces.space import Parameter, Space
from lstm_automl.testing.dummy import objective

SPACE = Space("classification", {"dropout": Parameter("dropout", "float", 0.5, 0.0, 1.0)})


def row(number, dropout, score=None, ends=(6,), status="completed"):
    """A trial with this score at each of its rungs; None: it ended there without one."""
    rungs = tuple((end, score) for end in ends)
    last = score if status == "completed" else None
    return TrialRow(number, {"dropout": dropout}, status, last, last, to_epoch=ends[-1] if ends else 6, rungs=rungs)


def mean(table):
    """Where proposals lie on average."""
    return sum(TPEOracle().propose(SPACE, 0, 100 + n, table, "max")["dropout"] for n in range(30)) / 30


def test_trials_that_came_further_are_better() -> None:
    low = [row(n, 0.1 + n / 1000, 0.5, (6, 17)) for n in range(3)]
    high = [row(n, 0.9 + n / 1000, 0.9) for n in range(3, 30)]
    assert mean((*low, *high)) < 0.35


def test_within_a_rung_the_score_decides() -> None:
    table = [row(n, 0.1 if n % 3 else 0.9, 0.9 if n % 3 == 0 else 0.2) for n in range(30)]
    assert mean(tuple(table)) > 0.65


def test_failed_and_diverged_trials_are_worst() -> None:
    bad = [row(n, 0.1 + n / 1000, None, (6,), ("failed", "diverged")[n % 2]) for n in range(20)]
    some = [row(n, 0.9 + n / 1000, 0.01) for n in range(20, 24)]
    assert mean((*bad, *some)) > 0.65


def test_a_promoted_trial_counts_while_it_runs() -> None:
    promoted = [row(n, 0.1 + n / 1000, 0.9, (6,), "running") for n in range(3)]
    others = [row(n, 0.5 + n / 100, 0.2) for n in range(3, 30)]
    unknown = [row(n, 0.1 + n / 1000, None, (), "running") for n in range(3)]
    assert mean((*promoted, *others)) < mean((*unknown, *others)) - 0.1


@pytest.mark.parametrize("direction", ["max", "min"])
def test_of_one_length_it_is_optuna_with_complete_trials(direction: str) -> None:
    table = []
    for n in range(30):
        value = objective({"n": n})
        table.append(row(n, value, objective({"n": n}, 1)))
    oracle, seed = TPEOracle(), 7
    asked = tpe._draw(SPACE, seed, tuple(table), direction)
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(sampler=sampler, direction={"max": "maximize", "min": "minimize"}[direction])
    space = {"dropout": optuna.distributions.FloatDistribution(0.0, 1.0)}
    for r in table:
        made = optuna.trial.create_trial(params=dict(r.values), distributions=space, value=r.score)
        study.add_trial(made)
    assert asked["dropout"] == study.ask().suggest_float("dropout", 0.0, 1.0)
    assert oracle.name == "tpe"


def test_a_live_table_is_told_by_what_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    real = tpe._told
    monkeypatch.setattr(tpe, "_told", lambda *args: told.append(args[-1].number) or real(*args))
    live = LiveTable()
    for n in range(20):
        live.put(row(n, n / 20, n / 20))
    oracle = TPEOracle()
    oracle.propose(SPACE, 0, 20, live, "max")
    told.clear()
    live.put(row(7, 7 / 20, 0.9, (6, 17)))
    live.put(row(20, 0.33, None, (), "running"))
    assert oracle.propose(SPACE, 0, 21, live, "max") == TPEOracle().propose(SPACE, 0, 21, tuple(live), "max")
    assert told[:2] == [7, 20]
    assert len(told) == 2 + 21
