"""Which column of a table plays which part: the options, completed by names and by the reader's rules."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lstm_automl.data.options import DataOptions, Kind, refuse
from lstm_automl.errors import DataError, did_you_mean

TARGET_NAMES = ("target", "label", "y", "class")
TIME_NAMES = ("time", "timestamp", "date", "datetime")


@dataclass(frozen=True)
class Roles:
    """Columns by role, all of them present in the table.

    Args:
        target: Named, or found by name; empty = to be decided by the shape of the table.
        id: Sequence id, or None.
        time: Time stamps, or None.
        group: Groups, or None.
        weight: Sample weights, or None.
        static: Columns that do not change within a sequence, the categorical ones among them.
        categorical: Text columns.
        known: Known ahead.
        features: As given; empty = ``rest``.
        rest: Columns without a role, in file order.
    """

    target: tuple[str, ...]
    id: str | None
    time: str | None
    group: str | None
    weight: str | None
    static: tuple[str, ...]
    categorical: tuple[str, ...]
    known: tuple[str, ...]
    features: tuple[str, ...]
    rest: tuple[str, ...]

    @property
    def static_numbers(self) -> tuple[str, ...]:
        """Static columns that hold numbers."""
        return tuple(name for name in self.static if name not in self.categorical)


def resolve(columns: Sequence[str], options: DataOptions, kind: Kind, labelled: bool, source: str) -> Roles:
    """Give every column its role.

    Args:
        columns: Column names in file order.
        labelled: False: target, group and weight columns may be absent.

    Raises:
        DataError: a named column does not exist, or has two roles; an option nothing reads.
    """
    _check_options(options, kind, source)
    _check_exist(columns, options, kind, labelled, source)
    present = set(columns)
    target = tuple(name for name in options.target if name in present)
    if not options.target and kind != "series":
        axes = has_axes(columns)
        target = _named(columns, [name for name in TARGET_NAMES if not (axes and name == "y")])
    taken = {*target, *options.static, *options.categorical, *options.known, *options.features}
    free = [name for name in columns if name not in taken]
    id_ = options.id or next(iter(_named(free, ("id",))), None)
    time = options.time or next(iter(_named(free, TIME_NAMES)), None)
    group = options.group if options.group in present else None
    weight = options.weight if options.weight in present else None
    single = {id_, time, group, weight}
    rest = tuple(
        name for name in columns if name not in single and name not in {*options.static, *options.categorical, *target}
    )
    roles = Roles(
        target, id_, time, group, weight, options.static, options.categorical, options.known, options.features, rest
    )
    if kind != "series":  # a first column of dates may yet be its time
        check_index(roles, source)
    return roles


def check_index(roles: Roles, source: str) -> None:
    """Refuse numbers of rows that pandas wrote and named itself, where no choice of features leaves them out.

    Raises:
        DataError: the column has no role.
    """
    index = [name for name in roles.rest if re.fullmatch(r"Unnamed: \d+(_level_\d+)?", name)]
    if index and not roles.features:
        raise DataError(
            f"{source}: column {index[0]!r} is an index that pandas wrote, not data: leave it out with --features, "
            "or write the file with index=False; or name it with --time or --id"
        )


def has_axes(columns: Iterable[str]) -> bool:
    """Whether there are columns x, y and z: ``y`` is then an axis, not the target."""
    return {"x", "y", "z"} <= {name.lower() for name in columns}


def text_columns(roles: Roles, kind: Kind) -> tuple[str, ...]:
    """Columns whose cells are names, to be read as they are written."""
    names: list[str | None] = [roles.id, roles.group, *roles.categorical]
    if kind == "label":
        names += roles.target or roles.rest[-1:]
    return tuple(name for name in names if name is not None)


def _named(columns: Iterable[str], wanted: Sequence[str]) -> tuple[str, ...]:
    lower = {name.lower(): name for name in reversed(list(columns))}
    return tuple(lower[name] for name in wanted if name in lower)[:1]


def _check_options(options: DataOptions, kind: Kind, source: str) -> None:
    refuse(options, ["layout"], source, "a table has no axis order")
    if kind == "series":
        refuse(options, ["table", "weight", "group"], source, "series have none")
    else:
        refuse(options, ["known"], source, "only forecasting reads covariates known ahead")
        if len(options.target) > 1:
            raise DataError(f"{source}: one target column is needed, not {len(options.target)}")
    _check_two_roles(options, kind, source)


def _check_two_roles(options: DataOptions, kind: Kind, source: str) -> None:
    roles: dict[str, list[str]] = {}
    for field in ("target", "id", "time", "group", "weight", "static", "categorical", "features", "known"):
        value = getattr(options, field)
        for name in (value,) if isinstance(value, str) else value or ():
            roles.setdefault(name, []).append(field)
    fine = [{"static", "categorical"}, {"known", "categorical"}, {"known", "features"}, {"id", "group"}]
    if kind == "series":
        fine.append({"target", "features"})
    for name, fields in roles.items():
        if len(fields) > 1 and set(fields) not in fine:
            raise DataError(f"{source}: column {name!r} cannot be {' and '.join(fields)} at once")


def _check_exist(columns: Sequence[str], options: DataOptions, kind: Kind, labelled: bool, source: str) -> None:
    present = set(columns)
    optional = {"group", "weight"} if options.another or not labelled else set()
    if not labelled and kind != "series":
        optional.add("target")
    mistakes = []
    for field in ("target", "id", "time", "group", "weight", "static", "categorical", "features", "known"):
        value = getattr(options, field)
        for name in (value,) if isinstance(value, str) else value or ():
            if name not in present and field not in optional:
                hint = did_you_mean(name, columns[:40])
                mistakes.append(f"{source}: no {field} column {name!r}{hint}")
    if mistakes:
        raise DataError("\n".join(mistakes[:5]))
