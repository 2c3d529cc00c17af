"""What trials gain by sharing compiled graphs: trials an hour with and without, the same search in turn.

    python benchmarks/graph_sharing.py --repeats 3
    python benchmarks/graph_sharing.py --repeats 3 --cv 5

Folds and seeds of a trial share a graph, and trials that differ in learning rate and schedule only, where a worker
keeps it. Imports are done before the clock starts. Printed is a row a run and the ratio of the medians; exits 1 when a
table differs.
"""

from __future__ import annotations

import os

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3"}

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from lstm_automl.estimators import flow, placing, sessions, storing
from lstm_automl.estimators.request import Search

# Workers read this module, too: what a rung needs is imported here once, before they are forked.
from lstm_automl.models import builder, fit, graph  # noqa: F401
from lstm_automl.search import rung
from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.observer import Observer
from lstm_automl.testing.search import lines

NOTHING = "nothing"
"""Directory of a rung that only begins a worker."""


def on(spec: RungSpec, on_epoch: Any, should_stop: Callable[[], bool]) -> RungResult:
    """A rung as ever."""
    if spec.directory == NOTHING:
        return RungResult(spec.job, spec.trial, "completed")
    return rung.run_rung(spec, on_epoch, should_stop)


def off(spec: RungSpec, on_epoch: Any, should_stop: Callable[[], bool]) -> RungResult:
    """A rung in a worker that keeps no graph."""
    graph.MOST = 0
    return on(spec, on_epoch, should_stop)


@contextmanager
def workers(directory: Path, sharing: str, count: int) -> Iterator[None]:
    """Searches within it run on these workers, which have imported all."""
    with closing(LocalExecutor(count, directory=directory, runner=f"graph_sharing:{sharing}", mode="fork")) as executor:
        spec = RungSpec(0, 0, "search", 0, 0, {}, 0, NOTHING, str(directory / NOTHING), 0, 1, 1)
        executor.submit(spec, lambda epoch: None).result(120)

        @contextmanager
        def made(*given: Any) -> Iterator[LocalExecutor]:
            yield executor

        with mock.patch.object(placing, "executor", made):
            yield


def run(home: Path, sharing: str, given: argparse.Namespace) -> tuple[float, list[str]]:
    """Seconds of one search, and its table."""
    limits = {"max_trials": given.trials, "max_epochs": given.epochs}
    settings = Search(**limits, workers=given.workers, cv=given.cv, track=False)
    problem, space, _ = flow.prepare("classification", given.data, settings)
    storing.create(home, problem, space, settings)
    with workers(home, sharing, given.workers), sessions.opened(home, settings, Observer(), time.monotonic()) as opened:
        began = time.monotonic()
        table = lines(opened.driver.search())
        return time.monotonic() - began, table


def main() -> int:
    """Run the benchmark; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cv", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    rates: dict[str, list[float]] = {"on": [], "off": []}
    tables = []
    print("sharing  seconds  trials an hour")
    with tempfile.TemporaryDirectory() as home:
        for repeat in range(given.repeats):
            for sharing in sorted(rates, reverse=repeat % 2 == 0):
                seconds, table = run(Path(home) / f"{sharing}-{repeat}", sharing, given)
                rates[sharing].append(3600 * given.trials / seconds)
                tables.append(table)
                print(f"{sharing:7} {seconds:8.1f} {rates[sharing][-1]:15.0f}", flush=True)
    same = all(table == tables[0] for table in tables)
    ratio = statistics.median(rates["on"]) / statistics.median(rates["off"])
    print(f"sharing on against off: {ratio:.2f} times the trials an hour; tables {'equal' if same else 'DIFFER'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
