"""Learning rates by step."""

from __future__ import annotations

import numpy as np
import pytest

from lstm_automl.errors import UnknownNameError
from lstm_automl.models.schedules import SCHEDULES, rates


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 160])
def test_every_rate_is_usable_and_the_base_is_the_highest(name: str, steps: int) -> None:
    found = rates(name, 0.01, steps)
    assert found.shape == (steps,)
    assert (found > 0).all()
    assert found.max() <= 0.01 * (1 + 1e-12)


def test_constant() -> None:
    assert set(rates("constant", 0.01, 5)) == {0.01}


def test_cosine_only_falls() -> None:
    found = rates("cosine", 0.01, 100)
    assert found[0] == 0.01
    assert found[-1] == pytest.approx(1e-4)
    assert (np.diff(found) < 0).all()


def test_one_cycle_rises_then_falls() -> None:
    found = rates("one_cycle", 0.01, 1001)
    top = int(found.argmax())
    assert top == 300
    assert found[top] == pytest.approx(0.01)
    assert found[0] == pytest.approx(0.01 / 25)
    assert found[-1] == pytest.approx(1e-5)
    assert (np.diff(found[: top + 1]) > 0).all()
    assert (np.diff(found[top:]) < 0).all()


def test_unknown() -> None:
    with pytest.raises(UnknownNameError, match="unknown schedule 'cosin'; did you mean 'cosine'"):
        rates("cosin", 0.01, 5)
