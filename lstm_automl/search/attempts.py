"""The folders of a job: ``jobs/000012/attempt-1/``, and what attempts left in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.results import read_checked, read_result, write_checked
from lstm_automl.search.rows import join, spec_from_json, spec_to_json

SPEC = "spec.json"
_ATTEMPT = "attempt-"


@dataclass(frozen=True)
class Outcome:
    """What an attempt left: its result with the epochs of the attempts it continued, and its folder."""

    result: RungResult
    folder: Path
    next_epoch: int

    @property
    def lost(self) -> bool:
        """Its checkpoint has been removed."""
        return self.result.checkpoint is not None and not (self.folder / self.result.checkpoint).is_file()


def job_folder(directory: Path, job: int) -> Path:
    """The folder of a job.

    >>> job_folder(Path("s"), 12).as_posix()
    's/jobs/000012'
    """
    return directory / f"jobs/{job:06d}"


def last_folder(directory: Path) -> int:
    """The highest number of a job that has a folder; -1 without any."""
    names = [path.name for path in (directory / "jobs").glob("*")]
    return max((int(name) for name in names if name.isdigit()), default=-1)


def attempts(directory: Path, job: int) -> list[Path]:
    """The folders of all attempts, oldest first."""
    folder = job_folder(directory, job)
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    numbers = [name.removeprefix(_ATTEMPT) for name in names if name.startswith(_ATTEMPT)]
    return [folder / f"{_ATTEMPT}{number}" for number in sorted(int(n) for n in numbers if n.isdigit())]


def attempts_on(directory: Path, work: RungSpec) -> Iterator[Path]:
    """The attempts on exactly this work, newest first."""
    wanted = spec_to_json(work)
    for folder in reversed(attempts(directory, work.job)):
        written = read_checked(folder / SPEC)
        if written is not None and written.get("work") == wanted:
            yield folder


def new_attempt(
    directory: Path, work: RungSpec, before: Sequence[Path] | None = None, reads: int | None = None
) -> RungSpec:
    """Make the next folder and say in it what is done there: what is left of the work.

    Args:
        directory: The search directory.
        work: The job.
        before: The folders of its attempts, where the caller has just looked.
        reads: What the store holds about its decision, should the store lose it.

    Raises:
        OSError: the disk is full, read-only or gone.
    """
    before = attempts(directory, work.job) if before is None else before
    number = int(before[-1].name.removeprefix(_ATTEMPT)) + 1 if before else 1
    folder = job_folder(directory, work.job) / f"{_ATTEMPT}{number}"
    spec = _rest(directory, work, before)
    if not before:
        folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    start = {"from_epoch": spec.from_epoch, "parent": spec.parent, "reads": reads}
    # not durable: the decision is in the store, and a power cut at worst costs this rung
    write_checked(folder / SPEC, {"work": spec_to_json(work), **start}, durable=False)
    return replace(spec, directory=str(directory), folder=str(folder), spent=_spent(directory, spec.parent))


def outcome(directory: Path, work: RungSpec) -> Outcome | None:
    """The newest result that an attempt left: a finished one if there is any, else a stopped one."""
    return _newest(directory, work, whole=False)


def usable_outcome(directory: Path, work: RungSpec) -> Outcome | None:
    """As :func:`outcome`; a refit is there for its network alone: without it, it has to be trained again."""
    return _newest(directory, work, whole=work.purpose == "refit")


def known_outcome(directory: Path, work: RungSpec, again: bool) -> Outcome | None:
    """As :func:`usable_outcome`; unless it is needed ``again``, a refit without its network has been trained too."""
    return usable_outcome(directory, work) or (None if again else outcome(directory, work))


def _newest(directory: Path, work: RungSpec, *, whole: bool) -> Outcome | None:
    stopped = None
    for folder in attempts_on(directory, work):
        found = outcome_in(directory, folder, work)
        if found is None or (whole and found.lost):
            continue
        if found.result.status != "stopped":
            return found
        stopped = stopped or found
    return stopped


def outcome_in(directory: Path, folder: Path, work: RungSpec) -> Outcome | None:
    """What the attempt in ``folder`` left, with the epochs before it; None without a whole result."""
    result, written = read_result(folder), read_checked(folder / SPEC)
    if result is None or written is None or (result.job, result.trial) != (work.job, work.trial):
        return None
    start = int(written["from_epoch"])
    after = result.epochs[-1].epoch + 1 if result.epochs else start
    if start < work.from_epoch:  # its parent was lost: epochs before the rung were trained again
        result = replace(result, epochs=tuple(e for e in result.epochs if e.epoch >= work.from_epoch))
    if start > work.from_epoch and written["parent"]:
        before = outcome_in(directory, (directory / written["parent"]).parent, work)
        if before is None or before.next_epoch != start:
            return None
        result = join(before.result, result)
    return Outcome(result, folder, after)


def recorded_work(directory: Path, job: int) -> tuple[RungSpec, int | None] | None:
    """What a job was about, from its own folder, and how many results its decision was shown."""
    for folder in reversed(attempts(directory, job)):
        written = read_checked(folder / SPEC)
        if written is not None and written["work"].get("job") == job:
            return spec_from_json(written["work"]), written.get("reads")
    return None


def _spent(directory: Path, parent: str | None) -> float:
    """Seconds of the attempts that a checkpoint comes from, one after another."""
    seconds = 0.0
    while parent is not None:
        folder = (directory / parent).parent
        result, written = read_result(folder), read_checked(folder / SPEC)
        if result is None or written is None:
            break
        seconds, parent = seconds + result.seconds, written["parent"]
    return seconds


def _rest(directory: Path, work: RungSpec, before: Sequence[Path]) -> RungSpec:
    """What is left of a stopped rung; without a checkpoint to continue, all of it, or even what was before it."""
    lost = work.parent is not None and not (directory / work.parent).is_file()
    start = 0 if lost or work.parent is None else work.from_epoch
    for folder in attempts_on(directory, work) if before else ():
        found = outcome_in(directory, folder, work)
        if found is None or found.result.status != "stopped" or not found.result.checkpoint:
            continue
        checkpoint = folder / found.result.checkpoint
        if checkpoint.is_file() and start < found.next_epoch < work.to_epoch:
            return replace(work, from_epoch=found.next_epoch, parent=checkpoint.relative_to(directory).as_posix())
    return replace(work, from_epoch=start, parent=None if start == 0 else work.parent)
