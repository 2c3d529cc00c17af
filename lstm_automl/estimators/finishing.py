"""The last steps of a search: bundle, one look at the test part, registration, reports."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lstm_automl.errors import NoValidTrialError, StateError, as_typed
from lstm_automl.estimators.ahead import Ahead
from lstm_automl.estimators.effort import Allowance
from lstm_automl.estimators.result import SearchResult
from lstm_automl.estimators.selection import Members
from lstm_automl.estimators.sessions import Session
from lstm_automl.estimators.storing import write_json
from lstm_automl.search.contracts import Table, TrialRow
from lstm_automl.search.cut_off import cut_off
from lstm_automl.tasks.problem import Problem
from lstm_automl.tasks.task import Direction

Baselines = Mapping[str, Mapping[str, Mapping[str, float]]]
FLOORS, FINAL = "baselines.json", "final.json"


def finish(
    session: Session,
    table: Table,
    best: TrialRow,
    members: Members,
    ahead: Ahead[Baselines],
    allowance: Allowance,
    started: float,
) -> SearchResult:
    """Save the chosen model, score it once on the test part, register it, write the reports.

    Args:
        session: The open search.
        table: All trials.
        best: The chosen one.
        members: Its trained networks.
        ahead: The floors, under way.
        allowance: What is left of a time budget.
        started: When the search was called, on the monotonic clock.

    Raises:
        NoValidTrialError: the chosen trial has no trained network.
    """
    if not members.checkpoints:
        raise NoValidTrialError(f"trial {best.number} was the best and could not be trained again on all data")
    problem, directory = session.problem, session.directory
    ahead.imported()
    baselines, missing = _floors(directory, ahead, allowance)
    fresh = all(best is not row for row in table)
    bundle, test, looks = _bundle(session, best, members, baselines, fresh)
    if members.ended:
        session.driver.clean_refits()
    uri, registered = _register(session, bundle, allowance)
    result = SearchResult(
        name=directory.name, task=problem.task.name,
        objective={"metric": problem.metric.name, "direction": problem.metric.direction},
        table=table, best=best, test=test, baselines=baselines, model_uri=uri, path=bundle,
        seconds=time.monotonic() - started, looks=looks,
        notes=(*_limits_of(table, members, problem.metric.direction), *missing, *registered),
    )  # fmt: skip
    _report(session, result)
    return result


def _limits_of(table: Table, members: Members, direction: Direction) -> Iterator[str]:
    """What a time budget has kept from being done."""
    cut = cut_off(table, direction)
    if cut is not None:
        yield str(cut)
    if members.fold is not None:
        yield "no time was left to train the best again: its model has not seen the validation part"


def known_baselines(problem: Problem, directory: Path) -> Baselines:
    """The floors, computed once a search; :func:`finish` keeps them."""
    path = directory / FLOORS
    if path.exists():
        stored: Baselines = json.loads(path.read_text())
        return stored
    from threadpoolctl import threadpool_limits

    # several threads take forty times as long for matrices this small, and cores that the search is training on
    with threadpool_limits(1, user_api="blas"):
        return problem.task.baselines(problem.prepared, problem.options)


def _floors(directory: Path, ahead: Ahead[Baselines], allowance: Allowance) -> tuple[Baselines, tuple[str, ...]]:
    """The floors, or why there are none: no model is lost for want of what it is compared with."""
    try:
        made = ahead.result(allowance.to_the_end())
    except Exception as wrong:
        return {}, (f"no floors ({type(wrong).__name__}: {wrong})",)
    if not (directory / FLOORS).exists():
        write_json(directory / FLOORS, made)
    return made, ()


def saved(directory: Path, best: TrialRow, members: Members) -> bool:
    """Whether the bundle there is whole and was made of these members: then nobody needs their checkpoints.

    Raises:
        StateError: what was written of it is damaged.
    """
    from lstm_automl.models import sealed

    before, trained = _record(directory), _trained(directory, members)
    if before.get("identity") != _identity(best, members) or before.get("trained", trained) != trained:
        return False
    try:
        sealed.contents(directory / "bundle")
    except StateError:
        return False
    return True


def _record(directory: Path) -> dict[str, Any]:
    """What was written when the bundle there had been made; looks at the test part must not be forgotten."""
    final = directory / FINAL
    if not final.exists():
        return {"looks": 0}
    try:
        found: dict[str, Any] = json.loads(final.read_bytes())
        return {**found, "looks": int(found["looks"]), "test": dict(found["test"])}
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise StateError(
            f"{final} is damaged: {wrong}; without it the model is made again, and looks at the test part count from 0"
        ) from None


def _identity(best: TrialRow, members: Members) -> dict[str, Any]:
    """What makes two bundles of a search different."""
    return {"trial": best.number, "values": dict(best.values), "best_epoch": best.best_epoch,
            "members": len(members.checkpoints)}  # fmt: skip


def _trained(directory: Path, members: Members) -> list[str]:
    """The networks by name; all attempts at a refit that is done give the same, those at one that is not may not."""
    paths = [path.relative_to(directory) for path in members.checkpoints]
    return [(path.parents[1] if members.ended else path).as_posix() for path in paths]


def _bundle(
    session: Session, best: TrialRow, members: Members, baselines: Baselines, fresh: bool
) -> tuple[Path, dict[str, float], int]:
    """Save the model beside the old one and swap; the test part is looked at once per new model."""
    from lstm_automl.models import bundle

    problem, directory = session.problem, session.directory
    folder, before = directory / "bundle", _record(directory)
    if saved(directory, best, members):
        return folder, before["test"], before["looks"]
    identity = _identity(best, members)
    seen = problem.split.refit if members.fold is None else problem.split.folds[members.fold].train
    state = problem.task.fit_state(problem.frame, seen, problem.options)
    about = {
        "name": directory.name,
        "best": identity,
        "score": best.score,
        "fresh_runs": fresh,
        "baselines": baselines,
        "looks": before["looks"] + 1,
    }
    bundle.save(folder, problem, best.values, state, members.checkpoints, metrics={}, about=about)
    test = _scored(problem, folder)
    bundle.note(folder, metrics=test)
    record = {"identity": identity, "trained": _trained(directory, members), "test": test, "looks": before["looks"] + 1}
    write_json(directory / FINAL, record)
    return folder, test, before["looks"] + 1


def _scored(problem: Problem, folder: Path) -> dict[str, float]:
    from lstm_automl.models import bundle

    if problem.split.test is None:
        return {}
    predictor = bundle.load(folder)
    outputs = predictor.outputs(problem.frame, problem.split.test)
    return problem.task.score(problem.frame, problem.split.test, outputs, predictor.state)


def _register(session: Session, bundle: Path, allowance: Allowance) -> tuple[str, tuple[str, ...]]:
    settings = session.settings
    if not settings.track or settings.register_as == "":
        return str(bundle), ()
    from lstm_automl.tracking import registry

    try:
        registered = registry.register(bundle, session.directory, settings.tracking_uri,
                                       settings.register_as or session.directory.name,
                                       timeout=allowance.to_the_end())  # fmt: skip
    except Exception as wrong:  # the model is safe on disk; a server that is away must not lose the search
        again = f"'lstm-automl sync {as_typed(session.directory.name)}' tries again"
        note = f"not registered ({type(wrong).__name__}: {wrong}); {again}"
        return str(bundle), (note,)
    return registered.model_uri, tuple(registered.notes)


def _report(session: Session, result: SearchResult) -> None:
    from lstm_automl.reports.write import write_all

    write_all(session.directory, result.baselines, result.test, best=result.best.number)
    if session.tracker is not None:
        session.tracker.finish(dict(result.to_json()))
