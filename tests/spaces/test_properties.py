"""Whatever the space, it survives JSON and YAML; whatever the text, it loads or its mistakes are said."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstm_automl.errors import SpaceError
from lstm_automl.spaces.dump import dumps
from lstm_automl.spaces.loader import loads
from lstm_automl.spaces.ranges import cast
from lstm_automl.spaces.space import Space
from lstm_automl.spaces.vocabulary import VOCABULARY, Meaning
from lstm_automl.testing.space import check_space

FAST = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

ALWAYS_READ = [
    "num_layers", "bidirectional", "difference", "augment", "optimizer", "learning_rate", "schedule", "clipnorm",
    "weight_decay", "ema", "batch_size", "units", "dropout", "recurrent_dropout", "window", "loss", "normalization",
    "patch", "channel_independent", "linear_skip", "pooling",
]  # fmt: skip


def _range(draw: Any, low: float, high: float, kind: str) -> dict[str, Any]:
    if kind == "int":
        numbers: Any = st.integers(int(low), int(high))
    else:
        numbers = st.floats(low, high, allow_nan=False).map(lambda v: min(max(float(f"{v:.6g}"), low), high))
    a, b = sorted((draw(numbers), draw(numbers)))
    spec: dict[str, Any] = {"type": kind, "min_value": a, "max_value": b}
    default = draw(numbers.filter(lambda v: a <= v <= b)) if a == b else min(max(draw(numbers), a), b)
    form = draw(st.sampled_from(["plain", "log", "step", "bare"]))
    if form == "log" and a > 0:
        spec |= {"sampling": "log", "default": default}
    elif form == "step" and kind == "int" and b > a:
        spec["step"] = draw(st.integers(1, b - a))
        spec["default"] = a + spec["step"] * draw(st.integers(0, (b - a) // spec["step"]))
    elif form != "bare":
        spec["default"] = default
    return spec


@st.composite
def specs(draw: Any, name: str) -> Any:
    """What may stand behind ``name:``."""
    meaning: Meaning = VOCABULARY[name]
    if meaning.kind == "bool":
        return draw(st.sampled_from([True, False, {"type": "bool"}, {"type": "bool", "default": True}]))
    if meaning.kind == "name":
        names = draw(st.lists(st.sampled_from(meaning.valid_names()), min_size=1, unique=True))
        return draw(st.sampled_from([names[0], {"type": "choice", "values": names, "default": names[-1]}]))
    low, high = (max(meaning.low, 1e-6) if meaning.above else meaning.low), min(meaning.high, 200)
    high = 0.97 if meaning.below else 4 if name == "num_layers" else high
    spec = _range(draw, low, high, meaning.kind)
    if name in ("units", "dropout", "recurrent_dropout") and draw(st.booleans()):
        spec["per"] = "layer"
    return draw(st.sampled_from([spec, spec, spec["max_value"]]))


@st.composite
def spaces(draw: Any) -> Space:
    """A forecasting space, with conditions on parents that precede."""
    chosen = draw(st.lists(st.sampled_from(ALWAYS_READ), min_size=1, max_size=10, unique=True))
    parameters: dict[str, Any] = {name: draw(specs(name)) for name in chosen}
    parameters.setdefault("num_layers", 2)
    for name, spec in parameters.items():
        parents = [p for p, s in parameters.items() if s == {"type": "bool"} and p != name]
        earlier = [p for p in parents if list(parameters).index(p) < list(parameters).index(name)]
        if earlier and isinstance(spec, dict) and draw(st.booleans()):
            parameters[name] = spec | {"when": {earlier[0]: draw(st.booleans())}}
    return loads(json.dumps({"task": "forecasting", "parameters": parameters}))


@FAST
@given(spaces())
def test_any_space_keeps_the_contract(space: Space) -> None:
    check_space(space)


@FAST
@given(spaces(), st.data())
def test_any_parameter_can_be_held(space: Space, data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(space.parameters)))
    p = space.parameters[name]
    value = p.grid(3)[-1]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    again = loads(dumps(space), overrides={name: text})
    held = again.parameters[name]
    assert held.kind == "fixed"
    assert held.default == cast(VOCABULARY[p.base], value)
    assert set(again.parameters) <= set(space.parameters) | {"units_0", "dropout_0", "recurrent_dropout_0"}


TEXT = st.text(max_size=8)
WORDS = st.sampled_from(
    [
        "task",
        "classification",
        "parameters",
        "include",
        "units",
        "type",
        "int",
        "when",
        "values",
        "per",
        "layer",
        "cell",
    ]
)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | WORDS
TREE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | TEXT, inner, max_size=4), max_leaves=20
)


@FAST
@given(TREE, TREE, st.dictionaries(st.sampled_from(sorted(VOCABULARY)), TREE, max_size=4))
def test_any_tree_loads_or_is_explained(top: Any, include: Any, parameters: Any) -> None:
    for data in (top, {"task": "classification", "include": include, "parameters": parameters}):
        _loads_or_explains(json.dumps(data))


@FAST
@given(st.text())
def test_any_text_loads_or_is_explained(text: str) -> None:
    _loads_or_explains(text)


@FAST
@given(st.sampled_from(sorted(VOCABULARY)), st.text(max_size=12))
def test_any_setting_loads_or_is_explained(name: str, text: str) -> None:
    _loads_or_explains("task: classification\ninclude: [classification]", {name: text})


def _loads_or_explains(text: str, overrides: dict[str, str] | None = None) -> None:
    try:
        space = loads(text, overrides=overrides)
    except SpaceError as found:
        mistakes = found.mistakes
    else:
        assert Space.from_json(json.loads(json.dumps(space.to_json()))) == space
        return
    assert mistakes
    assert all(m.message and m.line >= 0 for m in mistakes)
