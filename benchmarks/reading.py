"""What reading results by their predicted ends is worth: trials that a search finishes in a given time.

    python benchmarks/reading.py [SET ...] --seeds 0 1 --seconds 30

The same search twice, its results read in the order of their jobs and in that of their predicted ends, in the space of
``first_score.py``: networks of 1 to 3 layers of 16 to 128 units, whose trials differ fifty times in length. The two run
in turn, each alone. *busy* is the share of the workers' time spent in rungs up to the start of the last one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from first_score import BATCH, MAX_EPOCHS, OWN, PATIENCE, SETS, SPACE, source

WAYS = ("number", "predicted end")


def search(name: str, seed: int, way: str, seconds: float, home: Path) -> tuple[int, float]:
    """Trials finished and the workers' busy share."""
    import lstm_automl
    from lstm_automl.estimators import flow, sessions, storing
    from lstm_automl.search.driver import Stopped
    from lstm_automl.search.observer import Observer
    from lstm_automl.search.reading import same
    from lstm_automl.search.view import StoreView

    predicted = sessions.predicted
    task, drivers = SETS[name][0], list[Any]()
    space = home / f"{task}.yaml"
    space.write_text(SPACE.format(task=task, batch=BATCH, own=OWN[task]))
    data, options = source(name, home)
    settings = lstm_automl.Search(
        space=str(space), seed=seed, cv=1, max_trials=10_000, max_epochs=MAX_EPOCHS, patience=PATIENCE,
        time_budget=seconds / 0.6, home=str(home), name=f"{name}-{seed}-{way}".replace(" ", "-"), track=False,
    )  # fmt: skip

    class End(Observer):
        def on_phase(self, name: str, total: int) -> None:
            if name != "search":
                drivers[-1].stop()

    lstm_automl.warm_up(wait=True)
    if way == "number":
        sessions.predicted = lambda problem: same
    try:
        with contextlib.suppress(Stopped):
            problem, found, label = flow.prepare(task, data, settings, options=options)
            directory = storing.create(home / label, problem, found, settings)
            flow.run(directory, settings, observer=End(), on_driver=drivers.append)
    finally:
        sessions.predicted = predicted
    with closing(StoreView(directory)) as view:
        jobs = [job for job in view.jobs() if job.ended is not None]
    last, first = max(job.started for job in jobs), min(job.started for job in jobs)
    busy = sum(min(job.ended, last) - job.started for job in jobs)
    done = sum(job.result is not None and job.result.status != "stopped" for job in jobs)
    return done, busy / (len(os.sched_getaffinity(0)) * (last - first))


def main() -> None:
    """A row a set and way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["digits", "JapaneseVowels"], metavar="SET")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="reading-"))
    print("| data | read by | trials, median (each) | busy |\n|---|---|---|---|")
    for name in given.sets:
        found: dict[str, list[tuple[int, float]]] = {way: [] for way in WAYS}
        for seed in given.seeds:
            for way in WAYS:
                found[way].append(search(name, seed, way, given.seconds, home))
        for way, rows in found.items():
            trials, busy = [n for n, _ in rows], statistics.median(b for _, b in rows)
            print(f"| {name} | {way} | {statistics.median(trials):g} ({' '.join(map(str, trials))}) | {busy:.0%} |",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
