"""What a file means: types, defaults, layers, conditions, includes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lstm_automl.spaces import catalog
from lstm_automl.spaces.loader import load, loads
from lstm_automl.spaces.space import Parameter, Space


def space(parameters: str, task: str = "classification") -> Space:
    return loads(f"task: {task}\nparameters:\n{parameters}")


def test_each_type() -> None:
    found = space("""
  units: {type: int, min_value: 8, max_value: 1e2, sampling: log, default: 16}
  dropout: {type: float, min_value: 0, max_value: 0.5, step: 0.1, default: 0.3}
  clipnorm: {type: choice, values: [1, 0.25]}
  optimizer: {type: choice, values: [adam, nadam], default: nadam}
  ema: {type: bool, default: true}
  batch_size: 32
  weight_decay: 1e-4
""").parameters
    assert found["units"] == Parameter("units", "int", 16, 8, 100, None, "log", base="units")
    assert found["dropout"] == Parameter("dropout", "float", 0.3, 0.0, 0.5, 0.1, base="dropout")
    assert found["clipnorm"] == Parameter("clipnorm", "choice", 1.0, values=(1.0, 0.25), base="clipnorm")
    assert found["optimizer"].default == "nadam"
    assert found["ema"] == Parameter("ema", "bool", True, base="ema")
    assert found["batch_size"] == Parameter("batch_size", "fixed", 32, base="batch_size")
    assert found["weight_decay"].default == 1e-4


def test_numbers_have_the_type_of_their_parameter() -> None:
    values = space("""
  dropout: 0
  units: 1e2
  learning_rate: {type: float, min_value: 1, max_value: 2}
  recurrent_dropout: {type: choice, values: [0, 0.1]}
  num_layers: {type: choice, values: [1, 2.0]}
""").defaults()
    assert values == {"dropout": 0, "units": 100, "learning_rate": 1, "recurrent_dropout": 0, "num_layers": 1}
    kinds = {name: type(value) for name, value in values.items()}
    assert [kinds[n] for n in ("dropout", "learning_rate", "recurrent_dropout")] == [float] * 3
    assert [kinds[n] for n in ("units", "num_layers")] == [int, int]


def test_defaults_where_absent() -> None:
    values = space("""
  units: {type: int, min_value: 8, max_value: 16}
  cell: {type: choice, values: [gru, lstm]}
  ema: {type: bool}
""").defaults()
    assert values == {"units": 8, "cell": "gru", "ema": False}


def test_per_layer() -> None:
    found = space("""
  units: {type: int, min_value: 8, max_value: 16, per: layer}
  num_layers: {type: int, min_value: 1, max_value: 3}
""")
    assert list(found.parameters) == ["units_0", "num_layers", "units_1", "units_2"]
    whens = {name: dict(p.when) for name, p in found.parameters.items()}
    assert whens == {
        "units_0": {},
        "num_layers": {},
        "units_1": {"num_layers": (2, 3)},
        "units_2": {"num_layers": (3,)},
    }
    assert {p.base for name, p in found.parameters.items() if name != "num_layers"} == {"units"}
    assert set(found.fill({"num_layers": 2})) == {"units_0", "units_1", "num_layers"}


def test_per_layer_with_a_held_number_of_layers_has_no_condition() -> None:
    found = space("  num_layers: 2\n  units: {type: int, min_value: 8, max_value: 16, per: layer}\n")
    assert found.defaults() == {"num_layers": 2, "units_0": 8, "units_1": 8}


def test_per_layer_follows_every_number_of_a_wide_log_range() -> None:
    found = space("""
  num_layers: {type: int, min_value: 1, max_value: 16, sampling: log}
  units: {type: int, min_value: 8, max_value: 16, per: layer}
""")
    assert found.parameters["units_15"].when == {"num_layers": (16,)}
    assert found.parameters["units_1"].when == {"num_layers": tuple(range(2, 17))}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_one_layer_by_its_own_name(order: tuple[int, int]) -> None:
    lines = ["  units: {type: int, min_value: 8, max_value: 16, per: layer}", "  units_1: 64"]
    found = space("  num_layers: 2\n" + "\n".join(lines[i] for i in order))
    assert found.defaults() == {"num_layers": 2, "units_0": 8, "units_1": 64}


def test_conditions_chain_and_join() -> None:
    found = space("""
  merge_mode: {type: choice, values: [sum, ave], when: {bidirectional: true, num_layers: [2, 3]}}
  num_layers: {type: int, min_value: 1, max_value: 3, when: {ema: true}}
  bidirectional: {type: bool}
  ema: {type: bool, default: true}
