"""A whole search with the dummy objective, as a command that can be killed.

``python -m lstm_automl.testing.search DIRECTORY --oracle tpe --trials 20 --workers 2`` prints the table as JSON lines.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from lstm_automl import plugins
from lstm_automl.errors import LstmAutomlError
from lstm_automl.search.contracts import Executor, Table, Values
from lstm_automl.search.driver import Driver, Limits, Stopped
from lstm_automl.search.executors.local import LocalExecutor
from lstm_automl.search.lock import SearchLock
from lstm_automl.search.observer import Observer
from lstm_automl.search.results import canonical
from lstm_automl.search.store import Store
from lstm_automl.spaces.space import Parameter, Space

RUNNER = "lstm_automl.testing.dummy:run_rung"


def small_space() -> Space:
    """A space with every kind of parameter and two conditions."""
    parameters = [
        Parameter("num_layers", "int", 2, 1, 3),
        Parameter("units", "int", 64, 16, 512, sampling="log"),
        Parameter("cell", "choice", "lstm", values=("lstm", "gru")),
        Parameter("bidirectional", "bool", True),
        Parameter("merge_mode", "choice", "concat", values=("concat", "sum"), when={"bidirectional": (True,)}),
        Parameter("units_2", "int", 32, 8, 64, 8, when={"num_layers": (3,), "cell": ("lstm",)}),
        Parameter("learning_rate", "float", 2e-3, 3e-4, 1e-2, sampling="log"),
        Parameter("dropout", "float", 0.25, 0.0, 0.5, 0.25),
        Parameter("clipnorm", "fixed", 1.0),
    ]
    return Space("classification", {p.name: p for p in parameters}, "small")


def facts(space: Space, **changes: Any) -> dict[str, Any]:
    """What a store is made with."""
    return {
        "name": "dummy",
        "task": space.task,
        "space": space.to_json(),
        "data_digest": "none",
        "seed": 0,
        "concurrency": 4,
        "oracle": "tpe",
        "scheduler": "none",
        "metric": "score",
        "direction": "max",
        "folds": 1,
        "patience": None,
        "limits": Limits(20, 4).to_json(),
        **changes,
    }


def uneven(values: Values, epochs: int) -> float:
    """A predicted cost that brings results out of the order of their jobs."""
    return epochs * (1.0 + 1000.0 * float(values.get("learning_rate", 0.0)))


def make_driver(
    directory: Path, store: Store, executor: Executor, *, observer: Observer | None = None, **more: Any
) -> Driver:
    """The driver that the store's facts ask for."""
    meta = store.meta
    return Driver(
        directory,
        store,
        executor,
        space=Space.from_json(meta["space"]),
        oracle=plugins.load("oracle", meta["oracle"])(),
        scheduler=plugins.load("scheduler", meta["scheduler"])(direction=meta["direction"]),
        direction=meta["direction"],
        seed=meta["seed"],
        folds=meta["folds"],
        limits=Limits.from_json(meta["limits"]),
        concurrency=meta["concurrency"],
        patience=meta["patience"],
        observer=observer,
        **{"cost": uneven, **more},
    )


def lines(table: Table) -> list[str]:
    """A table as comparable text, one line a trial."""
    return [canonical(vars(row)) for row in table]


def run(directory: Path, workers: int, meta: Mapping[str, Any], *, on_driver: Any = None, **more: Any) -> Table:
    """Run or continue a dummy search in this process, with worker processes."""
    with ExitStack() as stack:
        stack.enter_context(SearchLock(directory))
        store = stack.enter_context(closing(Store.open_or_create(directory, meta)))
        executor = stack.enter_context(closing(LocalExecutor(workers, directory=directory, runner=RUNNER, mode="fork")))
        driver = make_driver(directory, store, executor, **more)
        if on_driver is not None:
            on_driver(driver)
        return driver.search()


def main(arguments: list[str]) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--oracle", default="tpe")
    parser.add_argument("--scheduler", default="none")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--concurrency", type=int, default=4)
    given = parser.parse_args(arguments)
    meta = facts(
        small_space(),
        oracle=given.oracle,
        scheduler=given.scheduler,
        folds=given.folds,
        concurrency=given.concurrency,
        limits=Limits(given.trials, given.epochs).to_json(),
    )

    def on_driver(driver: Driver) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: driver.stop())

    try:
        table = run(given.directory, given.workers, meta, on_driver=on_driver)
    except Stopped:
        return 130
    except LstmAutomlError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for line in lines(table):
        print(json.dumps(json.loads(line)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
