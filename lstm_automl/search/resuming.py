"""Where a rung begins: at the furthest good checkpoint of its own run, else at epoch 0. The result is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lstm_automl.errors import StateError
from lstm_automl.search.contracts import Epoch, RungSpec
from lstm_automl.search.results import read_checked

if TYPE_CHECKING:
    from lstm_automl.models.checkpoint import Arrays
    from lstm_automl.models.progress import Progress
    from lstm_automl.models.trainer import Trainer

CHECKPOINT = "checkpoint.npz"
PURPOSES = {"search": 0, "seed": 1, "refit": 2}  # numbers in seed keys: never renumber
OLDEST = 100


class _Found(NamedTuple):
    """A good checkpoint as it was read: the file itself may be gone a moment later."""

    path: Path
    arrays: Arrays
    extra: Mapping[str, Any]

    @property
    def at(self) -> int:
        """The first epoch not trained yet."""
        return int(self.extra["progress"]["next_epoch"])

    def of(self, spec: RungSpec) -> bool:
        """Whether it is of the run that the rung belongs to."""
        return bool(self.extra["run"] == _run(spec))


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
    from lstm_automl.models.progress import Progress

    if spec.parent is None and spec.from_epoch:
        raise StateError(f"job {spec.job} starts at epoch {spec.from_epoch} without a checkpoint")
    best, since = None, list[Epoch]()
    for found in _own(spec):
        epochs = [Epoch(**e) for e in found.extra["epochs"] if e["epoch"] >= spec.from_epoch]
        whole = len(epochs) == max(0, found.at - spec.from_epoch)
        if whole and (best is None or found.at > best.at) and found.at <= spec.to_epoch:
            best, since = found, epochs
    parent = _parent(spec)
    if parent is not None and (best is None or parent.at >= best.at):
        best, since = parent, []
    if best is None:
        return Progress(), []
    checkpoint.rewind(best.path, best.arrays, trainer)
    return Progress(**best.extra["progress"]), since


def _own(spec: RungSpec) -> Iterator[_Found]:
    """Checkpoints that attempts on the same rung have left."""
    folder = Path(spec.folder)
    for path in sorted({folder / CHECKPOINT, *folder.parent.glob(f"attempt-*/{CHECKPOINT}")}):
        found = _read(path)
        if found is not None and found.of(spec) and found.extra["limits"] == _limits(spec):
            yield found


def _parent(spec: RungSpec) -> _Found | None:
    """The checkpoint that the rung continues, or the last good one before it."""
    named = spec.parent
    for step in range(OLDEST):
        if named is None:
            return None
        path = Path(spec.directory) / named  # an absolute parent stays as it is
        for other in (path, *sorted(path.parent.parent.glob(f"attempt-*/{CHECKPOINT}"), reverse=True)):
            found = _read(other)
            if step == 0 and other == path and found is not None:
                _check(spec, found)
            if found is not None and found.of(spec) and found.at <= spec.from_epoch:
                return found
        written = read_checked(path.parent / "spec.json") or {}
        named = (written.get("work") or {}).get("parent")
    return None


def _check(spec: RungSpec, found: _Found) -> None:
    if not found.of(spec):
        raise StateError(f"{found.path}: the checkpoint is of another run")
    if found.at != spec.from_epoch and not found.extra["progress"]["stopped"]:
        raise StateError(f"{found.path}: the checkpoint is at epoch {found.at}, not {spec.from_epoch}")


def _read(path: Path) -> _Found | None:
    from lstm_automl.models import checkpoint

    try:
        found = _Found(path, *checkpoint.read(path))
    except StateError:
        return None
    return found if found.extra.keys() >= {"run", "limits", "progress", "epochs"} else None


def _run(spec: RungSpec) -> dict[str, Any]:
    return {"seed_key": list(seed_key(spec)), "values": dict(spec.values), "max_epochs": spec.max_epochs}


def _limits(spec: RungSpec) -> dict[str, Any]:
    return {"patience": spec.patience, "subset": spec.subset}
