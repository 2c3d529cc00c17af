"""Attempts whose worker died by itself: counted on disk, so that a restart of the driver forgets none."""

from __future__ import annotations

from pathlib import Path

from lstm_automl.search.attempts import attempts_on
from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.executors.endings import is_late, is_outside, is_own
from lstm_automl.search.results import epochs_done, read_checked, write_checked

DIED = "died.json"
MANY = 12


def record_death(folder: Path, message: str, epochs: int) -> None:
    """Remember that the attempt's worker died by itself after ``epochs`` epochs, or those that the attempt has noted.

    Raises:
        OSError: the disk is full, read-only or gone.
    """
    write_checked(folder / DIED, {"message": message, "epochs": max(epochs, epochs_done(folder))})


def deaths(directory: Path, work: RungSpec) -> list[str]:
    """The messages of the attempts that count against a job, oldest first.

    Those that a cap or a want of memory has ended; or those of the others that came as far as the newest, where they
    are more: what stops a rung at ever other places is not the rung, nor is what somebody has killed, wherever it was.
    The ``MANY``-th of the others makes all of them count: that could go on for ever. Of one that was out of
    time, that alone.
    """
    own, others = list[str](), list[tuple[int, str]]()
    for folder in reversed(list(attempts_on(directory, work))):
        death = read_checked(folder / DIED)
        if death is None:
            continue
        message = str(death["message"])
        if is_late(message):
            return [message]
        if is_own(message):
            own.append(message)
        else:
            others.append((int(death["epochs"]), message))
    place, many = others[-1][0] if others else 0, len(others) >= MANY
    here = [message for epochs, message in others if many or (epochs == place and not is_outside(message))]
    return max(own, here, key=len)


def given_up(directory: Path, work: RungSpec, max_retries: int) -> RungResult | None:
    """The result of a job that has killed its worker too often or was out of time once; None = it is tried again."""
    messages = deaths(directory, work)
    late = any(is_late(message) for message in messages)
    if not late and len(messages) <= max_retries:
        return None
    error = messages[-1] if late else f"its worker died {len(messages)} times, the last time: {messages[-1]}"
    return RungResult(work.job, work.trial, "failed", error=error)
