"""How many workers there are, when one is replaced, and when one is ended in the middle of a rung."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lstm_automl.search.executors.caps import Caps
from lstm_automl.search.executors.memory import look
from lstm_automl.search.executors.roster import Worker


@dataclass(frozen=True)
class Manning:
    """The rules of a crew.

    Args:
        size: Processes at a time.
        max_rungs: Rungs after which a worker is replaced.
        max_memory: Bytes gained after which a worker is replaced.
        caps: Of one rung; on its time, with what it goes on from.
    """

    size: int
    max_rungs: int
    max_memory: int
    caps: Caps

    def used_up(self, rungs: int, gained: int) -> bool:
        """Whether a worker is replaced after its rung."""
        return rungs >= self.max_rungs or gained > self.max_memory


def verdicts(workers: Iterable[Worker], caps: Caps, now: float) -> Iterator[tuple[Worker, str, bool]]:
    """The workers to be ended now, why, and whether that is not the rung's own doing.

    Those over a cap; and those that somebody has stopped (SIGSTOP): they would block their jobs for ever.
    """
    for worker in workers:
        if worker.pid is None or worker.job is None or worker.began is None or worker.gone is not None:
            continue
        seen = look(worker.pid)
        if seen is None:  # ending: its socket says so
            continue
        over = caps.exceeded(worker.job.spec.spent + now - worker.began, seen.held - worker.before)
        if over:
            yield worker, f"was {over}", False
        elif seen.stopped:
            yield worker, "was stopped by somebody", True
