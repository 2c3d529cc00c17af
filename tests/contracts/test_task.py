"""Every registered task keeps the promises of a task."""

from __future__ import annotations

import pytest

from lstm_automl import plugins
from lstm_automl.testing.task import check_task


@pytest.mark.parametrize("name", plugins.names("task"))
def test_task_keeps_its_promises(name: str) -> None:
    task = plugins.load("task", name)()
    assert task.name == name
    check_task(task)
