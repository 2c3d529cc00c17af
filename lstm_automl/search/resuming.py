"""Where a rung begins: at the furthest good checkpoint of its own run, else at epoch 0. The result is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_automl.errors import StateError
from lstm_automl.search.contracts import Epoch, RungSpec
from lstm_automl.search.results import read_checked

if TYPE_CHECKING:
    from lstm_automl.models.fit import Progress
    from lstm_automl.models.trainer import Trainer

CHECKPOINT = "checkpoint.npz"
PURPOSES = {"search": 0, "seed": 1, "refit": 2}  # numbers in seed keys: never renumber
OLDEST = 100


def seed_key(spec: RungSpec) -> tuple[int, ...]:
    """What all randomness of a run comes from; its rungs share it."""
    return (spec.search_seed, spec.trial, spec.fold + 1, spec.seed, PURPOSES[spec.purpose])


def extra(spec: RungSpec, progress: Progress, epochs: list[Epoch]) -> dict[str, Any]:
    """What stands beside the arrays of a checkpoint; ``epochs`` are those since ``spec.from_epoch``."""
    return {
        "run": _run(spec),
        "limits": _limits(spec),
        "progress": progress.to_json(),
        "epochs": [vars(epoch) for epoch in epochs],
    }


def begin(spec: RungSpec, trainer: Trainer) -> tuple[Progress, list[Epoch]]:
    """Put the trainer where the run stands; its progress, and the epochs since ``spec.from_epoch``.

    A checkpoint of a killed attempt is gone on from. A parent that is damaged or gone is passed over for the one
    before it, and what it held is trained again.

    Raises:
        StateError: the parent is of another run, or at another epoch.
    """
    from lstm_automl.models import checkpoint
    from lstm_automl.models.fit import Progress

    if spec.parent is None and spec.from_epoch:
        raise StateError(f"job {spec.job} starts at epoch {spec.from_epoch} without a checkpoint")
    best: tuple[Progress, list[Epoch], Path] | None = None
    for path, found in _own(spec):
        progress = Progress(**found["progress"])
        epochs = [Epoch(**e) for e in found["epochs"] if e["epoch"] >= spec.from_epoch]
        whole = len(epochs) == max(0, progress.next_epoch - spec.from_epoch)
        further = best is None or progress.next_epoch > best[0].next_epoch
        if whole and further and progress.next_epoch <= spec.to_epoch:
            best = progress, epochs, path
    parent = _parent(spec)
    if parent is not None and (best is None or Progress(**parent[1]["progress"]).next_epoch >= best[0].next_epoch):
        best = Progress(**parent[1]["progress"]), [], parent[0]
    if best is None:
        return Progress(), []
    checkpoint.restore(best[2], trainer)
    return best[0], best[1]


def _own(spec: RungSpec) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Checkpoints that attempts on the same rung have left."""
    folder = Path(spec.folder)
    for path in sorted({folder / CHECKPOINT, *folder.parent.glob(f"attempt-*/{CHECKPOINT}")}):
        found = _read(path)
        if found is not None and found["run"] == _run(spec) and found["limits"] == _limits(spec):
            yield path, found


def _parent(spec: RungSpec) -> tuple[Path, Mapping[str, Any]] | None:
    """The checkpoint that the rung continues, or the last good one before it."""
    named = spec.parent
    for step in range(OLDEST):
        if named is None:
            return None
        path = Path(spec.directory) / named  # an absolute parent stays as it is
        for other in (path, *sorted(path.parent.parent.glob(f"attempt-*/{CHECKPOINT}"), reverse=True)):
            found = _read(other)
            if step == 0 and other == path and found is not None:
                _check(spec, path, found)
            if found is not None and found["run"] == _run(spec) and _at(found) <= spec.from_epoch:
                return other, found
        written = read_checked(path.parent / "spec.json") or {}
        named = (written.get("work") or {}).get("parent")
    return None


def _check(spec: RungSpec, path: Path, found: Mapping[str, Any]) -> None:
    if found["run"] != _run(spec):
        raise StateError(f"{path}: the checkpoint is of another run")
    if _at(found) != spec.from_epoch and not found["progress"]["stopped"]:
        raise StateError(f"{path}: the checkpoint is at epoch {_at(found)}, not {spec.from_epoch}")


def _read(path: Path) -> Mapping[str, Any] | None:
    from lstm_automl.models import checkpoint

    try:
        found = checkpoint.read(path)[1]
    except StateError:
        return None
    return found if found.keys() >= {"run", "limits", "progress", "epochs"} else None


def _at(found: Mapping[str, Any]) -> int:
    return int(found["progress"]["next_epoch"])


def _run(spec: RungSpec) -> dict[str, Any]:
    return {"seed_key": list(seed_key(spec)), "values": dict(spec.values), "max_epochs": spec.max_epochs}


def _limits(spec: RungSpec) -> dict[str, Any]:
    return {"patience": spec.patience, "subset": spec.subset}
