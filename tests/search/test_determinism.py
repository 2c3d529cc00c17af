"""Every oracle with every scheduler: one table, whatever the number of workers, killed or not."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from clusters import until

from lstm_automl import plugins
from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.driver import Limits
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.executors.presence import FILE, wait_for_others
from lstm_automl.search.store import Store
from lstm_automl.spaces.space import Parameter, Space
from lstm_automl.testing import dummy
from lstm_automl.testing.dummy import run_twice
from lstm_automl.testing.search import facts, lines, make_driver, small_space

TRIALS, EPOCHS = 14, 18
SCHEDULERS = [name for name in plugins.names("scheduler") if name != "none"]


def uneven(spec: RungSpec, on_epoch: Any) -> RungResult:
    """A dummy rung that takes its time, another each time it is run."""
    time.sleep(random.random() * 0.004)
    return dummy.run_rung(spec, on_epoch)


def search(directory: Path, workers: int, meta: dict[str, Any]) -> list[str]:
    """The table of a whole search on threads of this process."""
    directory.mkdir(exist_ok=True)
    if not (directory / "dummy.json").exists():
        (directory / "dummy.json").write_text('{"nan": [2], "fail": [5]}')
    with closing(Store.open_or_create(directory, meta)) as store:
        pool = FuturesExecutor(ThreadPoolExecutor(workers), workers, runner=f"{__name__}:uneven")
        with closing(pool):
            return lines(make_driver(directory, store, pool).search())


def meta_of(oracle: str, scheduler: str, folds: int, **changes: Any) -> dict[str, Any]:
    limits = Limits(TRIALS, EPOCHS).to_json()
    return facts(small_space(), oracle=oracle, scheduler=scheduler, folds=folds, limits=limits, **changes)


PAIRS = [(o, s) for o in plugins.names("oracle") for s in SCHEDULERS]


@pytest.mark.parametrize(
    ("oracle", "scheduler", "folds"), [*((o, s, 1) for o, s in PAIRS), ("grid", "hyperband", 3), ("tpe", "asha", 3)]
)
def test_any_number_of_workers_makes_the_same_table(
    tmp_path: Path, oracle: str, scheduler: str, folds: int, fits: list[int]
) -> None:
    meta = meta_of(oracle, scheduler, folds)
    tables = [search(tmp_path / str(workers), workers, meta) for workers in (1, 2, 4)]
    assert tables[0] == tables[1] == tables[2]
    assert len(fits) >= 3 or oracle != "bayesian", "all were random draws"
    rows = [json.loads(line) for line in tables[0]]
    assert len(rows) == TRIALS
    assert [r["status"] for r in rows if r["number"] in (2, 5)] == ["diverged", "failed"]
    reached = [r["to_epoch"] for r in rows]
    assert reached.count(EPOCHS) >= 3
    assert min(reached) < EPOCHS, "nobody was left behind"
    assert all(len(fold) == r["to_epoch"] for r in rows if r["status"] == "completed" for fold in r["epochs"])


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_those_who_go_on_are_the_better_ones(tmp_path: Path, scheduler: str, direction: Any) -> None:
    meta = meta_of("grid", scheduler, 1, direction=direction)
    rows = [json.loads(line) for line in search(tmp_path, 2, meta)]
    begun = [r for r in rows if len(r["rungs"]) and r["rungs"][0][0] < EPOCHS and r["status"] == "completed"]
    gone = [r["rungs"][0][1] for r in begun if r["to_epoch"] == EPOCHS]
    left = [r["rungs"][0][1] for r in begun if r["to_epoch"] < EPOCHS]
    better = max if direction == "max" else min
    assert better([*gone, *left]) in gone
    assert len(left) >= len(gone)


@pytest.mark.parametrize("oracle", ["grid", "random", "tpe"])
def test_an_exhausted_space_ends_with_its_best_trained_to_the_end(tmp_path: Path, oracle: str) -> None:
    space = Space("classification", {"cell": Parameter("cell", "choice", "gru", values=("lstm", "gru", "simple_rnn")),
                                     "ema": Parameter("ema", "bool", False)})  # fmt: skip
    limits = Limits(40, EPOCHS).to_json()
    meta = facts(space, oracle=oracle, scheduler="asha", limits=limits)
    (tmp_path / "dummy.json").write_text("{}")
    rows = [json.loads(line) for line in search(tmp_path, 2, meta)]
    assert len(rows) == 6
    assert sum(r["to_epoch"] == EPOCHS for r in rows) >= 3


def starts(directory: Path) -> int:
    return len(list((directory / "runs").glob("*")))


@pytest.mark.parametrize(("oracle", "scheduler", "folds"), [("tpe", "asha", 1), ("grid", "hyperband", 2)])
def test_kill_9_at_random_moments(tmp_path: Path, oracle: str, scheduler: str, folds: int) -> None:
    whole = search(tmp_path / "whole", 2, meta_of(oracle, scheduler, folds))
    rng, directory = random.Random(scheduler), tmp_path / "killed"
    directory.mkdir()
    (directory / "dummy.json").write_text('{"nan": [2], "fail": [5], "sleep": 0.005}')
    options = ["--oracle", oracle, "--scheduler", scheduler, "--folds", str(folds)]
    options += ["--trials", str(TRIALS), "--epochs", str(EPOCHS)]
    for _ in range(3):
        command = [sys.executable, "-m", "lstm_automl.testing.search", str(directory), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            begun = starts(directory) + rng.randrange(2, 7)
            until(lambda n=begun: starts(directory) >= n or process.poll() is not None, "some rungs")
            process.kill()
    assert wait_for_others(directory / FILE, 300), "workers that end with their driver"  # threads wait for nobody
    assert search(directory, 4, meta_of(oracle, scheduler, folds)) == whole
    assert not run_twice(directory)
