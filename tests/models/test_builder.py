"""The network builder: shapes, seeds, dtypes, refusals, and a file that needs Keras alone."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from lstm_automl.errors import LstmAutomlError, UnknownNameError, UsageError
from lstm_automl.models.builder import build
from lstm_automl.models.inputs import InputSpec
from lstm_automl.tasks.task import HeadSpec
from lstm_automl.testing import network as n

LABEL = HeadSpec("label", 3, "crossentropy")
VALUE = HeadSpec("value", 2, "mse")
AHEAD = HeadSpec("horizon", 2, "mse", horizon=4, options={"target_channels": (0, 2), "known_channels": (1,)})
EVERYTHING: dict[str, Any] = {
    "num_layers": 2, "units_0": 6, "units_1": 3, "bidirectional": True, "dropout": 0.2, "recurrent_dropout": 0.1,
    "front_end": "cnn1d", "conv_filters": 4, "conv_stride": 2, "pooling": "mean_max", "difference": True,
}  # fmt: skip


def test_absent_values_are_the_neutral_ones() -> None:
    model = build(InputSpec(3), LABEL, {}, seed=0)
    lstm = model.get_layer("recurrent_0")
    assert isinstance(lstm, keras.layers.LSTM)
    assert (lstm.units, lstm.dropout, lstm.recurrent_dropout) == (64, 0.0, 0.0)
    assert model.count_params() == 4 * (64 * (64 + 3) + 64) + 64 * 3 + 3


def test_units_and_dropout_of_each_layer() -> None:
    values = {
        "num_layers": 2,
        "units_0": 6,
        "units_1": 3,
        "dropout_0": 0.1,
        "dropout_1": 0.3,
        "recurrent_dropout": 0.25,
    }
    model = build(InputSpec(3), LABEL, values, seed=0)
    layers = [model.get_layer(f"recurrent_{i}") for i in (0, 1)]
    assert [layer.units for layer in layers] == [6, 3]
    # The rate of a layer is on its output: between the layers, and before the head. Data is not dropped.
    assert [layer.dropout for layer in layers] == [0.0, 0.1]
    assert model.get_layer("head_dropout").rate == 0.3
    assert [layer.recurrent_dropout for layer in layers] == [0.25, 0.25]


def test_features_of_a_front_end_are_dropped_out() -> None:
    model = build(InputSpec(3), LABEL, {"front_end": "cnn1d", "dropout": 0.3}, seed=0)
    assert model.get_layer("recurrent_0").dropout == 0.3


def test_the_top_layer_keeps_sequences_only_where_pooling_needs_them() -> None:
    tops = {p: build(InputSpec(3), LABEL, {"pooling": p, "units": 4}, seed=0) for p in ("last", "mean")}
    assert {p: m.get_layer("recurrent_0").return_sequences for p, m in tops.items()} == {"last": False, "mean": True}


def test_no_mask_in_the_spec_no_mask_in_the_network() -> None:
    model = build(InputSpec(3, mask=False), LABEL, EVERYTHING, seed=0)
    assert set(model.input) == {"x"}
    assert not [op for op in model.operations if "mask" in op.name or "take_along" in op.name]


@pytest.mark.parametrize(("spec", "head"), [(InputSpec(3), VALUE), (InputSpec(3, static=2, known=1), AHEAD)])
def test_equal_seed_equal_weights(spec: InputSpec, head: HeadSpec) -> None:
    n.check_repeats(lambda: build(spec, head, EVERYTHING, seed=5))
    weights = [build(spec, head, EVERYTHING, seed=s).get_weights() for s in (5, 6)]
    matrices = [(a, b) for a, b in zip(*weights, strict=True) if a.ndim > 1]
    assert all(not np.array_equal(a, b) for a, b in matrices)


def test_the_builder_leaves_global_state_alone() -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    build(InputSpec(3, dtype="float64"), LABEL, {"units": 4}, seed=5)
    assert random.random() == expected
    assert keras.config.dtype_policy().name == "float32"


def test_weights_and_outputs_in_double_precision() -> None:
    spec = InputSpec(3, static=1, known=1, dtype="float64")
    values = {**EVERYTHING, "normalization": "instance", "channel_independent": True, "patch": 3}
    model = build(spec, AHEAD, values, seed=0)
    assert {v.dtype for v in model.trainable_variables} == {"float64"}
    assert n.run(model, n.ragged(spec, horizon=4)).dtype == np.float64


@pytest.mark.parametrize(
    ("head", "values", "kind", "words"),
    [
        (
            HeadSpec("label", 2, "crossentropy", causal=True), {"bidirectional": True}, UsageError,
            ("bidirectional", "causal", "later steps"),
        ),
        (LABEL, {"num_layers": 0}, UsageError, ("num_layers is 0",)),
        (LABEL, {"cell": "lstn"}, UnknownNameError, ("unknown cell 'lstn'", "did you mean 'lstm'")),
        (LABEL, {"front_end": "cnn"}, UnknownNameError, ("unknown front end 'cnn'", "did you mean 'cnn1d'")),
        (LABEL, {"pooling": "avg"}, UnknownNameError, ("unknown pooling 'avg'", "mean_max")),
        (LABEL, {"bidirectional": True, "merge_mode": "add"}, UnknownNameError, ("unknown merge_mode 'add'", "ave")),
        (AHEAD, {"normalization": "revin"}, UnknownNameError, ("unknown normalization 'revin'", "instance")),
        (AHEAD, {"linear_skip": True}, UsageError, ("linear_skip", "set window")),
        (HeadSpec("softmax", 2, "crossentropy"), {}, UnknownNameError, ("unknown head 'softmax'", "label")),
        (
            HeadSpec("horizon", 2, "mse", horizon=2, options={"target_channels": (0,)}), {}, UsageError,
            ("2 outputs for 1 target channels",),
        ),
    ],
)  # fmt: skip
def test_refusals(head: HeadSpec, values: dict[str, Any], kind: type[LstmAutomlError], words: tuple[str, ...]) -> None:
    with pytest.raises(kind) as caught:
        build(InputSpec(3), head, values, seed=0)
    assert all(word in str(caught.value) for word in words)
    assert caught.value.exit_code == 2


READER = """
import sys, numpy as np, keras
for folder in sys.argv[1:]:
    model = keras.saving.load_model(f"{folder}/model.keras", safe_mode=True)
    batch = dict(np.load(f"{folder}/batch.npz"))
    expected = batch.pop("expected")
    np.testing.assert_allclose(model.predict(batch, verbose=0), expected, atol=1e-6)
assert "lstm_automl" not in sys.modules
"""


def test_the_file_needs_keras_alone(tmp_path: Path) -> None:
    forecast = {"normalization": "instance", "channel_independent": True, "patch": 4, "difference": True}
    skip = {"normalization": "last", "linear_skip": True, "units": 4}
    cases: list[tuple[InputSpec, HeadSpec, dict[str, Any]]] = [
        (InputSpec(3, static=2), LABEL, EVERYTHING),
        (InputSpec(3), VALUE, {"front_end": "fcn", "cell": "gru", "pooling": "max", "conv_filters": 3}),
        (InputSpec(3, known=1), AHEAD, {**EVERYTHING, **forecast}),
        (InputSpec(3, length=12, mask=False), AHEAD, skip),
    ]
    folders = []
    for i, (spec, head, values) in enumerate(cases):
        folder = tmp_path / str(i)
        folder.mkdir()
        model = build(spec, head, values, seed=2)
        batch = n.ragged(spec, horizon=head.horizon)
        model.save(folder / "model.keras")
        np.savez(folder / "batch.npz", allow_pickle=False, expected=n.run(model, batch), **batch)
        folders.append(str(folder))
    done = subprocess.run(
        [sys.executable, "-I", "-c", READER, *folders], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
