"""Real processes, real signals: nothing finished is lost or run twice, and the table is the same."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from clusters import environment, until
from held_rungs import SEARCH, hold, let_go, results

from lstm_automl import plugins
from lstm_automl.search.limits import Limits
from lstm_automl.search.oracles import bayesian, keras_tuner
from lstm_automl.search.view import StoreView
from lstm_automl.testing.dummy import run_twice
from lstm_automl.testing.search import facts, lines, run, small_space

META = facts(small_space())
KILLS = 4
INITIAL = 4
SOON = f"from lstm_automl.search.oracles import bayesian; bayesian.INITIAL = {INITIAL}; {SEARCH}"
"""As ``SEARCH``, with a Gaussian process after few trials."""
PAIRS = [
    pytest.param(o, s, marks=[pytest.mark.slow] * (o == "bayesian"))
    for o in plugins.names("oracle")
    for s in plugins.names("scheduler")
]


def start(directory: Path, *options: str, script: str = SEARCH) -> subprocess.Popen[str]:
    """A search in a process of its own."""
    command = [sys.executable, "-c", script, str(directory), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())


def wait_for(condition: object, process: subprocess.Popen[str]) -> None:
    """Until ``condition()`` holds or the process ends."""
    until(lambda: condition() or process.poll() is not None, "what is waited for")  # type: ignore[operator]


def starts(directory: Path) -> int:
    return len(list((directory / "runs").glob("*")))


def workers_of(directory: Path) -> set[int]:
    """Live processes that run our worker module for this directory: they hold its log open."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/fd/2"):
        try:
            if entry.readlink() == directory / "workers.log":
                found.add(int(entry.parts[2]))
        except OSError:
            continue
    return found


def crew(directory: Path, *killed: int) -> tuple[int, list[int]]:
    """The warm parent of a search at work, and its workers, the oldest first, without those that have been killed."""
    found = [psutil.Process(pid) for pid in workers_of(directory).difference(killed)]
    parents = {process.pid for process in found} & {process.ppid() for process in found}
    workers = sorted((process.create_time(), process.pid) for process in found if process.pid not in parents)
    return parents.pop(), [pid for _, pid in workers]


@pytest.mark.parametrize("oracle", ["grid", "tpe"])
def test_kill_9_at_random_moments(oracle: str, tmp_path: Path) -> None:
    whole = lines(run(tmp_path / "whole", 2, {**META, "oracle": oracle}))
    rng, directory = random.Random(oracle), tmp_path / "killed"
    directory.mkdir()
    (directory / "dummy.json").write_text('{"sleep": 0.02}')
    for kill in range(KILLS):
        with start(directory, "--oracle", oracle) as process:
            begun = starts(directory) + rng.randrange(1, 5)
            wait_for(lambda begun=begun: starts(directory) >= begun, process)
            time.sleep(rng.random() * 0.1)
            process.kill()
        if kill == 1:
            until(lambda: not workers_of(directory), "workers that end with their driver")
    (directory / "dummy.json").unlink()
    assert lines(run(directory, 3, {**META, "oracle": oracle})) == whole
    assert not run_twice(directory)
    with StoreView(directory) as view:
        assert len(view.jobs()) == len(whole) == 20
        assert len(view.epochs()) == 80


@pytest.mark.parametrize(("oracle", "scheduler"), PAIRS)
def test_every_pair_killed_and_continued_on_other_workers(
    oracle: str, scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, fill, rng = list[int](), keras_tuner.fill, random.Random(f"{oracle} {scheduler}")
    monkeypatch.setattr(bayesian, "INITIAL", INITIAL)
    monkeypatch.setattr(keras_tuner, "fill", lambda o, s, t, d: (fits.append(len(t)), fill(o, s, t, d))[1])
    habits, trials, epochs = {"nan": [2], "fail": [5]}, 10, 18
    directory = tmp_path / "killed"
    for folder, sleep in ((tmp_path / "whole", 0.0), (directory, 0.01)):
        folder.mkdir()
        (folder / "dummy.json").write_text(json.dumps({**habits, "sleep": sleep}))
    meta = {**META, "oracle": oracle, "scheduler": scheduler, "limits": Limits(trials, epochs).to_json()}
    whole = lines(run(tmp_path / "whole", 1, meta))
    assert fits or oracle != "bayesian", "all were random draws"
    options = ("--oracle", oracle, "--scheduler", scheduler, "--trials", str(trials), "--epochs", str(epochs))
    for workers in (2,) if oracle == "bayesian" else (2, 1):  # imports take long
        wanted = results(directory) + rng.randrange(2, 4) + 5 * (oracle == "bayesian")
        hold(directory, wanted)
        with start(directory, *options, "--workers", str(workers), script=SOON) as process:
            wait_for(lambda wanted=wanted: results(directory) >= wanted, process)
            process.kill()
        assert process.returncode == -signal.SIGKILL, "it had ended"
    assert results(directory) < results(tmp_path / "whole"), "nothing was left"
    (directory / "dummy.json").write_text(json.dumps(habits))
    assert lines(run(directory, 4, meta)) == whole
    assert not run_twice(directory)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_order(number: signal.Signals, tmp_path: Path) -> None:
    hold(tmp_path, 1)
    with start(tmp_path) as process:
        wait_for(lambda: starts(tmp_path) >= 3, process)
        process.send_signal(number)
        assert process.wait(timeout=300) == 130
    table = lines(run(tmp_path, 2, META))
    assert table == lines(run(tmp_path / "whole", 2, META))
    assert not run_twice(tmp_path)


def test_a_second_driver_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    hold(tmp_path, 0)
    with start(tmp_path) as first:
        wait_for(lambda: starts(tmp_path) >= 1, first)
        with start(tmp_path) as second:
            _, said = second.communicate(timeout=300)
        assert second.returncode == 2
        assert f"pid {first.pid}" in said
        let_go(tmp_path)
        out, error = first.communicate(timeout=300)
    assert first.returncode == 0, error
    assert len(out.splitlines()) == 20
    assert not run_twice(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_workers_killed_from_outside(number: signal.Signals, tmp_path: Path) -> None:
    hold(tmp_path, 0)
    killed = list[int]()
    with start(tmp_path, "--workers", "3") as process:
        for begun in (3, 4, 5):
            wait_for(lambda begun=begun: starts(tmp_path) >= begun, process)
            killed.append(crew(tmp_path, *killed)[1][0])  # the oldest: another job each time
            os.kill(killed[-1], number)
        wait_for(lambda: starts(tmp_path) >= 6, process)
        let_go(tmp_path)
        out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    assert out.count('"completed"') == 20
    assert not run_twice(tmp_path)


def test_the_warm_parent_killed(tmp_path: Path) -> None:
    hold(tmp_path, 2)
    with start(tmp_path) as process:
        wait_for(lambda: starts(tmp_path) >= 4, process)
        os.kill(crew(tmp_path)[0], signal.SIGKILL)
        let_go(tmp_path)
        out, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    assert out.count('"completed"') == 20
    until(lambda: not workers_of(tmp_path), "workers that end with their driver")
