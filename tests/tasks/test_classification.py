"""Classification: classes, fields, parts and bad input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lstm_automl.data.combine import take
from lstm_automl.data.frame import Frame
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.errors import DataError
from lstm_automl.tasks.classification import Classification, ClassificationOptions
from lstm_automl.tasks.task import State

TASK, OPTIONS = Classification(), ClassificationOptions()
MASKED = ClassificationOptions(allow_nan=True)


@pytest.fixture
def demo() -> Sequences:
    return TASK.demo()[0]


def test_integer_labels_come_back_as_integers(demo: Sequences) -> None:
    data = replace(demo, targets=np.arange(len(demo)) % 3 + 7)
    prepared = TASK.prepare(Parts(data), OPTIONS)
    assert prepared.frame.info["classes"] == [7, 8, 9]
    state = TASK.fit_state(prepared.frame, prepared.split.refit, OPTIONS)
    table = TASK.decode(prepared.frame, np.arange(2), np.array([[0.1, 0.8, 0.1], [0.2, 0.1, 0.7]]), state)
    assert table["prediction"].tolist() == [8, 9]
    assert table["prediction"].dtype.kind == "i"
    assert list(table) == ["prediction", "proba_7", "proba_8", "proba_9"]


def test_a_file_without_any_known_label_is_refused(demo: Sequences) -> None:
    test = replace(demo, targets=np.where(np.arange(len(demo)) % 2, "No", "Yes"), source="b.csv")
    for parts in (Parts(demo, None, test), Parts(demo, test)):
        with pytest.raises(DataError, match=r"b\.csv: none of its labels \(No, Yes\) is a class of training \(.*\)"):
            TASK.prepare(parts, OPTIONS)
    info = TASK.prepare(Parts(demo), OPTIONS).frame.info
    with pytest.raises(DataError, match=r"b\.csv: none of its labels"):
        TASK.labelled_frame(test, OPTIONS, info)
    assert len(TASK.frame(test, OPTIONS, info)) == len(demo)  # to be predicted, whatever it calls them
    assert len(TASK.labelled_frame(demo, OPTIONS, info)) == len(demo)


def test_a_training_part_of_one_class_is_refused(demo: Sequences) -> None:
    sorted_by_label = take(demo, np.argsort(demo.targets, kind="stable"))
    with pytest.raises(DataError, match=r"every label of the training part is .*; without --split, --valid and"):
        TASK.prepare(Parts(sorted_by_label), OPTIONS, sizes=(50, 100))


@pytest.mark.parametrize("labels", [2, 3])
def test_folds_in_which_nothing_can_be_learnt_are_refused(demo: Sequences, labels: int) -> None:
    targets = np.array([f"class {i % labels}" for i in range(len(demo))])
    data = replace(demo, targets=targets, groups=targets)
    test = take(data, np.arange(9))
    with pytest.raises(DataError, match=r"two classes to learn and one of them to validate on; a class needs more gr"):
        TASK.prepare(Parts(data, None, test), OPTIONS)
    pair = replace(take(data, np.arange(2)), groups=None)
    with pytest.raises(DataError, match=r"one of them to validate on; more sequences a class are needed"):
        TASK.prepare(Parts(pair, None, test), OPTIONS)
    halves = np.array([f"{label}{i < 100}" for i, label in enumerate(targets)])
    assert len(TASK.prepare(Parts(replace(data, groups=halves), None, test), OPTIONS).split.folds) > 1


def test_a_label_of_the_test_file_alone_is_wrong_and_no_class(demo: Sequences) -> None:
    test = replace(demo, targets=np.where(np.arange(len(demo)) == 0, "new", demo.targets), source="test.csv")
    prepared = TASK.prepare(Parts(demo, None, test), OPTIONS)
    assert prepared.frame.info["classes"] == ["left", "right", "still"]
    codes = prepared.frame.fields["y"].values[prepared.split.test]
    assert (codes == -1).tolist() == [True] + [False] * (len(demo) - 1)
    state = TASK.fit_state(prepared.frame, prepared.split.refit, OPTIONS)
    right = np.eye(3)[np.maximum(codes, 0)]
    assert TASK.score(prepared.frame, prepared.split.test, right, state)["accuracy"] == 1 - 1 / len(demo)


def test_a_label_of_the_validation_file_alone_is_a_class(demo: Sequences) -> None:
    valid = replace(take(demo, np.arange(4)), targets=np.array(["a", "left", "left", "left"]))
    prepared = TASK.prepare(Parts(demo, valid, valid), OPTIONS)
    assert prepared.frame.info["classes"] == ["a", "left", "right", "still"]
    assert prepared.frame.fields["y"].values.min() == 0


def test_every_kind_of_column_becomes_a_field(rich: Sequences) -> None:
    frame = TASK.prepare(Parts(rich), MASKED).frame
    assert frame.info["indicators"] == [1]
    assert frame.info["vocabulary"] == {"mode": ["off", "on"], "site": ["north", "south", "west"]}
    x, static = frame.fields["x"].values, frame.fields["static"].values
    assert x.shape == (len(rich.values), 2 + 2 + 1)
    assert np.array_equal(x[:, 4], np.isnan(rich.values[:, 1]))
    assert np.array_equal(x[:, 3], rich.categories["mode"] == "on")
    assert static.shape == (60, 4)
    assert np.array_equal(static[:, 1], rich.categories["site"] == "north")
    assert np.array_equal(frame.fields["weight"].values, rich.weights)


def test_only_numbers_are_scaled(rich: Sequences) -> None:
    prepared = TASK.prepare(Parts(rich), MASKED)
    arrays = TASK.fit_state(prepared.frame, prepared.split.refit, MASKED).arrays
    assert arrays["x_mean"][2:].tolist() == [0, 0, 0]
    assert arrays["x_std"][2:].tolist() == [1, 1, 1]
    assert arrays["x_mean"][1] == pytest.approx(100, abs=10)
    assert arrays["static_mean"][0] == pytest.approx(40, abs=3)
    assert arrays["static_std"][1:].tolist() == [1, 1, 1]


def test_facts_come_from_training_alone(rich: Sequences) -> None:
    test = replace(rich, categories={**rich.categories, "site": np.full(60, "east")}, source="test.csv")
    info = TASK.prepare(Parts(rich, None, test), MASKED).frame.info
    assert info["vocabulary"]["site"] == ["north", "south", "west"]
    whole = replace(rich, values=np.nan_to_num(rich.values))
    assert TASK.prepare(Parts(whole, None, test), MASKED).frame.info["indicators"] == []


def test_what_the_training_part_never_saw_is_unknown_to_its_model(rich: Sequences) -> None:
    train = take(replace(rich, values=np.nan_to_num(rich.values, nan=100.0)), np.arange(40))
    valid = replace(rich, categories={"mode": np.full(len(rich.values), "idle"), "site": np.full(60, "east")})
    prepared = TASK.prepare(Parts(train, valid, train), MASKED)
    frame, fold = prepared.frame, prepared.split.folds[0]
    assert frame.info["vocabulary"] == {"mode": ["idle", "off", "on"], "site": ["east", "north", "south", "west"]}
    state = TASK.fit_state(frame, fold.train, MASKED)
    seen = steps_of(frame, "x", state)
    assert np.abs(seen[train.offsets[-1] :, [2, 5]]).max() < 1e-20  # "mode" is idle, "b" was missing
    assert np.array_equal(seen[: train.offsets[-1], 3], train.categories["mode"] == "off")
    assert np.abs(steps_of(frame, "static", state)[40:100, 1]).max() < 1e-20
    final = TASK.fit_state(frame, prepared.split.refit, MASKED)
    assert steps_of(frame, "x", final)[train.offsets[-1] :, 2].max() == 1


def steps_of(frame: Frame, name: str, state: State) -> np.ndarray:
    """A field as the network sees it."""
    values = np.asarray(frame.fields[name].values, np.float64)
    return (values - state.arrays[f"{name}_mean"]) / state.arrays[f"{name}_std"]


def test_the_data_type_stays(demo: Sequences) -> None:
    for dtype in (np.float32, np.float64):
        frame = TASK.prepare(Parts(replace(demo, values=demo.values.astype(dtype))), OPTIONS).frame
        assert frame.fields["x"].values.dtype == dtype


def test_balanced_weights_give_each_class_the_same_sum(demo: Sequences) -> None:
    options = ClassificationOptions(class_weight="balanced")
    data = replace(demo, targets=np.array(["rare", "often"])[(np.arange(len(demo)) % 10 > 0).astype(int)])
    prepared = TASK.prepare(Parts(data), options)
    train = prepared.split.folds[0].train
    weight = TASK.fit_state(prepared.frame, train, options).arrays["class_weight"]
    sums = weight * np.bincount(prepared.frame.fields["y"].values[train])
    assert sums == pytest.approx([len(train) / 2] * 2)
    assert "class_weight" not in TASK.fit_state(prepared.frame, train, OPTIONS).arrays


def test_weights_of_the_training_file_alone_are_kept(demo: Sequences) -> None:
    weighted = replace(demo, weights=np.arange(len(demo)) + 2.0)
    frame = TASK.prepare(Parts(weighted, None, demo), OPTIONS).frame
    assert frame.fields["weight"].values.tolist() == [*weighted.weights, *np.ones(len(demo))]


def test_one_class_is_refused(demo: Sequences) -> None:
    with pytest.raises(DataError, match="every label is left; at least two classes are needed"):
        TASK.prepare(Parts(replace(demo, targets=np.full(len(demo), "left"))), OPTIONS)


def test_values_that_cannot_be_used_are_named(rich: Sequences) -> None:
    with pytest.raises(DataError, match=r"set.csv: sequence s0, step 0, channel 'b'.*--allow-nan"):
        TASK.prepare(Parts(rich), OPTIONS)
    values = np.nan_to_num(rich.values)
    values[0, 0] = np.inf
    with pytest.raises(DataError, match="sequence s0, step 0, channel 'a'"):
        TASK.prepare(Parts(replace(rich, values=values)), MASKED)
    static = np.full((60, 1), np.nan)
    with pytest.raises(DataError, match="sequence s0, static column 'age'"):
        TASK.prepare(Parts(replace(rich, values=np.nan_to_num(rich.values), static=static)), OPTIONS)


def test_a_missing_category_is_named_or_masked(rich: Sequences) -> None:
    whole = replace(rich, values=np.nan_to_num(rich.values))
    info = TASK.prepare(Parts(whole), OPTIONS).frame.info
    for name, at, place in (("mode", whole.offsets[2] + 1, "2, step 1, categorical"), ("site", 3, "3, static")):
        column = whole.categories[name].copy()
        column[at] = ""
        spoilt = replace(whole, categories={**whole.categories, name: column})
        with pytest.raises(DataError, match=f"sequence s{place} column '{name}': missing value; --allow-nan"):
            TASK.frame(spoilt, OPTIONS, info)
        assert len(TASK.frame(spoilt, MASKED, info)) == len(whole)


def test_other_channels_than_those_of_training_are_named(demo: Sequences) -> None:
    info = TASK.prepare(Parts(demo), OPTIONS).frame.info
    other = replace(demo, channels=("sensor_0", "sensor_1", "pressure"))
    with pytest.raises(DataError, match=r"pressure; the model was trained on sensor_0, sensor_1, sensor_2"):
        TASK.frame(other, OPTIONS, info)


def test_unlabelled_data_is_framed_but_not_scored(demo: Sequences) -> None:
    prepared = TASK.prepare(Parts(demo), OPTIONS)
    some = np.array([None, *demo.targets[1:]], dtype=object)
    assert "y" not in TASK.frame(replace(demo, targets=some), OPTIONS, prepared.frame.info).fields
    frame = TASK.frame(replace(demo, targets=None), OPTIONS, prepared.frame.info)
    state = TASK.fit_state(prepared.frame, prepared.split.refit, OPTIONS)
    with pytest.raises(DataError, match="without labels"):
        TASK.score(frame, np.arange(3), np.full((3, 3), 1 / 3), state)


def test_a_file_goes_all_the_way(tmp_path: Path) -> None:
    lines = ["run,t,speed,load,label"]
    for run in range(12):
        lines += [f"r{run},{t},{run % 2 + t / 10},{t},{'up' if run % 2 else 'down'}" for t in range(3 + run % 4)]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(lines))
    options = ClassificationOptions(id="run", time="t")
    prepared = TASK.prepare(Parts(TASK.read(path, options)), options)
    assert len(prepared.frame) == 12
    assert prepared.frame.info["classes"] == ["down", "up"]
    assert prepared.frame.info["channels"] == ["speed", "load"]
    assert len(prepared.split.folds) == 5


def test_the_example_is_a_file_that_can_be_read(tmp_path: Path) -> None:
    wide, long, _ = (block for block in TASK.example().split("\n\n") if "    " in block)
    for name, block, options in (
        ("wide.csv", wide, OPTIONS),
        ("long.csv", long, ClassificationOptions(id="run", time="t")),
    ):
        (tmp_path / name).write_text("\n".join(line[4:] for line in block.splitlines() if line.startswith("    ")))
        assert len(TASK.read(tmp_path / name, options)) == 2
