"""Every mistake of a file is reported, once, where it is, with what was meant."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from lstm_automl.errors import Mistake, SpaceError
from lstm_automl.spaces import loader
from lstm_automl.spaces.document import DEPTH_LIMIT, SIZE_LIMIT

HEAD = "task: classification\nparameters:\n"


class Expected(NamedTuple):
    """A file and the whole message it gets."""

    text: str
    message: str


def wrong(text: str) -> str:
    """The message this text gets."""
    with pytest.raises(SpaceError) as caught:
        loader.loads(text, source="s.yaml")
    return str(caught.value)


def wrong_file(content: bytes, folder: Path) -> str:
    """The message a file of this content gets, paths from ``folder`` on."""
    file = folder / "s.yaml"
    file.write_bytes(content)
    with pytest.raises(SpaceError) as caught:
        loader.load(file)
    return str(caught.value).replace(f"{folder}/", "")


ALL = (
    "augment, batch_size, bidirectional, cell, clipnorm, conv_filters, conv_kernel, conv_layers, conv_stride, "
    "difference, dropout, ema, front_end, label_smoothing, learning_rate, merge_mode, num_layers, optimizer, pooling, "
    "recurrent_dropout, schedule, units, weight_decay"
)

FILES = {
    "empty": Expected("", "s.yaml: empty; expected `task:` and `parameters:`"),
    "only a comment": Expected("# nothing\n", "s.yaml: empty; expected `task:` and `parameters:`"),
    "text": Expected("hello", "s.yaml:1:1: expected a mapping with `task:` and `parameters:` at the top"),
    "list at top": Expected("- a\n", "s.yaml:1:1: expected a mapping with `task:` and `parameters:` at the top"),
    "another file": Expected(
        "services: {web: 1}\n", "s.yaml:1:1: none of `task:`, `include:`, `parameters:` is in it: not a search space"
    ),
    "not YAML": Expected("task: [}", "s.yaml:1:8: not YAML: expected the node content, but found '}'"),
    "NUL": Expected("task: \x00", "s.yaml: not YAML: it holds characters that no text has"),
    "tabs": Expected(
        "task: classification\nparameters:\n\tunits: 3\n\tema: true\n",
        "s.yaml:3:1: a tab in the indentation; YAML takes spaces only\n"
        "s.yaml:4:1: a tab in the indentation; YAML takes spaces only",
    ),
    "tab behind a key": Expected("task:\tx", "s.yaml:1:6: not YAML: a tab where YAML takes spaces only"),
    "duplicate key": Expected(HEAD + "  units: 3\n  units: 4\n", "s.yaml:4:3: duplicate key 'units'; first on line 3"),
    "python object": Expected(
        HEAD + "  units: !!python/object/apply:os.system [x]\n",
        "s.yaml:3:10: tag `tag:yaml.org,2002:python/object/apply:os.system`; a space holds plain values only",
    ),
    "python task": Expected(
        "task: !!python/name:os.system\nparameters: {ema: true}",
        "s.yaml:1:7: tag `tag:yaml.org,2002:python/name:os.system`; a space holds plain values only",
    ),
    "alias": Expected(
        HEAD + "  ema: &a true\n  difference: *a\n",
        "s.yaml:4:15: alias `*a`; write it out, or share it by `include`",
    ),
    "two documents": Expected(
        "task: classification\n---\ntask: regression\n",
        "s.yaml:2:1: a second document (`---`); a space is one document",
    ),
    "a key that is a list": Expected(HEAD + "  ? [a]\n  : 1\n", "s.yaml:3:5: a key must be a name"),
    "no number": Expected(HEAD + "  units: !!int x\n", "s.yaml:3:10: 'x' is not a value YAML can read"),
    "unknown task": Expected(
        "task: classificaton\nparameters: {ema: 1}",
        "s.yaml:1:7: unknown task 'classificaton'; did you mean 'classification'? "
        "(valid: classification, forecasting, regression)\n"
        "s.yaml:2:19: ema: 1 is not true or false",
    ),
    "no task": Expected("parameters: {ema: true}", "s.yaml: missing `task:`"),
    "misspelt key": Expected(
        "task: classification\nparametres: {}\n",
        "s.yaml:2:1: unknown key 'parametres'; did you mean 'parameters'? (valid: first, include, parameters, task)",
    ),
    "wrong kinds at the top": Expected(
        "task: 3\ninclude: recurrent\nparameters: [units]\n",
        "s.yaml:1:7: 3 is not a name\n"
        "s.yaml:2:10: 'recurrent' is not a list of names, such as [recurrent, training]\n"
        "s.yaml:3:13: a list is not a mapping of names to values",
    ),
    "includes": Expected(
        "task: classification\ninclude: [recurent, 3, ../x, training, training]\n",
        "s.yaml:2:11: unknown block 'recurent'; did you mean 'recurrent'? "
        "(valid: classification, forecasting, front_end, pooling, recurrent, regression, training)\n"
        "s.yaml:2:21: 3 is not a name\n"
        "s.yaml:2:24: '../x' is not the name of a block: letters, digits, - and _\n"
        "s.yaml:2:40: 'training' is included twice",
    ),
}

PARAMETERS = {
    "unknown key": Expected(
        "units: {type: int, min_value: 1, max_value: 3, maxvalue: 1}",
        "3:50: unknown key 'maxvalue'; did you mean 'max_value'? "
        "(valid: default, max_value, min_value, per, sampling, step, type, when)",
    ),
    "unknown key, and more": Expected(
        "units: {type: int, min_value: 3, max_value: 1, defalt: 1}",
        "3:33: min_value 3 is above max_value 1\n"
        "3:50: unknown key 'defalt'; did you mean 'default'? "
        "(valid: default, max_value, min_value, per, sampling, step, type, when)",
    ),
    "misspelt type": Expected(
        "ema: {type: bol}", "3:15: 'bol' is no type; did you mean 'bool'? (valid: bool, choice, float, int)"
    ),
    "type of another kind": Expected("ema: {type: [bool]}", "3:15: this is no type (valid: bool, choice, float, int)"),
    "no type": Expected(
        "ema: {default: true}", "3:3: 'ema' needs `type:` (valid: bool, choice, float, int) or `value:`"
    ),
    "no bounds": Expected("units: {type: int}", "3:3: 'units' needs `min_value:`\n3:3: 'units' needs `max_value:`"),
    "no value": Expected("cell:", "3:3: 'cell' has no value; the name that means nothing is written `none`"),
    "null": Expected("cell: null", "3:3: 'cell' has no value; the name that means nothing is written `none`"),
    "list": Expected("units: [16, 32]", "3:10: a list is not a range; write {type: choice, values: [...]}"),
    "min above max": Expected(
        "units: {type: int, min_value: 64, max_value: 16}", "3:33: min_value 64 is above max_value 16"
    ),
    "NaN bound": Expected(
        "dropout: {type: float, min_value: .nan, max_value: 0.5}", "3:37: nan is not a finite number"
    ),
    "inf bound": Expected(
        "learning_rate: {type: float, min_value: 1e-4, max_value: .inf}", "3:60: inf is not a finite number"
    ),
    "a number too long": Expected(
        f"units: {{type: int, min_value: 1, max_value: {'9' * 400}}}",
        "3:47: an integer this long is not a finite number",
    ),
    "text for a bound": Expected(
        "units: {type: int, min_value: '8', max_value: many}", "3:33: '8' is not a number\n3:49: 'many' is not a number"
    ),
    "half for a whole": Expected(
        "units: {type: int, min_value: 8.5, max_value: 16}",
        "3:33: 8.5 is not a whole number, which `type: int` needs",
    ),
    "log with 0": Expected(
        "dropout: {type: float, min_value: 0, max_value: 0.5, sampling: log}",
        "3:37: log sampling needs min_value above 0, not 0",
    ),
    "log with step": Expected(
        "units: {type: int, min_value: 8, max_value: 32, sampling: log, step: 8}",
        "3:72: step does not go with log sampling; list the values as a choice",
    ),
    "misspelt sampling": Expected(
        "units: {type: int, min_value: 8, max_value: 32, sampling: lgo}",
        "3:61: 'lgo' is not known here; did you mean 'log'? (valid: linear, log)",
    ),
    "step 0": Expected("units: {type: int, min_value: 8, max_value: 16, step: 0}", "3:57: step 0 is not above 0"),
    "negative step": Expected(
        "dropout: {type: float, min_value: 0, max_value: 0.5, step: -0.1}", "3:62: step -0.1 is not above 0"
    ),
    "long step": Expected(
        "units: {type: int, min_value: 8, max_value: 16, step: 9}", "3:57: step 9 is longer than the range 8 .. 16"
    ),
    "default outside": Expected(
        "units: {type: int, min_value: 8, max_value: 16, default: 32}", "3:60: default 32 is outside 8 .. 16"
    ),
    "default off the grid": Expected(
        "units: {type: int, min_value: 8, max_value: 32, step: 8, default: 20}",
        "3:69: default 20 is not 8 plus a multiple of step 8",
    ),
    "default not listed": Expected(
        "cell: {type: choice, values: [lstm, gru], default: gur}",
        "3:54: default 'gur' is not one of the values; did you mean 'gru'? (valid: gru, lstm)",
    ),
    "default of a bool": Expected("ema: {type: bool, default: 1}", "3:30: 1 is not true or false"),
    "empty choice": Expected("cell: {type: choice, values: []}", "3:32: an empty choice; list at least one value"),
    "choice of no list": Expected(
        "cell: {type: choice, values: lstm}", "3:32: 'lstm' is not a list of values, such as [1, 2, 4]"
    ),
    "mixed types": Expected(
        "clipnorm: {type: choice, values: [1, adam, true]}",
        "3:36: values of different types: 1, 'adam', true (booleans, names, numbers)",
    ),
    "listed twice": Expected("clipnorm: {type: choice, values: [1, 5, 1.0]}", "3:43: 1 is listed twice"),
    "nested choice": Expected("clipnorm: {type: choice, values: [1, [5]]}", "3:40: a list is not a single value"),
    "impossible values": Expected(
        "units: {type: choice, values: [0, 16]}", "3:34: units: 0 is not a whole number from 1 to 8192"
    ),
    "dropout of 2": Expected(
        "dropout: {type: float, min_value: 0, max_value: 2}",
        "3:51: dropout: 2 is not a number from 0 to below 1",
    ),
    "misspelt name": Expected(
        "optimizer: {type: choice, values: [adm, nadam]}",
        "3:38: optimizer: 'adm' is not a name it knows; did you mean 'adam'? (valid: adam, nadam, rmsprop)",
    ),
    "float for whole": Expected(
        "units: {type: float, min_value: 8, max_value: 16}",
        "3:17: units is a whole number from 1 to 8192: `type: int` or `type: choice`, not `type: float`",
    ),
    "int for bool": Expected(
        "ema: {type: int, min_value: 0, max_value: 1}",
        "3:15: ema is true or false: `type: bool` or `type: choice`, not `type: int`",
    ),
    "unknown parameter": Expected("unts: 3", f"3:3: unknown parameter 'unts'; did you mean 'units'? (valid: {ALL})"),
    "parameter of another task": Expected(
        "patch: 8", "3:3: nothing in a space for classification reads 'patch' (read by task forecasting)"
    ),
    "unread": Expected(
        "conv_filters: 8", "3:3: nothing in this space reads 'conv_filters' (read by front_end cnn1d, fcn)"
    ),
    "read at times": Expected(
        "conv_stride: {type: choice, values: [1, 2]}\n  front_end: {type: choice, values: [none, cnn1d, fcn]}",
        "3:3: 'conv_stride' does nothing where front_end is none, fcn: add `when: {front_end: [cnn1d]}`",
    ),
    "no merge without two directions": Expected(
        "merge_mode: {type: choice, values: [sum, ave]}",
        "3:3: 'merge_mode' does nothing where bidirectional is false: put 'bidirectional' into the space, or remove it",
    ),
    "unknown parent": Expected(
        "merge_mode: {type: choice, values: [sum, ave], when: {bidirectionl: true}}\n  bidirectional: true",
        "3:57: unknown parent 'bidirectionl'; did you mean 'bidirectional'? (valid: bidirectional)",
    ),
    "a value the parent cannot take": Expected(
        "merge_mode: {type: choice, values: [sum, ave], when: {bidirectional: yes}}\n  bidirectional: {type: bool}",
        "3:72: 'bidirectional' cannot be 'yes' (valid: false, true)",
    ),
    "a choice the parent has not": Expected(
        "front_end: {type: choice, values: [none, cnn1d]}\n  conv_kernel: {value: 3, when: {front_end: [cnn1d, cn1d]}}",
        "4:53: 'front_end' cannot be 'cn1d'; did you mean 'cnn1d'? (valid: cnn1d, none)",
    ),
    "a number the parent has not": Expected(
        "num_layers: {type: int, min_value: 1, max_value: 3}\n  ema: {type: bool, when: {num_layers: [3, 4]}}",
        "4:44: 'num_layers' cannot be 4 (valid: 1 .. 3)",
    ),
    "a condition without values": Expected(
        "ema: true\n  difference: {type: bool, when: {ema: []}}",
        "4:40: an empty list: it could never hold",
    ),
    "a continuous parent": Expected(
        "dropout: {type: float, min_value: 0, max_value: 0.5}\n  ema: {type: bool, when: {dropout: 0}}",
        "4:28: 'dropout' is a continuous number: it cannot be a parent",
    ),
    "a parent of many layers": Expected(
        "num_layers: 2\n  units: {type: int, min_value: 1, max_value: 3, per: layer}\n"
        "  ema: {type: bool, when: {units: 1}}",
        "5:28: 'units' has a value for each layer: it cannot be a parent",
    ),
    "circles": Expected(
        "ema: {type: bool, when: {bidirectional: true}}\n  bidirectional: {type: bool, when: {ema: true}}\n"
        "  difference: {type: bool, when: {difference: true}}",
        "3:21: conditions go in a circle: ema -> bidirectional -> ema\n"
        "5:28: conditions go in a circle: difference -> difference",
    ),
    "never active": Expected(
        "bidirectional: {type: bool}\n  ema: {type: bool, when: {bidirectional: true}}\n"
        "  difference: {type: bool, when: {ema: true, bidirectional: false}}",
        "5:28: 'difference' can never be active: its conditions exclude each other",
    ),
    "per layer, of one for all": Expected(
        "cell: {type: choice, values: [lstm, gru], per: layer}",
        "3:50: 'cell' is one for all layers (per layer: units, dropout, recurrent_dropout)",
    ),
    "misspelt layer": Expected(
        "units: {type: int, min_value: 8, max_value: 16, per: layr}",
        "3:56: 'layr' is not known here; did you mean 'layer'? (valid: layer)",
    ),
    "per layer without layers": Expected(
        "units: {type: int, min_value: 8, max_value: 16, per: layer}",
        "3:56: `per: layer` needs 'num_layers' in the space",
    ),
    "a layer too many": Expected(
        "num_layers: 2\n  units_2: 8", "4:3: there is no layer 2: num_layers is at most 2, and the first layer is 0"
    ),
    "a layer of one for all": Expected(
        "num_layers: 2\n  units: 8\n  units_1: 16",
        "5:3: 'units' is one for all layers here; give it `per: layer` to set 'units_1' by itself",
    ),
}


@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
def test_file(case: Expected) -> None:
    assert wrong(case.text) == case.message


@pytest.mark.parametrize("case", PARAMETERS.values(), ids=PARAMETERS)
def test_parameter(case: Expected) -> None:
    lines = [f"s.yaml:{line}" for line in case.message.splitlines()]
    assert wrong(f"{HEAD}  {case.text}\n") == "\n".join(lines)


def test_all_mistakes_of_a_file_at_once_in_order_of_their_place() -> None:
    message = wrong(
        "tsk: classification\ninclude: [traning]\nparameters:\n  units: 0\n  ema: {type: bool, when: {}, x: 1}\n"
    )
    assert [line.split(": ")[0] for line in message.splitlines()] == [
        "s.yaml", "s.yaml:1:1", "s.yaml:2:11", "s.yaml:4:10", "s.yaml:5:31",
    ]  # fmt: skip


def test_mistakes_can_be_read_one_by_one() -> None:
    with pytest.raises(SpaceError) as caught:
        loader.loads(HEAD + "  units: 0\n", source="s.yaml")
    assert caught.value.mistakes == (Mistake("s.yaml", 3, 10, "units: 0 is not a whole number from 1 to 8192"),)
    assert caught.value.exit_code == 2


def test_ten_megabytes(tmp_path: Path) -> None:
    message = f"s.yaml: larger than {SIZE_LIMIT // 1024} KB: not a search space"
    assert wrong_file(b"#" * 10_000_000, tmp_path) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"task: x\nname: \xe9\n", "s.yaml:2:7: not UTF-8 (byte 0xe9); save it as UTF-8"),
        ("task: x".encode("utf-16"), "s.yaml:1:1: not UTF-8 (byte 0xff); save it as UTF-8"),
        (b"\x89PNG\r\n", "s.yaml:1:1: not UTF-8 (byte 0x89); save it as UTF-8"),
    ],
)
def test_not_utf8(content: bytes, message: str, tmp_path: Path) -> None:
    assert wrong_file(content, tmp_path) == message


def test_anchor_bomb() -> None:
    names = "abcdefghi"
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{n}: &{n} [{', '.join([f'*{m}'] * 9)}]" for m, n in pairwise(names)]
    assert wrong("\n".join(lines)) == "s.yaml:2:8: alias `*a`; write it out, or share it by `include`"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting(opening: str) -> None:
    assert wrong(opening * 5000).endswith(f"more than {DEPTH_LIMIT} levels of nesting")


def test_blocks_are_checked_under_their_own_name(tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "b.yaml").write_text("task: regression\nparameters:\n  units: 0\n  patch: 8\n")
    message = wrong_file(b"task: classification\ninclude: [b]\nparameters: {ema: 1}\n", tmp_path)
    assert message == (
        "s.yaml:3:19: ema: 1 is not true or false\n"
        "blocks/b.yaml:1:7: a space for regression, included in one for classification\n"
        "blocks/b.yaml:3:10: units: 0 is not a whole number from 1 to 8192\n"
        "blocks/b.yaml:4:3: nothing in a space for classification reads 'patch' (read by task forecasting)"
    )


def test_include_circle(tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / "blocks" / f"{name}.yaml").write_text(f"include: [{other}]\nparameters: {{}}\n")
    message = wrong_file(b"task: classification\ninclude: [a]\n", tmp_path)
    assert message == "blocks/b.yaml:1:11: include goes in a circle: a.yaml -> b.yaml -> a.yaml"


def test_a_block_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "b.yaml").write_bytes(b"parameters:\n\tx: 1\n")
    message = wrong_file(b"task: classification\ninclude: [b]\n", tmp_path)
    assert message == "blocks/b.yaml:2:1: a tab in the indentation; YAML takes spaces only"


def test_missing_file_and_directory(tmp_path: Path) -> None:
    for path, problem in ((tmp_path / "no.yaml", "No such file or directory"), (tmp_path, "is a directory")):
        with pytest.raises(SpaceError) as caught:
            loader.load(path)
        assert str(caught.value) == f"{path}: cannot be read: {problem}"


def test_a_space_for_another_task() -> None:
    with pytest.raises(SpaceError) as caught:
        loader.loads("task: regression\nparameters: {}\n", source="s.yaml", task="forecasting")
    assert str(caught.value) == "s.yaml:1:7: a space for regression; this is a search for forecasting"
    assert loader.load("regression", task="regression").task == "regression"


def test_what_is_wrong_in_one_place_hides_nothing_elsewhere() -> None:
    said = wrong(
        "task: clasification\nparameters:\n  unit: 3\n"
        "  units: {type: int, min_value: 64, max_value: 8, sampling: logg, step: x}\n"
    )
    places = [line.partition(" (valid:")[0] for line in said.splitlines()]
    assert places == [
        "s.yaml:1:7: unknown task 'clasification'; did you mean 'classification'?",
        "s.yaml:3:3: unknown parameter 'unit'; did you mean 'units'?",
        "s.yaml:4:33: min_value 64 is above max_value 8",
        "s.yaml:4:61: 'logg' is not known here; did you mean 'log'?",
        "s.yaml:4:73: 'x' is not a number",
    ]
