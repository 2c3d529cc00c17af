"""Any ``concurrent.futures.Executor`` (threads, processes, other people's pools) as an executor of rungs."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from typing import ClassVar

from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, WorkerDied
from lstm_automl.search.executors.endings import EXHAUSTED
from lstm_automl.search.executors.worker import find_runner


class FuturesExecutor:
    """Rungs in somebody else's pool. A rung there cannot be stopped from here: it obeys its own deadline.

    Args:
        pool: The pool; closed with this executor.
        capacity: Rungs at a time.
        runner: ``"module:function"`` that runs a rung, importable where the pool works.
    """

    name: ClassVar[str] = "futures"

    def __init__(self, pool: concurrent.futures.Executor, capacity: int, *, runner: str) -> None:
        self.capacity = capacity
        self._pool, self._runner = pool, runner
        self._shared = isinstance(pool, ThreadPoolExecutor)
        self._running: dict[int, Future[RungResult]] = {}

    def submit(self, spec: RungSpec, on_epoch: Callable[[Epoch], None]) -> Future[RungResult]:
        """Start a rung; outside this process its epochs are told when it ends."""
        outer: Future[RungResult] = Future()
        outer.set_running_or_notify_cancel()
        if self._shared:
            inner = self._pool.submit(find_runner(self._runner), spec, on_epoch)
        else:
            inner = self._pool.submit(run, self._runner, spec)
        self._running[spec.job] = outer

        def done(finished: Future[RungResult]) -> None:
            if self._running.get(spec.job) is outer:
                del self._running[spec.job]
            if outer.done():
                return
            try:
                result = finished.result()
            except (BrokenExecutor, concurrent.futures.CancelledError) as error:
                outer.set_exception(WorkerDied(f"the pool lost job {spec.job}: {error}"))
            except MemoryError as error:
                outer.set_exception(WorkerDied(f"the worker of job {spec.job} {EXHAUSTED}: {error}"))
            except BaseException as error:
                outer.set_exception(error)
            else:
                for epoch in () if self._shared else result.epochs:
                    on_epoch(epoch)
                outer.set_result(result)

        inner.add_done_callback(done)
        return outer

    def kill(self, job: int) -> None:
        """Let go of a job: what it still does is ignored."""
        outer = self._running.pop(job, None)
        if outer is not None and not outer.done():
            outer.set_exception(WorkerDied(f"job {job} was stopped", ours=True))

    def close(self) -> None:
        """Let go of all jobs and of the pool."""
        for job in list(self._running):
            self.kill(job)
        self._pool.shutdown(wait=False, cancel_futures=True)


def run(runner: str, spec: RungSpec) -> RungResult:
    """Run a rung where the pool works."""
    return find_runner(runner)(spec, _ignore)


def _ignore(epoch: Epoch) -> None:
    """Epochs cannot be sent from there; the result holds them all."""
