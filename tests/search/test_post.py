"""Epochs on their way to the driver: together, in time, none twice, none lost."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from lstm_automl.search.attempts import new_attempt
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec
from lstm_automl.search.executors.post import Post
from lstm_automl.search.executors.roster import Job
from lstm_automl.search.results import PROGRESS, epochs_done
from lstm_automl.search.retries import deaths, record_death

EPOCHS = [Epoch(n, 0.5, {"score": 0.1}) for n in range(4)]
RECORDS = [Epoch(n, 0.5, {"score": 0.1 * n}) for n in range(4)]


def test_epochs_that_follow_quickly_travel_together() -> None:
    sent: list[Any] = []
    post = Post(sent.append, hold=60.0)
    for epoch in EPOCHS:
        post.epoch(7, epoch)
    assert [len(m["epochs"]) for m in sent] == [1], "the first of a job does not wait"


def test_records_go_at_once_and_take_what_waits_with_them() -> None:
    sent: list[Any] = []
    post = Post(sent.append, hold=60.0)
    for epoch in [*EPOCHS, *RECORDS]:
        post.epoch(7, epoch)
    assert [len(m["epochs"]) for m in sent] == [1, 4, 2, 1], "a score of 0.1 is no record after one of 0.1 and of 0"


def test_epochs_do_not_wait_for_a_result() -> None:
    sent: list[Any] = []
    post = Post(sent.append, hold=0.3)
    for epoch in EPOCHS:
        post.epoch(7, epoch)
    until = time.monotonic() + 300
    while sum(len(m["epochs"]) for m in sent) < len(EPOCHS):  # the next one may take an hour
        assert time.monotonic() < until, "nothing was sent"
        time.sleep(0.005)
    assert [e for m in sent for e in m["epochs"]] == [vars(e) for e in EPOCHS]


def test_an_epoch_goes_at_once_after_a_while() -> None:
    sent: list[Any] = []
    post = Post(sent.append, hold=0.0)
    post.epoch(7, EPOCHS[0])
    post.epoch(7, EPOCHS[1])
    assert [m["op"] for m in sent] == ["epochs"] * 2


def test_a_result_tells_its_own_epochs_and_an_error_none() -> None:
    sent: list[Any] = []
    post = Post(sent.append, hold=60.0)
    for epoch in EPOCHS[:2]:
        post.epoch(7, epoch)
    post.send({"op": "result", "job": 7, "result": RungResult(7, 0, "completed", EPOCHS[:2]).to_json()})
    for epoch in EPOCHS[:2]:
        post.epoch(8, epoch)
    post.send({"op": "error", "job": 8})
    ops = [("epochs", 7), ("result", 7), ("epochs", 8), ("epochs", 8), ("error", 8)]
    assert [(m["op"], m["job"]) for m in sent] == ops


def test_each_epoch_is_heard_once_and_before_the_result() -> None:
    heard: list[Any] = []
    future: Future[RungResult] = Future()
    future.set_running_or_notify_cancel()
    future.add_done_callback(lambda _: heard.append("result"))
    spec = RungSpec(7, 0, "search", 0, 0, {}, 0, "", "", 0, 4, 4)
    job = Job(spec, lambda epoch: heard.append(epoch.epoch), future)
    job.hear([vars(e) for e in EPOCHS[:2]])
    job.end({"op": "result", "result": RungResult(7, 0, "completed", EPOCHS).to_json()})
    assert heard == [0, 1, 2, 3, "result"]


def test_a_death_is_where_the_attempt_was_not_where_the_driver_had_heard_of(tmp_path: Path) -> None:
    work = RungSpec(0, 0, "search", 0, 0, {}, 0, "", "", 0, 9, 9)
    for told in (0, 2, 1):
        folder = Path(new_attempt(tmp_path, work).folder)
        text = "".join(json.dumps(vars(e)) + "\n" for e in EPOCHS)
        (folder / PROGRESS).write_text(text + '{"epoch": 4, "lo')
        assert epochs_done(folder) == 4
        record_death(folder, "killed", told)
    assert len(deaths(tmp_path, work)) == 3
    assert epochs_done(tmp_path) == 0
