"""A server that does not answer holds up our calls for as long as they may wait, and nobody else's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from proxy import Proxy, proxied
from recorded import Script, until

from lstm_automl.errors import LstmAutomlError
from lstm_automl.tracking import patience, registry
from lstm_automl.tracking.patience import impatient, install
from lstm_automl.tracking.served import Facts
from lstm_automl.tracking.tracker import Tracker


@pytest.fixture
def hanging() -> Iterator[Proxy]:
    with proxied("http://127.0.0.1:1") as made:
        made.mode = "hang"
        yield made


def asked() -> tuple[float, int, int]:
    """What MLflow's requests would ask for now, in this thread."""
    from mlflow import environment_variables as known

    return (
        known.MLFLOW_HTTP_REQUEST_TIMEOUT.get(),
        known.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(),
        known.MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR.get(),
    )


def test_only_calls_of_this_thread_are_impatient() -> None:
    install()
    usual, environment = asked(), dict(os.environ)
    with ThreadPoolExecutor(1) as other, impatient(seconds=7, retries=3):
        assert asked() == (7, 3, 1)
        assert other.submit(asked).result() == usual
        assert dict(os.environ) == environment
        with impatient(seconds=2):
            assert asked() == (2, 0, 1)
        assert asked() == (7, 3, 1)
    assert asked() == usual


def test_what_the_user_has_set_holds_up_to_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "9")
    with impatient(seconds=7, retries=1):
        assert asked()[:2] == (600, 9)
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: 5.0))
    with impatient(seconds=70, retries=1, within=60):
        timeout, retries, _ = asked()
        assert timeout == 30
        assert retries == 1
    with impatient(within=0), pytest.raises(LstmAutomlError, match="in the time that was left"):
        asked()


def test_the_tracker_leaves_the_user_his_patience(
    hanging: Proxy, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    install()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")  # it asks for as long as this test lasts
    usual = asked()
    tracker = Tracker(script.directory, hanging.address, poll=0.05)
    tracker.start()
    script.trial(0, [0.5])
    try:
        until(lambda: hanging.asked > 0)
        assert asked() == usual
        # nothing of the budget is left: nobody waits
        assert not tracker.close(timeout=-1.0)
        assert tracker._thread.is_alive()
    finally:
        hanging.over.set()
        tracker._abandoned.set()
        tracker._thread.join(300)


def test_registering_takes_no_longer_than_it_may(
    hanging: Proxy, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = Facts("b1", "classification", "d1", {}, "accuracy", "max")
    monkeypatch.setattr("lstm_automl.tracking.served.facts", lambda bundle, meta: facts)
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: 5.0))  # the second is not spent on the way
    with pytest.raises(Exception, match=r"read timeout=0\.5\b"):  # asked twice in the time there is
        registry.register(Path("bundle"), script.directory, hanging.address, "model", timeout=1.0)
    # given up, not answered: what was asked hangs until it is let go
    until(lambda: hanging.asked > 0)
    assert not hanging.over.is_set()
