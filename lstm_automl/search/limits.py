"""How much a search may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lstm_automl.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """How much a search may use.

    Args:
        max_trials: Trials, at least 1.
        max_epochs: Epochs of one trial, at least 1; also the length of its learning-rate schedule.
        time_budget: Seconds for one run of the search, or None; a run that continues it has as many again. Makes
            the number of trials depend on the machine, never their scores.
        max_retries: New attempts for a rung whose worker died by itself, at least 0.

    Raises:
        UsageError: a limit out of its range.
    """

    max_trials: int = 40
    max_epochs: int = 50
    time_budget: float | None = None
    max_retries: int = 2

    def __post_init__(self) -> None:
        for name, least in (("max_trials", 1), ("max_epochs", 1), ("max_retries", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise UsageError(f"{name} must be a whole number of at least {least}, not {value!r}")
        if self.time_budget is not None and not 0 < self.time_budget < float("inf"):
            raise UsageError(f"time_budget must be a positive number of seconds, not {self.time_budget!r}")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Limits:
        """Inverse of :meth:`to_json`."""
        return cls(**data)
