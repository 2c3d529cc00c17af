"""What every oracle must do. ``check_oracle(MyOracle())`` raises AssertionError where one does not."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from lstm_automl.search.contracts import Oracle, Table, TrialRow
from lstm_automl.search.results import canonical
from lstm_automl.search.table import LiveTable
from lstm_automl.spaces.space import Parameter, Space
from lstm_automl.tasks.task import Direction
from lstm_automl.testing.dummy import objective
from lstm_automl.testing.search import small_space


def check_oracle(oracle: Oracle, *, trials: int = 20) -> None:
    """All checks over the shipped example space.

    Args:
        oracle: The oracle.
        trials: Proposals to ask for.
    """
    space = small_space()
    for direction in ("max", "min"):
        check_proposals(oracle, space, trials, direction)
    check_pure(oracle, space, trials)
    check_seeds(oracle, space)
    check_exhausted(oracle)


def proposals(
    oracle: Oracle, space: Space, trials: int, *, seed: int = 0, direction: Direction = "max"
) -> Iterator[Table]:
    """The table after each proposal: finished at the first or the last rung, diverged, failed, running, promoted."""
    table: tuple[TrialRow, ...] = ()
    for n in range(trials):
        values = oracle.propose(space, seed, n, table, direction)
        if values is None:
            return
        table = (*table, _row(n, values))
        yield table


def _row(n: int, values: dict[str, Any]) -> TrialRow:
    status, ends = _KINDS[n % len(_KINDS)]
    rungs = tuple((end, objective(values, end)) for end in ends)
    if status == "running":
        return TrialRow(n, values, status, to_epoch=9, rungs=rungs)
    if status != "completed":
        return TrialRow(n, values, status, to_epoch=9, rungs=(*rungs, (9, None)))
    return TrialRow(n, values, status, rungs[-1][1], rungs[-1][1], to_epoch=ends[-1], rungs=rungs)


_KINDS: tuple[tuple[Any, tuple[int, ...]], ...] = (
    ("completed", (3, 9)), ("completed", (3,)), ("diverged", (3,)), ("completed", (3,)), ("failed", ()),
    ("running", ()), ("completed", (3, 9)), ("running", (3,)),
)  # fmt: skip


def check_proposals(oracle: Oracle, space: Space, trials: int, direction: Direction) -> None:
    """Values are of the right types, in range, exactly the active ones, JSON, and never twice."""
    table: Table = ()
    for table in proposals(oracle, space, trials, direction=direction):
        values = dict(table[-1].values)
        assert list(values) == [p.name for p in space.active(values)], f"not the active parameters: {values}"
        for name, value in values.items():
            parameter = space.parameters[name]
            assert parameter.contains(value), f"{name}={value!r} is out of its range"
            assert type(value) is type(parameter.default), f"{name}={value!r} is not a {type(parameter.default)}"
    assert len(table) == trials, f"{len(table)} proposals, then none; the space has more"
    assert len({canonical(dict(row.values)) for row in table}) == trials, "a combination was proposed twice"


def check_pure(oracle: Oracle, space: Space, trials: int) -> None:
    """The same arguments give the same values, in any order and from another object; nothing is changed."""
    tables: list[Table] = [(), *proposals(oracle, space, trials)]
    before = copy.deepcopy(tables[-1])
    for n in sorted({0, 1, trials // 2, trials - 1}, reverse=True):
        again = type(oracle)().propose(space, 0, n, tables[n], "max")
        assert again == dict(tables[n + 1][-1].values), f"proposal {n} differs when asked again"
    assert tables[-1] == before, "the table was changed"
    check_live(oracle, space, tables)


def check_live(oracle: Oracle, space: Space, tables: Sequence[Table]) -> None:
    """A live table, asked again and again, is answered as its plain copy is."""
    live = LiveTable()
    for n, table in enumerate(tables[:-1]):
        if n:
            live.put(TrialRow(n - 1, table[n - 1].values, "running", to_epoch=3))
            oracle.propose(space, 0, n, live, "max")
            live.put(table[n - 1])
        values = oracle.propose(space, 0, n, live, "max")
        assert values == dict(tables[n + 1][-1].values), f"proposal {n} differs with a live table"


def check_seeds(oracle: Oracle, space: Space) -> None:
    """Seed 0 is a seed like any other; trial 0 is the defaults, but for the grid."""
    if oracle.name == "grid":
        return
    first = [dict(list(proposals(oracle, space, 3, seed=seed))[-1][-1].values) for seed in (0, 0, 1)]
    assert first[0] == first[1], "seed 0 is random"
    assert first[1] != first[2], "the seed changes nothing"
    assert oracle.propose(space, 5, 0, (), "max") == space.defaults(), "trial 0 is not the defaults"


def check_exhausted(oracle: Oracle) -> None:
    """A finite space is given out whole, each combination once, then None."""
    space = Space(
        "classification",
        {
            "cell": Parameter("cell", "choice", "gru", values=("lstm", "gru")),
            "num_layers": Parameter("num_layers", "int", 1, 1, 2, when={"cell": ("lstm",)}),
            "ema": Parameter("ema", "bool", False),
        },
    )
    last = list(proposals(oracle, space, 20))[-1]
    assert len({canonical(dict(row.values)) for row in last}) == len(last) == 6, f"{len(last)} of 6 combinations"
