"""How soon a search has a good model: from the call to the score that each peer ends with.

    python benchmarks/first_score.py --seeds 0 1 2 --budget 120

Every peer searches as its users do (stock Keras Tuner Hyperband and BayesianOptimization, Optuna's TPE with its median
pruner and Keras), for the same time, on the same arrays, in the same space, and tells when each epoch's validation
score came in. Its final best is the mark: ours is the moment at which our search had a score at least as good, theirs
the moment at which they first had it. Libraries are imported before the clocks start; imports are reported apart.

``--side-by-side N`` runs N peers at a time, each held to one core (more threads do not make one LSTM faster); our
search has all cores, and always runs alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from peers import BATCH, MAX_EPOCHS, PATIENCE, PEERS, peer

ROUNDING = 1e-6
"""Scores that differ by less are equal: Keras counts in float32, the search in float64."""
SETS = {
    "digits": ("classification", "accuracy", "max"),
    "JapaneseVowels": ("classification", "accuracy", "max"),
    "FD001": ("regression", "rmse", "min"),
}
SPACE = """task: {task}
parameters:
  num_layers: {{type: int, min_value: 1, max_value: 3, default: 1}}
  units: {{type: int, min_value: 16, max_value: 128, sampling: log, default: 64}}
  bidirectional: {{type: bool, default: true}}
  dropout: {{type: float, min_value: 0, max_value: 0.5, default: 0.2}}
  learning_rate: {{type: float, min_value: 3.0e-4, max_value: 1.0e-2, sampling: log, default: 2.0e-3}}
  cell: lstm
  merge_mode: concat
  optimizer: adam
  clipnorm: 1.0
  batch_size: {batch}
{own}"""
OWN = {"classification": "", "regression": "  window: 50\n"}


def source(name: str, scratch: Path) -> tuple[str, dict[str, Any]]:
    """Data and options of a set."""
    from quality import DATA, fd001

    if name == "digits":
        return "digits", {}
    if name == "FD001":
        return str(fd001(scratch)[0]), {"id": "engine", "time": "cycle", "target": "rul", "cap": 125.0}
    return str(next((DATA / "classification" / name).glob(f"{name}_TRAIN.ts*"))), {}


def arrays(name: str, seed: int, scratch: Path) -> Path:
    """The framed and scaled training and validation part as padded arrays."""
    from lstm_automl.estimators.preparing import make_problem, task_of
    from lstm_automl.models.feeds import Feed, input_spec

    task, (data, options) = task_of(SETS[name][0]), source(name, scratch)
    problem = make_problem(task, options, data, folds=1, seed=seed)
    values = {"window": 50} if name == "FD001" else {}
    fold, head = problem.split.folds[0], task.head(problem.frame, values)
    state = task.fit_state(problem.frame, fold.train, problem.options)
    spec = input_spec(problem.frame, head, values)
    feed = Feed(spec, head, values.get("window"), problem.frame.info, state)
    tensors, out = feed.tensors(problem.frame), {}
    longest = int(feed.lengths(problem.frame, np.concatenate([fold.train, fold.valid])).max())
    for part, index in (("train", fold.train), ("valid", fold.valid)):
        batch, _ = feed.inputs(tensors, np.asarray(index, np.int64), np.int64(longest))
        out[f"x_{part}"] = batch["x"].numpy()
        out[f"y_{part}"] = feed.targets(tensors, np.asarray(index, np.int64)).numpy()
    scale = float(np.ravel(state.arrays.get("y_std", 1.0))[0])
    path = scratch / f"{name}-{seed}.npz"
    np.savez(path, ragged=spec.mask, outputs=head.outputs, scale=scale, **out)
    return path


def ours(name: str, seed: int, budget: float, scratch: Path, enough: float) -> None:
    """Run our search and print the same; it ends when ``enough`` was reached, or with the budget."""
    begun = time.monotonic()
    import keras  # noqa: F401 - what the search uses, before the clock starts
    import optuna  # noqa: F401
    import sklearn.linear_model  # noqa: F401

    import lstm_automl
    from lstm_automl.estimators import flow, storing
    from lstm_automl.search.driver import Stopped
    from lstm_automl.search.observer import Observer

    lstm_automl.warm_up(wait=True)
    imported = time.monotonic() - begun
    task, metric, direction = SETS[name]
    space = scratch / f"{task}.yaml"
    space.write_text(SPACE.format(task=task, batch=BATCH, own=OWN[task]))
    data, options = source(name, scratch)
    scores: list[tuple[float, float]] = []
    drivers: list[Any] = []

    class Clock(Observer):
        def on_phase(self, name: str, total: int) -> None:
            if name != "search":
                drivers[-1].stop()

        def on_epoch(self, spec: Any, epoch: Any) -> None:
            if spec.purpose != "search":
                return
            scores.append((time.monotonic() - started, epoch.scores[metric]))
            if first(scores[-1:], enough, direction) is not None:
                drivers[-1].stop()

    settings = lstm_automl.Search(
        space=str(space), seed=seed, cv=1, max_trials=10_000, max_epochs=MAX_EPOCHS, patience=PATIENCE,
        time_budget=budget / 0.6, home=str(scratch / f"ours-{name}-{seed}"), track=False,
    )  # fmt: skip
    started = time.monotonic()
    with contextlib.suppress(Stopped):
        problem, found, label = flow.prepare(task, data, settings, options=options)
        directory = storing.create(Path(settings.home) / label, problem, found, settings)
        flow.run(directory, settings, observer=Clock(), started=started, on_driver=drivers.append)
    print(json.dumps({"import": imported, "scores": [s for s in scores if s[0] <= budget]}))


def child(*arguments: str, core: int | None = None) -> dict[str, Any]:
    """This file in a process of its own, perhaps on one core."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, __file__, *arguments]
    if core is not None:
        command = ["taskset", "-c", str(core), *command]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def first(scores: Sequence[Sequence[float]], mark: float, direction: str) -> float | None:
    """Seconds to the first score at least as good as ``mark``."""
    sign = 1 if direction == "max" else -1
    return next((t for t, s in scores if sign * (s - mark) >= -ROUNDING), None)


