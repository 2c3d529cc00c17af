"""No dead dimension: a parameter that nothing reads, or not always, is a mistake, found without importing anything."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_automl import plugins
from lstm_automl.errors import did_you_mean
from lstm_automl.spaces import reads
from lstm_automl.spaces.conditions import Allowed
from lstm_automl.spaces.layers import counts
from lstm_automl.spaces.ranges import Declared
from lstm_automl.spaces.space import Parameter, Value
from lstm_automl.spaces.vocabulary import VOCABULARY, shown, split_layer


def base_of(name: str) -> str:
    """``units`` for ``units_1``; the name itself where it has no layer.

    >>> base_of("units_1"), base_of("my_1")
    ('units', 'my_1')
    """
    base, layer = split_layer(name)
    return base if layer is not None and base in reads.layered() else name


def check_names(task: str | None, declared: Mapping[str, Declared]) -> set[str]:
    """Report names that no space of this task (None: of any) could ever use; returns them."""
    tasks = plugins.names("task") if task is None else [task]
    valid = set().union(*(reads.readable(one) for one in tasks))
    wrong = set()
    for name, d in declared.items():
        base = base_of(name)
        if base in valid:
            continue
        wrong.add(name)
        owners = reads.elsewhere(base)
        if owners:
            d.report(f"nothing in a space for {task} reads {name!r} (read by {owners})")
        else:
            d.report(f"unknown parameter {name!r}{did_you_mean(name, valid)}")
    return wrong


def check_read(
    task: str,
    asked: Mapping[str, Declared],
    kept: Mapping[str, Declared],
    closure: Mapping[str, Allowed],
    broken: set[str],
) -> None:
    """Report, of ``asked``, parameters that nothing selectable reads, and searched ones that at times nothing reads.

    Args:
        task: The task.
        asked: The parameters to look at, under their final names.
        kept: All that can be active.
        closure: For each, what its ancestors may be.
        broken: Names of which nothing is known, so that nothing is said of what depends on them.
    """
    always = reads.always(task)
    for name, d in asked.items():
        base = base_of(name)
        readers = {} if base in always else reads.selected_by(base)
        needs = dict(VOCABULARY[base].needs) if base in VOCABULARY else {}
        if base not in always and not any(_selected(s, v, kept, broken) for s, v in readers.items()):
            owners = "; ".join(f"{s} {', '.join(v)}" for s, v in readers.items())
            d.report(f"nothing in this space reads {name!r} (read by {owners})")
            continue
        if not d.parameter.searched:
            continue  # a fixed value that is not used costs nothing
        if len(readers) == 1:
            needs.update(readers)
        for parent, values in needs.items():
            if parent not in broken:
                _check_always(d, parent, values, kept, closure[name])


def _selected(selector: str, values: tuple[str, ...], kept: Mapping[str, Declared], broken: set[str]) -> bool:
    parent = kept.get(selector)
    options = parent.parameter.grid() if parent else reads.neutral(selector)
    return selector in broken or any(v in values for v in options)


def _check_always(
    d: Declared, parent: str, values: tuple[Value, ...], kept: Mapping[str, Declared], allowed: Allowed
) -> None:
    """That ``parent`` has one of ``values`` wherever ``d`` is active."""
    owner = kept.get(parent)
    can_be = possible(owner.parameter, kept) if owner else reads.neutral(parent)
    dead = [v for v in allowed.get(parent, can_be) if v not in values]
    if dead:
        live = [_plain(v) for v in can_be if v in values]
        fix = f"add `when: {{{parent}: [{', '.join(live)}]}}`" if live else _advice(parent, owner)
        where = ", ".join(_plain(v) for v in dead)
        d.report(f"{d.name!r} does nothing where {parent} is {where}: {fix}")


def _advice(parent: str, owner: Declared | None) -> str:
    return "hold it at one value, or remove it" if owner else f"put {parent!r} into the space, or remove it"


def possible(parameter: Parameter, kept: Mapping[str, Declared]) -> tuple[Value, ...]:
    """Every value a discrete parameter can have."""
    return counts(kept) if parameter.name == "num_layers" else parameter.grid()


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else shown(value)
