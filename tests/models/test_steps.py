"""An epoch's number of steps."""

from __future__ import annotations

import pytest

from lstm_automl.models.steps import MAX_STEPS, MIN_STEPS, steps_per_epoch


@pytest.mark.parametrize(
    ("n", "batch_size", "steps"),
    [
        (1, 32, MIN_STEPS),
        (16 * 32, 32, 16),
        (16 * 32 + 1, 32, 17),
        (256 * 8, 8, 256),
        (256 * 8 + 1, 8, MAX_STEPS),
        (10_000, None, MIN_STEPS),
    ],
)
def test_steps(n: int, batch_size: int | None, steps: int) -> None:
    assert steps_per_epoch(n, batch_size) == steps


def test_nothing_to_train_on() -> None:
    with pytest.raises(ValueError, match="at least one training example, got 0"):
        steps_per_epoch(0, 32)
