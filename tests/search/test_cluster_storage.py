"""Files by way of a storage: whole or not at all, whoever dies when; data are fetched once a machine."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lstm_automl.errors import StorageError, UsageError
from lstm_automl.search import retries
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, WorkerDied
from lstm_automl.search.executors import cache, keeper
from lstm_automl.search.executors.cache import Cache, fill
from lstm_automl.search.executors.exchange import Exchange, sealed
from lstm_automl.search.executors.storage import Storage
from lstm_automl.search.results import checksum, read_checked, read_result
from lstm_automl.testing.executor import rung

RESULT = RungResult(0, 0, "completed", (Epoch(0, 1.0, {"score": 0.5}),), 0, 0.5, 1.0, "checkpoint.npz")


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file://{tmp_path}/store")


@pytest.fixture
def exchange(storage: Storage, tmp_path: Path) -> Exchange:
    (tmp_path / "search" / "data").mkdir(parents=True)
    (tmp_path / "search" / "data" / "problem.json").write_text("{}")
    (tmp_path / "search" / "data" / "values.npy").write_bytes(b"values")
    return Exchange(storage, tmp_path / "search")


@pytest.fixture
def spec(tmp_path: Path) -> RungSpec:
    return rung(tmp_path / "search", 0)


@pytest.fixture
def worker(storage: Storage, exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return Cache(storage, cache.run_folder(), exchange.send_data())


def test_there_and_back(exchange: Exchange, spec: RungSpec, worker: Cache, tmp_path: Path) -> None:
    parent = tmp_path / "search" / "jobs" / "000009" / "attempt-1" / "checkpoint.npz"
    before = Path(spec.folder).parent / "attempt-3" / "checkpoint.npz"
    for path in (parent, before):
        path.parent.mkdir(parents=True)
        path.write_bytes(path.parent.name.encode())
    folder = Path(spec.folder)
    sent = exchange.send_checkpoints(folder, "jobs/000009/attempt-1/checkpoint.npz")
    given = RungSpec(**{**spec.to_json(), "parent": "jobs/000009/attempt-1/checkpoint.npz"})
    with worker.place(given, exchange.place(folder), sent) as local:
        assert Path(local.directory, "data", "values.npy").read_bytes() == b"values"
        assert Path(str(local.parent)).read_bytes() == b"attempt-1"
        assert [p.read_bytes() for p in Path(local.folder).parent.glob("attempt-3/*")] == [b"attempt-3"]
        assert not str(local.folder).startswith(spec.directory)
        Path(local.folder, "checkpoint.npz").write_bytes(b"mine")
        Path(local.folder, "progress.jsonl").write_bytes(b"{}")
        worker.leave(Path(local.folder), exchange.place(folder), RESULT)
    assert not Path(local.folder).exists()
    assert exchange.take_in(folder) == RESULT == read_result(folder)
    assert sorted(p.name for p in folder.iterdir()) == ["checkpoint.npz", "progress.jsonl", "result.json"]
    exchange.forget(folder)
    assert exchange.take_in(folder) is None


def test_a_half_written_outcome_is_none_and_a_damaged_file_is_said(
    exchange: Exchange, storage: Storage, spec: RungSpec, worker: Cache, tmp_path: Path
) -> None:
    folder = Path(spec.folder)
    at = exchange.place(folder)
    (folder / "checkpoint.npz").write_bytes(b"mine")
    worker.leave(folder, at, RESULT)
    outcome = storage.read(f"{at}/outcome.json")
    assert outcome is not None
    for length in range(0, len(outcome), 7):
        storage.write(f"{at}/outcome.json", outcome[:length])
        assert exchange.take_in(folder) is None
    storage.write(f"{at}/outcome.json", outcome)
    for path in (tmp_path / "store" / at).glob("[0-9a-f]*"):
        path.write_bytes(b"damaged")
    with pytest.raises(StorageError, match="is damaged"):
        exchange.take_in(folder)
    assert read_result(folder) is None


@pytest.mark.parametrize("damage", [b"damaged", None])
def test_what_a_dead_drivers_attempt_left_while_it_was_removed_is_none(
    damage: bytes | None, exchange: Exchange, storage: Storage, spec: RungSpec, worker: Cache, tmp_path: Path
) -> None:
    folder, other = Path(spec.folder), Path(rung(tmp_path / "search", 1).folder)
    for one in (folder, other):
        (one / "checkpoint.npz").write_bytes(one.parent.name.encode())
        worker.leave(one, exchange.place(one), RESULT)
    for path in (tmp_path / "store" / exchange.place(folder)).glob("[0-9a-f]*"):
        path.unlink() if damage is None else path.write_bytes(damage)
    exchange.take_in_all()
    assert read_result(folder) is None
    assert read_result(other) == RESULT
    assert storage.read(f"{exchange.place(folder)}/outcome.json") is None, "every later start would meet it"


@pytest.mark.parametrize("name", ["../spec.json", "/values", "a/../../values", "", "a//b", "..\\values"])
def test_names_from_a_storage_lead_nowhere_else(
    name: str, storage: Storage, exchange: Exchange, spec: RungSpec
) -> None:
    folder = Path(spec.folder)
    at = exchange.place(folder)
    digest = hashlib.sha256(b"theirs").hexdigest()
    storage.write(f"{at}/{digest}", b"theirs")
    storage.write(f"{at}/outcome.json", sealed({"result": RESULT.to_json(), "files": {name: digest}}))
    with pytest.raises(StorageError, match="is not the name of a file in"):
        exchange.take_in(folder)
    outside = replace(RESULT, checkpoint=name or "..")
    storage.write(f"{at}/outcome.json", sealed({"result": outside.to_json(), "files": {}}))
    with pytest.raises(StorageError, match="is not the name of a file in"):
        exchange.take_in(folder)
    assert read_result(folder) is None
    files = {name: digest}
    data = checksum(files)
    storage.write(f"data/{data}/manifest.json", sealed(files))
    with pytest.raises(StorageError, match="is not the name of a file in"):
        fill(storage, data, folder / "cache")
    assert not list(folder.rglob("spec.json"))


def test_a_manifest_of_other_data_is_refused(storage: Storage, exchange: Exchange, tmp_path: Path) -> None:
    digest = exchange.send_data()
    assert digest is not None
    files = {"problem.json": hashlib.sha256(b"other").hexdigest()}
    storage.write(f"data/{digest}/problem.json", b"other")
    storage.write(f"data/{digest}/manifest.json", sealed(files))
    with pytest.raises(StorageError, match="the data are gone, or damaged"):
        fill(storage, digest, tmp_path / "many")
    assert exchange.send_data() == digest
    assert (fill(storage, digest, tmp_path / "many") / "problem.json").read_text() == "{}"


def dead(exchange: Exchange, spec: RungSpec, worker: Cache, files: Mapping[str, bytes]) -> Path:
    """The driver's folder of an attempt that had written these files when its worker died."""
    folder = Path(spec.folder)

    def die(local: Path) -> None:
        with keeper.kept(worker, local, exchange.place(folder)):
            for name, content in files.items():
                (local / name).write_bytes(content)
            raise WorkerDied("killed")

    with worker.place(spec, exchange.place(folder), {}) as local, pytest.raises(WorkerDied):
        die(Path(local.folder))
    assert exchange.take_in(folder) is None
    return folder


