"""Which parameter is read by what, from the plug-in lines alone: nothing is imported."""

from __future__ import annotations

from lstm_automl import plugins
from lstm_automl.spaces.neutral import NEUTRAL
from lstm_automl.spaces.space import Value

SELECTORS = ("cell", "front_end")
"""Parameters whose value selects a plug-in, which then reads parameters of its own."""


def layered() -> tuple[str, ...]:
    """The parameters that may differ from layer to layer: what cells read."""
    found: dict[str, None] = {}
    for name in plugins.names("cell"):
        found.update(dict.fromkeys(plugins.find("cell", name).reads))
    return tuple(found)


def always(task: str) -> set[str]:
    """What is read in every space of a task: by the training loop, the task and its heads."""
    line = plugins.find("task", task)
    heads = [plugins.find("head", head) for head in line.uses]
    return {*plugins.CORE_READS, *line.reads, *(name for head in heads for name in head.reads)}


def selected_by(name: str) -> dict[str, tuple[str, ...]]:
    """Selector -> its values that read ``name``; empty where none does.

    >>> selected_by("conv_stride")
    {'front_end': ('cnn1d',)}
    """
    found = {}
    for selector in SELECTORS:
        values = tuple(v for v in plugins.names(selector) if name in plugins.find(selector, v).reads)
        if values:
            found[selector] = values
    return found


def readable(task: str) -> set[str]:
    """Every name that something selectable in a space of this task could read."""
    found = always(task)
    for selector in SELECTORS:
        for value in plugins.names(selector):
            found.update(plugins.find(selector, value).reads)
    return found


def elsewhere(name: str) -> str:
    """Who would read ``name``, in words; empty where nobody would."""
    owners = [f"{kind.replace('_', ' ')} {value}" for kind, values in selected_by(name).items() for value in values]
    for task in plugins.names("task"):
        if name in always(task):
            owners.append(f"task {task}")
    return ", ".join(owners)


def neutral(name: str) -> tuple[Value, ...]:
    """What a parameter is where the space does not mention it."""
    return (NEUTRAL[name],) if name in NEUTRAL else ()
