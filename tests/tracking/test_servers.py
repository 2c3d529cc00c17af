"""A tracker and a server that refuses, hangs, fails, is slow, loses answers or dies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from proxy import Proxy, proxied
from recorded import Script, history, runs_of, until

from lstm_automl.errors import LstmAutomlError
from lstm_automl.tracking import client as door
from lstm_automl.tracking import links, ui
from lstm_automl.tracking.tracker import Tracker, sync

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory, own_port: Callable[[], int]) -> Iterator[str]:
    """A real MLflow server."""
    import shutil

    path = tmp_path_factory.mktemp("server") / "mlflow.db"
    shutil.copyfile(template, path)
    with ui.running(f"sqlite:///{path}", own_port()) as (_, base):
        yield base


@pytest.fixture
def proxy(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Before a server whose answers nobody waits for in vain, be it ever so slow."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")
    with proxied(server) as made:
        yield made


@pytest.fixture
def hasty(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a server that hangs enough is seen in two seconds."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")


@pytest.mark.usefixtures("hasty")
def test_nothing_is_lost_or_doubled_and_nobody_waits(
    proxy: Proxy, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(tmp_path / "demo")
    said: list[str] = []
    proxy.mode = "error"
    tracker = Tracker(script.directory, proxy.address, "demo", on_message=said.append, poll=0.05)
    tracker.start()
    modes = ["error", "swallow", "well", "hang", "swallow", "slow", "swallow", "drop", "swallow", "well"]
    for trial, mode in enumerate(modes):
        proxy.mode = mode
        script.trial(trial, [0.1 + trial / 100, 0.2 + trial / 100])
        until(lambda: bool(said))  # it was away before it was ever there
        time.sleep(0.5)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")
    proxy.mode = "well"
    tracker.finish({})
    assert tracker.close(600)
    assert said[0].startswith("MLflow cannot be kept up to date")
    _complete(server, "demo", len(modes))
    assert runs_of(server)["parent"].info.status == "FINISHED"
    script.store.close()


def _complete(uri: str, name: str, trials: int) -> None:
    runs = runs_of(uri, name)
    assert sorted(runs) == sorted([*map(str, range(trials)), "parent"])
    for trial in range(trials):
        wanted = [(0, pytest.approx(0.1 + trial / 100)), (1, pytest.approx(0.2 + trial / 100))]
        assert history(uri, runs[str(trial)], "accuracy") == wanted
        assert len(history(uri, runs[str(trial)], "objective")) == 1
        assert runs[str(trial)].data.params["units"] == "8"
        assert runs[str(trial)].info.status == "FINISHED"
    assert [step for step, _ in history(uri, runs["parent"], "best_objective")] == list(range(trials))


@pytest.mark.parametrize("mode", ["hang", "error", "drop"])
@pytest.mark.usefixtures("hasty")
def test_a_server_away_until_the_end_is_caught_up_by_sync(
    mode: str, proxy: Proxy, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(tmp_path / f"away-{mode}")
    said: list[str] = []
    proxy.mode = mode
    tracker = Tracker(script.directory, proxy.address, on_message=said.append, poll=0.05)
    tracker.start()
    script.trial(0, [0.1, 0.2])
    time.sleep(0.5)
    tracker.finish({"test": {"accuracy": 0.5}})
    assert not tracker.close(1)
    assert "lstm-automl sync" in said[-1]
    tracker._thread.join(300)  # a call that hangs ends by itself
    with pytest.raises(LstmAutomlError, match="cannot be brought up to date"):
        sync(script.directory, proxy.address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "600")
    proxy.mode = "well"
    sync(script.directory, proxy.address)
    _complete(server, f"away-{mode}", 1)
    parent = runs_of(server, f"away-{mode}")["parent"]
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["test_accuracy"] == 0.5
    script.store.close()


def test_a_model_is_registered_on_a_server_and_fetched_back(
    proxy: Proxy, server: str, classified: Path, tmp_path: Path
) -> None:
    from lstm_automl.models import bundle
    from lstm_automl.tracking.lookup import resolve
    from lstm_automl.tracking.registry import register

    proxy.mode = "error"
    with pytest.raises(Exception, match="500"):
        register(classified / "bundle", classified, proxy.address, "served")
    proxy.mode = "well"
    made = register(classified / "bundle", classified, proxy.address, "served")
    assert made.model_uri == "models:/served@champion"
    found = resolve(made.model_uri, tmp_path, server)
    assert bundle.read_info(found) == bundle.read_info(classified / "bundle")
    proxy.mode = "error"
    with pytest.raises(LstmAutomlError, match="MLflow cannot be asked"):
        resolve(made.model_uri, tmp_path, proxy.address)


def test_links_of_a_search(server: str, tmp_path: Path) -> None:
    script = Script(tmp_path / "linked", direction="min")
    script.trial(0, [0.1])
    script.trial(1, [0.1])
    parent = sync(script.directory, server)
    found = links.of_search(door.connect(server), server, "linked")
    assert f"%27{parent}%27" in found["charts"]
    assert found["charts"].endswith("orderByAsc=true")
    assert all(runs_of(server, "linked")[key].info.run_id in found["comparison"] for key in "01")
    said: list[str] = []
    ui.serve(["linked", "nobody"], server, say=said.append)
    assert found["charts"] in said[0]
    assert "sync nobody" in said[-1]
    script.store.close()
