"""A run goes on from its checkpoint as if it had never paused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_problems import equal_lengths, trainer

from lstm_automl.errors import StateError, StorageError
from lstm_automl.models import checkpoint
from lstm_automl.models.trainer import Trainer

# Everything that keeps state between steps: two directions, both dropouts, averages, a schedule, augmentation.
VALUES: dict[str, Any] = {
    "bidirectional": True,
    "dropout": 0.2,
    "recurrent_dropout": 0.1,
    "augment": "mixup",
    "schedule": "one_cycle",
    "ema": True,
    "front_end": "fcn",
    "conv_filters": 4,
    "weight_decay": 1e-3,
}


def run(found: Trainer, first: int, last: int) -> Trainer:
    for epoch in range(first, last):
        found.run_epoch(equal_lengths().split.folds[0].train, epoch)
    return found


def restored(path: Path, found: Trainer) -> dict[str, Any]:
    """Put a trainer where the checkpoint stands; what else was saved."""
    arrays, extra = checkpoint.read(path)
    checkpoint.rewind(path, arrays, found)
    return extra


@pytest.fixture(scope="module")
def whole() -> Trainer:
    return run(trainer(equal_lengths(), **VALUES), 0, 10)


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def test_in_pieces_is_the_same(whole: Trainer, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    checkpoint.save(path, run(trainer(equal_lengths(), **VALUES), 0, 4), {"epoch": 4})
    other = trainer(equal_lengths(), **VALUES)
    other.run_epoch(equal_lengths().split.folds[0].train[:20], 7)  # wherever it stood before
    assert restored(path, other) == {"epoch": 4}
    assert same(run(other, 4, 10).snapshot(), whole.snapshot())


def test_in_another_process_is_the_same(whole: Trainer, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "a.npz", run(trainer(equal_lengths(), **VALUES), 0, 3), {})
    script = (
        "import sys; from pathlib import Path; import test_checkpoint as t; from lstm_automl.models import checkpoint\n"
        "made = t.trainer(t.equal_lengths(), **t.VALUES); here = Path(sys.argv[1])\n"
        "t.restored(here / 'a.npz', made); checkpoint.save(here / 'b.npz', t.run(made, 3, 10), {})"
    )
    paths = [str(Path(__file__).parent), str(Path(checkpoint.__file__).parents[2])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "2"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, env=environment)
    arrays, _ = checkpoint.read(tmp_path / "b.npz")
    assert same({k: v for k, v in arrays.items() if not k.startswith("weights")}, whole.snapshot())


def test_the_weights_that_predict_are_the_averaged_ones(whole: Trainer, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "c.npz", whole, {})
    found = checkpoint.weights(tmp_path / "c.npz")
    raw = whole.weights(averaged=False)
    assert all(np.array_equal(a, b) for a, b in zip(found, whole.weights(), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(found, raw, strict=True))
    other = trainer(equal_lengths(), **VALUES)
    other.settle(found)
    examples = equal_lengths().split.folds[0].valid
    np.testing.assert_array_equal(other.predict(examples), whole.predict(examples))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    checkpoint.save(tmp_path / "c.npz", trainer(equal_lengths()), {"a": 1})
    return tmp_path / "c.npz"


def test_another_network(saved: Path) -> None:
    for values in ({"units": 5}, {"num_layers": 2}, {"ema": True}):
        made = trainer(equal_lengths(), **values)
        before = made.snapshot()
        with pytest.raises(StateError, match=r"c\.npz: the checkpoint is of another network"):
            restored(saved, made)
        assert same(before, made.snapshot())


def test_damage(saved: Path) -> None:
    content = saved.read_bytes()
    rng = np.random.default_rng(0)
    for cut in [0, 1, *rng.integers(2, len(content) - 1, size=40)]:
        saved.write_bytes(content[:cut])
        with pytest.raises(StateError, match=r"c\.npz: not a usable checkpoint"):
            checkpoint.read(saved)
    for position in rng.integers(0, len(content), size=100):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(rng.integers(8))
        saved.write_bytes(flipped)
        with pytest.raises(StateError, match=r"c\.npz: not a usable checkpoint \(damaged\)"):
            checkpoint.read(saved)
    saved.write_bytes(content)
    assert checkpoint.read(saved)[1] == {"a": 1}


def test_numpy_reads_it(saved: Path) -> None:
    with np.load(saved, allow_pickle=False) as stored:
        assert "state_velocity" in stored.files


def test_missing_and_newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StateError, match=r"nothing\.npz: not a usable checkpoint"):
        checkpoint.read(tmp_path / "nothing.npz")
    monkeypatch.setattr(checkpoint, "FORMAT", 3)
    checkpoint.save(tmp_path / "new.npz", trainer(equal_lengths()), {})
    monkeypatch.undo()
    with pytest.raises(StateError, match=r"new\.npz: checkpoint format 3; this version reads format 2"):
        checkpoint.read(tmp_path / "new.npz")


def test_nowhere_to_write(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"c\.npz"):
        checkpoint.save(tmp_path / "gone" / "c.npz", trainer(equal_lengths()), {})
