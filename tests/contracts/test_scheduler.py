"""Every registered scheduler keeps the scheduler contract."""

from __future__ import annotations

import pytest

from lstm_automl import plugins
from lstm_automl.search.contracts import NewTrial
from lstm_automl.testing.scheduler import check_scheduler


@pytest.mark.parametrize("name", plugins.names("scheduler"))
def test_contract(name: str) -> None:
    scheduler = plugins.load("scheduler", name)()
    assert scheduler.name == name
    check_scheduler(scheduler)


class Endless:
    """A scheduler that never stops starting trials."""

    name = "endless"

    def next(self, table, started, max_trials, max_epochs):
        return NewTrial(max_epochs)


def test_the_suite_notices_a_bad_scheduler() -> None:
    with pytest.raises(AssertionError, match="more than 9 trials"):
        check_scheduler(Endless())