""")
    names = list(found.parameters)
    assert names.index("ema") < names.index("num_layers") < names.index("merge_mode")
    assert "merge_mode" not in found.fill({"bidirectional": True, "num_layers": 1})
    assert "merge_mode" in found.fill({"bidirectional": True, "num_layers": 2})
    assert "merge_mode" not in found.fill({"bidirectional": True, "num_layers": 2, "ema": False})


def test_a_held_value_can_have_a_condition() -> None:
    found = space("  bidirectional: {type: bool}\n  merge_mode: {value: sum, when: {bidirectional: true}}\n")
    assert found.fill({"bidirectional": True}) == {"bidirectional": True, "merge_mode": "sum"}
    assert found.fill({}) == {"bidirectional": False}


def test_own_parameters_override_included_ones() -> None:
    found = loads("""
task: classification
include: [training, front_end]
parameters:
  optimizer: {type: choice, values: [adam, rmsprop]}
  learning_rate: 0.01
  conv_filters: 48
""").parameters
    assert found["optimizer"].values == ("adam", "rmsprop")
    assert found["learning_rate"].kind == "fixed"
    assert found["schedule"].kind == "choice"
    assert found["conv_filters"] == Parameter(
        "conv_filters", "fixed", 48, when={"front_end": ("cnn1d", "fcn")}, base="conv_filters"
    )


def test_a_narrowed_parent_narrows_or_drops_included_children() -> None:
    found = loads("""
task: classification
include: [front_end]
parameters: {front_end: {type: choice, values: [none, fcn]}}
""").parameters
    assert "conv_stride" not in found
    assert found["conv_filters"].when == {"front_end": ("fcn",)}
    held = loads("task: classification\ninclude: [front_end]\nparameters: {front_end: none}")
    assert list(held.parameters) == ["front_end"]


def test_a_held_child_keeps_what_is_left_of_its_conditions() -> None:
    narrowed = "front_end: {type: choice, values: [none, fcn]}"
    found = loads(
        f"task: classification\ninclude: [front_end]\nparameters: {{{narrowed}, conv_filters: 48}}"
    ).parameters
    assert found["conv_filters"].when == {"front_end": ("fcn",)}


def test_layers_beyond_the_first_need_a_number_of_layers_that_is_there() -> None:
    found = space("""
  ema: {type: bool}
  num_layers: {value: 2, when: {ema: true}}
  units: {type: int, min_value: 8, max_value: 16, per: layer}
""")
    assert found.defaults() == {"ema": False, "units_0": 8}, "without num_layers there is one layer"
    assert set(found.fill({"ema": True})) == {"ema", "num_layers", "units_0", "units_1"}


def test_a_space_can_include_a_space_and_own_blocks(tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "mine.yaml").write_text("parameters: {units: 24}\n")
    (tmp_path / "blocks" / "training.yaml").write_text("parameters: {optimizer: rmsprop}\n")
    file = tmp_path / "small.yaml"
    file.write_text("task: classification\ninclude: [classification, mine]\nparameters: {num_layers: 1}\n")
    found = load(file)
    assert found.name == "small"
    assert (found.defaults()["units"], found.defaults()["num_layers"]) == (24, 1)
    assert found.parameters["optimizer"].kind == "choice", "a shipped space takes the shipped blocks"
    file.write_text("task: classification\ninclude: [training]\nparameters: {}\n")
    assert load(file).defaults() == {"optimizer": "rmsprop"}


def test_an_own_file_may_bear_the_name_of_the_space_it_includes(tmp_path: Path) -> None:
    file = tmp_path / "classification.yaml"
    file.write_text("task: classification\ninclude: [classification]\nparameters: {units: 24}\n")
    assert load(file).defaults()["units"] == 24


def test_a_block_included_by_two_ways_is_no_circle(tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    for name in "ab":
        (tmp_path / "blocks" / f"{name}.yaml").write_text(f"include: [training]\nparameters: {{ema: {name == 'a'}}}\n")
    file = tmp_path / "x.yaml"
    file.write_text("task: classification\ninclude: [a, b]\n")
    assert load(file).parameters["ema"].default is False


def test_a_bom_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbftask: classification\r\nparameters:\r\n  units: 24\r\n")
    assert load(file).defaults() == {"units": 24}


def test_the_example_on_the_grammar_page_loads() -> None:
    text = (catalog.shipped() / "README.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    found = loads(example)
    assert {"units_0", "pooling", "conv_filters"} <= set(found.parameters)
    assert found.defaults()["batch_size"] == 16


def test_the_grammar_page_names_every_parameter() -> None:
    from lstm_automl.spaces.vocabulary import VOCABULARY

    text = (catalog.shipped() / "README.md").read_text()
    listed = set(re.findall(r"\w+", text.split("## The parameters")[1]))
    assert set(VOCABULARY) <= listed