def test_a_dead_rung_leaves_its_last_checkpoint(exchange: Exchange, spec: RungSpec, worker: Cache) -> None:
    folder = dead(exchange, spec, worker, {"checkpoint.npz": b"epoch 7"})
    assert (folder / "checkpoint.npz").read_bytes() == b"epoch 7"


@pytest.mark.parametrize("more", [{}, {"checkpoint.npz": b"epoch 1"}])
def test_how_far_a_dead_rung_came_is_known_though_nobody_was_told(
    more: dict[str, bytes], exchange: Exchange, spec: RungSpec, worker: Cache
) -> None:
    noted = b'{"epoch": 0}\n{"epoch": 1}\n{"epo'  # it died in the middle of a line
    folder = dead(exchange, spec, worker, {**more, "progress.jsonl": noted})
    retries.record_death(folder, "killed by SIGABRT", 1)
    written = read_checked(folder / retries.DIED)
    assert written is not None
    assert written["epochs"] == 2


def test_data_are_fetched_once_by_digest_and_cannot_be_written(
    exchange: Exchange, storage: Storage, worker: Cache, tmp_path: Path
) -> None:
    digest = exchange.send_data()
    assert digest is not None
    threads = [threading.Thread(target=fill, args=(storage, digest, tmp_path / "many")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [p.name for p in (tmp_path / "many" / "data").iterdir()] == [digest]
    assert all(p.stat().st_mode & 0o222 == 0 for p in (tmp_path / "many" / "data" / digest).iterdir())
    (tmp_path / "store" / "data" / digest / "values.npy").write_bytes(b"others")
    assert (fill(storage, digest, tmp_path / "many") / "values.npy").read_bytes() == b"values"
    with pytest.raises(StorageError, match=r"values.npy is damaged$"):
        fill(storage, digest, tmp_path / "other")
    assert not list((tmp_path / "other" / "data").iterdir())


def test_a_cache_is_of_one_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "link"))
    with pytest.raises(StorageError, match="is not a folder of this user; name another in LSTM_AUTOML_CACHE"):
        cache.root()


@pytest.mark.parametrize(
    ("url", "message"),
    [("memory://x", "seen by one process alone"), ("nope://x", "Protocol not known"), ("", "is empty")],
)
def test_a_storage_that_is_none(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Storage(url)


def test_a_storage_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"^file://.*/file/here/x: "):
        Storage(str(tmp_path / "file" / "here")).write("x", b"")
