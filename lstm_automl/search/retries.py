"""Attempts whose worker died by itself: counted on disk, so that a restart of the driver forgets none."""

from __future__ import annotations

from pathlib import Path

from lstm_automl.search.attempts import attempts_on
from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.results import read_checked, write_checked

DIED = "died.json"


def record_death(folder: Path, message: str, epochs: int) -> None:
    """Remember that the attempt's worker died by itself after ``epochs`` epochs.

    Raises:
        OSError: the disk is full, read-only or gone.
    """
    write_checked(folder / DIED, {"message": message, "epochs": epochs})


def deaths(directory: Path, work: RungSpec) -> list[str]:
    """The messages of the attempts that count against a job, oldest first.

    The count restarts with an attempt that came further than all before it: what stops a rung at ever
    other places is not the rung.
    """
    counted: list[str] = []
    furthest = -1
    for folder in reversed(list(attempts_on(directory, work))):
        death = read_checked(folder / DIED)
        if death is None:
            continue
        if int(death["epochs"]) > furthest:
            counted, furthest = [], int(death["epochs"])
        counted.append(str(death["message"]))
    return counted


def given_up(work: RungSpec, messages: list[str]) -> RungResult:
    """The result of a job that killed its worker too often."""
    error = f"its worker died {len(messages)} times, the last time: {messages[-1]}"
    return RungResult(work.job, work.trial, "failed", error=error)
