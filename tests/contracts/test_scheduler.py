"""Every registered scheduler keeps the scheduler contract."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lstm_automl import plugins
from lstm_automl.search.contracts import NewTrial, Promote
from lstm_automl.testing.scheduler import check_scheduler


@pytest.mark.parametrize(("trials", "epochs"), [(9, 27), (1, 50), (40, 50), (7, 1)])
@pytest.mark.parametrize("name", plugins.names("scheduler"))
def test_contract(name: str, trials: int, epochs: int) -> None:
    scheduler = plugins.load("scheduler", name)()
    assert scheduler.name == name
    check_scheduler(scheduler, max_trials=trials, max_epochs=epochs)


def test_schedulers_import_nothing_heavy() -> None:
    code = (
        "import sys; from lstm_automl import plugins;"
        "[plugins.load('scheduler', name)().next((), 0, 3, 9) for name in plugins.names('scheduler')];"
        "heavy = {'keras', 'keras_tuner', 'tensorflow', 'mlflow', 'optuna'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class Base:
    """A scheduler that keeps the contract, all trials at once to the end."""

    name = "base"

    def __init__(self, direction="max", steps=None, warm_up=True):
        self.asked = 0

    def next(self, table, started, max_trials, max_epochs):
        return NewTrial(max_epochs) if started < max_trials else None


class Endless(Base):
    """It never stops starting trials."""

    def next(self, table, started, max_trials, max_epochs):
        return NewTrial(max_epochs)


class Remembers(Base):
    """What it says depends on what it said before."""

    def next(self, table, started, max_trials, max_epochs):
        self.asked += 1
        return NewTrial(min(self.asked, max_epochs)) if started < max_trials else None


class Hasty(Base):
    """It promotes a trial whose rung is not finished."""

    def next(self, table, started, max_trials, max_epochs):
        waiting = [row.number for row in table if row.to_epoch < max_epochs]
        if waiting:
            return Promote(waiting[0], max_epochs)
        return NewTrial(1) if started < max_trials else None


class Greedy(Base):
    """It trains trials that failed."""

    def next(self, table, started, max_trials, max_epochs):
        if any(row.status == "running" for row in table):
            return None
        waiting = [row.number for row in table if row.to_epoch < max_epochs]
        if waiting:
            return Promote(waiting[0], max_epochs)
        return NewTrial(1) if started < max_trials else None


class Deaf(Base):
    """A search could not make it."""

    def __init__(self, direction="max"):
        super().__init__(direction)


class Timid(Base):
    """It trains none to the end."""

    def next(self, table, started, max_trials, max_epochs):
        return NewTrial(1) if started < max_trials else None


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (Endless, "more than 9 trials"),
        (Remembers, "the first time"),
        (Hasty, "the trial is running"),
        (Greedy, "the trial is (failed|diverged)"),
        (Timid, "no trial was trained to the end"),
    ],
)
def test_the_suite_notices_a_bad_scheduler(bad: type[Base], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        check_scheduler(bad())


def test_the_suite_makes_a_scheduler_as_a_search_does() -> None:
    check_scheduler(Base())
    with pytest.raises(TypeError, match="unexpected keyword argument 'steps'"):
        check_scheduler(Deaf())