def main() -> None:
    """A row a set, seed and peer; then the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--budget", type=float, default=120.0)
    parser.add_argument("--side-by-side", type=int, default=1)
    parser.add_argument("--child", nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args()
    scratch = Path(tempfile.mkdtemp(prefix="first-score-"))
    cases = [(name, seed) for seed in given.seeds for name in given.sets]
    paths = {(n, s): Path(child("--child", "arrays", n, str(s), str(scratch))["path"]) for n, s in cases}
    jobs = [(name, seed, kind) for name, seed in cases for kind in PEERS]
    free = list(range(given.side_by_side))

    def run_peer(job: tuple[str, int, str]) -> dict[str, Any]:
        name, seed, kind = job
        core = free.pop() if given.side_by_side > 1 else None
        try:
            return child("--child", "peer", kind, str(paths[name, seed]), SETS[name][0], str(seed), str(given.budget),
                         core=core)  # fmt: skip
        finally:
            if core is not None:
                free.append(core)

    with ThreadPoolExecutor(given.side_by_side) as pool:
        theirs = dict(zip(jobs, pool.map(run_peer, jobs), strict=True))
    report(given, cases, theirs, scratch)


def report(given: argparse.Namespace, cases: list[tuple[str, int]], theirs: dict[Any, Any], scratch: Path) -> None:
    """Our searches against the marks, and the tables."""
    print("| data | seed | peer | its final best | after s | ours after s | ratio |\n|---|---|---|---|---|---|---|")
    ratios: dict[str, list[float]] = {kind: [] for kind in PEERS}
    imports: dict[str, list[float]] = {}
    for name, seed in cases:
        direction = SETS[name][2]
        pick = max if direction == "max" else min
        marks = {kind: pick(s for _, s in theirs[name, seed, kind]["scores"]) for kind in PEERS}
        mine = child("--child", "ours", name, str(seed), str(given.budget), str(scratch), str(pick(marks.values())))
        imports.setdefault("ours", []).append(mine["import"])
        for kind in PEERS:
            peer_found = theirs[name, seed, kind]
            imports.setdefault(kind, []).append(peer_found["import"])
            theirs_at, ours_at = (first(f["scores"], marks[kind], direction) for f in (peer_found, mine))
            ratio = 0.0 if ours_at is None or theirs_at is None else theirs_at / ours_at
            ratios[kind].append(ratio)
            said = "not reached" if ours_at is None else f"{ours_at:.1f}"
            print(
                f"| {name} | {seed} | {kind} | {marks[kind]:.4f} | {theirs_at:.1f} | {said} | {ratio:.1f} |", flush=True
            )
    print()
    for kind, found in ratios.items():
        print(f"{kind}: median {statistics.median(found):.1f} times sooner, least {min(found):.1f}, "
              f"most {max(found):.1f}, not reached {sum(r == 0 for r in found)} of {len(found)}")  # fmt: skip
    every = [r for found in ratios.values() for r in found]
    print(f"all: median {statistics.median(every):.1f}")
    print("imports, s: " + ", ".join(f"{kind} {statistics.median(found):.1f}" for kind, found in imports.items()))


def run_child(kind: str, *a: str) -> None:
    """What :func:`child` asked for."""
    if kind == "arrays":
        print(json.dumps({"path": str(arrays(a[0], int(a[1]), Path(a[2])))}))
    elif kind == "peer":
        peer(a[0], Path(a[1]), a[2], int(a[3]), float(a[4]))
    else:
        ours(a[0], int(a[1]), float(a[2]), Path(a[3]), float(a[4]))


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--child":
        run_child(*sys.argv[2:])
    else:
        main()
