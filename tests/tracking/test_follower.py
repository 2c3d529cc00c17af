"""The follower: what it says of a trial is what the store says, look after look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from lstm_automl.search.driver import JobRequest, Limits
from lstm_automl.search.executors.futures import FuturesExecutor
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.testing.search import RUNNER, facts, make_driver, small_space
from lstm_automl.tracking.follower import Follower


def test_jobs_of_a_trial_are_those_of_the_store(tmp_path: Path) -> None:
    follower: Follower | None = None
    for trials in (3, 8):
        meta = facts(small_space(), scheduler="asha", folds=2, limits=Limits(trials, 15).to_json())
        with closing(Store.open_or_create(tmp_path, meta)) as store, ThreadPoolExecutor(2) as threads:
            driver = make_driver(tmp_path, store, FuturesExecutor(threads, 2, runner=RUNNER))
            driver.search()
            driver.run([JobRequest(1, "seed", 0, 1, 3)])
        follower = follower or Follower(tmp_path)
        follower.look()
        with StoreView(tmp_path) as view:
            jobs = [job for job in view.jobs() if job.spec.purpose == "search"]
            assert list(follower.table) == list(view.table())
        for trial in range(trials):
            assert follower.of_trial(trial) == [job for job in jobs if job.spec.trial == trial]
        assert follower.look() == ([], [])
    assert any(len(follower.of_trial(trial)) > 2 for trial in range(8))
    follower.close()
