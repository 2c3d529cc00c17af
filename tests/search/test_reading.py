"""In which order results are read: by predicted ends, whatever happens, and the same after a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from stop_after import StopAfter

from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.driver import Driver, Limits, Stopped
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.reading import ReadingOrder
from lstm_automl.search.store import Store
from lstm_automl.testing import dummy
from lstm_automl.testing.search import facts, lines, make_driver, small_space, uneven

TRIALS = 16
META = facts(small_space(), limits=Limits(TRIALS, 3).to_json(), concurrency=3)


@contextmanager
def driver(directory: Path, workers: int, runner: str, cost: Any, **more: Any) -> Iterator[Driver]:
    with ExitStack() as stack:
        store = stack.enter_context(closing(Store.open_or_create(directory, {**META, **more.pop("meta", {})})))
        pool = stack.enter_context(closing(FuturesExecutor(ThreadPoolExecutor(workers), workers, runner=runner)))
        yield make_driver(directory, store, pool, cost=cost, **more)


def test_equal_costs_are_read_in_the_order_of_their_jobs() -> None:
    order = ReadingOrder()
    for job in range(12):
        order.decide(max(0, job - 2), [1.0])
    assert order[0:12] == list(range(12))


def test_what_was_shown_stays_in_front() -> None:
    order, shown, before = ReadingOrder(), 0, list[int]()
    for job in range(200):
        shown = max(shown, job - 4 + (job % 7 == 0))
        before = order[0:shown]
        order.decide(shown, [((job * 37) % 11 + 1) / 3])
        assert order[0:shown] == before
    assert sorted(order[0:200]) == list(range(200))
    assert order[0:200] != list(range(200))


OTHERS = threading.Event()


def first_waits_for_the_others(spec: RungSpec, on_epoch: Any) -> RungResult:
    if spec.trial == TRIALS - 1:
        OTHERS.set()
    if spec.trial == 0:
        assert OTHERS.wait(300), "the last trial was not begun while the first ran"
    return dummy.run_rung(spec, on_epoch)


def test_a_job_that_should_take_long_holds_up_nobody(tmp_path: Path) -> None:
    OTHERS.clear()
    defaults = small_space().defaults()  # of the first trial

    def cost(values: Any, epochs: int) -> float:
        return 1000.0 if values == defaults else 1.0

    with driver(tmp_path, 2, f"{__name__}:first_waits_for_the_others", cost) as made:
        table = made.search()
    assert [row.status for row in table] == ["completed"] * TRIALS


@pytest.mark.parametrize("folds", [1, 3])
@pytest.mark.parametrize("scheduler", ["none", "asha"])
def test_a_search_that_is_continued_reads_in_the_same_order(tmp_path: Path, scheduler: str, folds: int) -> None:
    meta = {"scheduler": scheduler, "folds": folds, "concurrency": 4 * folds, "limits": Limits(TRIALS, 20).to_json()}
    runner = "lstm_automl.testing.dummy:run_rung"
    with driver(tmp_path / "whole", 4, runner, uneven, meta=meta) as made:
        table = lines(made.search())
        ledger = made._ledger
        order = ledger._order[0 : len(ledger)]
    assert order != sorted(order)
    for stops in (1, 5, 11):
        seen = StopAfter(stops)
        with driver(tmp_path / str(stops), 1, runner, uneven, observer=seen, meta=meta) as made:
            seen.driver = made
            with pytest.raises(Stopped):
                made.search()
        with driver(tmp_path / str(stops), 2, runner, uneven, meta=meta) as made:
            assert lines(made.search()) == table
            assert made._ledger._order[0 : len(ledger)] == order
