"""The fused LSTM as a layer of Keras by itself: configuration, files, training with ``fit``, precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from stock_and_fused import SHAPES, assert_same, pair

from lstm_automl.models.kernels.layer import FusedLSTM

RNG = np.random.default_rng(0)
ARGUMENTS: dict[str, Any] = {
    "activation": "tanh", "recurrent_activation": "hard_sigmoid", "use_bias": True, "kernel_initializer": "he_normal",
    "recurrent_initializer": "glorot_uniform", "bias_initializer": "ones", "unit_forget_bias": False,
    "kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_regularizer": "l2", "activity_regularizer": "l1",
    "kernel_constraint": "non_neg", "recurrent_constraint": "unit_norm", "bias_constraint": "max_norm",
    "dropout": 0.2, "recurrent_dropout": 0.3, "seed": 11, "return_sequences": True, "return_state": True,
    "go_backwards": True, "unroll": True, "zero_output_for_mask": True, "name": "own", "dtype": "float64",
}  # fmt: skip


def test_every_argument_comes_back_from_its_config() -> None:
    layer, plain = FusedLSTM(6, right_padded=True, **ARGUMENTS), keras.layers.LSTM(6, **ARGUMENTS)
    config = layer.get_config()
    assert {**plain.get_config(), "right_padded": True} == config
    again = FusedLSTM.from_config(config)
    assert again.get_config() == config
    assert again.cell.get_config() == layer.cell.get_config()
    assert again.right_padded
    assert not again.fused  # for its recurrent activation
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer)).get_config() == config


@pytest.mark.parametrize("name", SHAPES)
def test_its_config_and_weights_make_a_stock_layer_of_equal_results(name: str) -> None:
    steps, features, units = SHAPES[name]
    x = RNG.normal(size=(3, steps, features)).astype("float32")
    fused = FusedLSTM(units, right_padded=True, return_sequences=True)
    y = fused(x)
    config = fused.get_config()
    del config["right_padded"]
    plain = keras.layers.LSTM.from_config(config)
    plain.build(x.shape)
    plain.set_weights(fused.get_weights())
    assert_same([y], [plain(x)])


def _network(cls: type[Any], rate: float = 0.0, **own: Any) -> Any:
    first = cls(8, return_sequences=True, dropout=rate, recurrent_dropout=rate, seed=2, **own)
    stack = [keras.layers.Bidirectional(first), cls(6, **own)]
    return keras.Sequential([keras.Input((None, 3)), keras.layers.Masking(), *stack, keras.layers.Dense(1)])


def _problem(n: int = 32, steps: int = 10) -> tuple[Any, Any]:
    """Right-padded series, and the mean of their first channel."""
    lengths = RNG.integers(3, steps + 1, n)
    x = RNG.normal(size=(n, steps, 3)).astype("float32")
    x[np.arange(steps)[None] >= lengths[:, None]] = 0
    return x, (x[:, :, :1].sum(1) / lengths[:, None]).astype("float32")


@pytest.mark.parametrize(("rate", "named"), [(0.0, False), (0.2, True)], ids=["registered", "custom_objects"])
def test_a_network_comes_back_from_its_file_and_goes_on(tmp_path: Path, rate: float, named: bool) -> None:
    model = _network(FusedLSTM, rate=rate, right_padded=True)
    x, y = _problem()
    model.compile("adam", "mse")
    model.fit(x, y, epochs=1, verbose=0, shuffle=False)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", custom_objects={"FusedLSTM": FusedLSTM} if named else None)
    np.testing.assert_array_equal(again(x), model(x))
    for a, b in zip(_fused(model), _fused(again), strict=True):
        assert a.right_padded
        assert b.get_config() == a.get_config()
    for one in (model, again):
        for k, layer in enumerate(_fused(one)):
            layer.cell.seed_generator.state.assign([k, 1])  # Keras leaves it out of the file
        one.fit(x, y, epochs=1, verbose=0, shuffle=False)
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def _fused(model: Any) -> list[Any]:
    found = []
    for layer in model.layers:
        halves = (getattr(layer, half, None) for half in ("forward_layer", "backward_layer"))
        found += [one for one in (layer, *halves) if isinstance(one, FusedLSTM)]
    assert len(found) == 3
    return found


@pytest.mark.parametrize(("units", "kernel", "right"), [(8, "block", True), (80, "hoisted", True), (8, "block", False)])
def test_fit_learns_and_ends_in_the_weights_of_keras(units: int, kernel: str, right: bool) -> None:
    x, y = _problem()
    plain, fused = (
        keras.Sequential(
            [
                keras.Input((10, 3)),
                keras.layers.Masking(),
                keras.layers.Bidirectional(cls(units, **own)),
                keras.layers.Dense(1),
            ]
        )
        for cls, own in ((keras.layers.LSTM, {}), (FusedLSTM, {"right_padded": right}))
    )
    half = fused.layers[1].forward_layer
    assert half.kernel_for((None, 10, 3)) == kernel
    fused.set_weights(plain.get_weights())
    losses = []
    for model in (plain, fused):
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
        losses.append(model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0).history["loss"])
    assert losses[1][-1] < 0.7 * losses[1][0]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    for a, b in zip(fused.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16", "float32", "float64"])
def test_a_precision_gives_what_it_gives_in_keras(policy: str) -> None:
    x = tf.constant(RNG.normal(size=(4, 9, 3)))
    same: dict[str, Any] = {"dtype": policy, "return_sequences": True, "return_state": True, "go_backwards": True}
    plain, fused = pair(3, 5, dropout=0.3, **same)
    exact = policy in ("float32", "float64")
    kernels = {"float32": "block", "float64": "hoisted"}
    assert fused.kernel_for(x.shape) == kernels.get(policy, "plain")
    assert [v.dtype for v in fused.variables] == [v.dtype for v in plain.variables]
    for training in (False, True):
        for layer in (plain, fused):
            layer.cell.seed_generator.state.assign([1, 2])
        found, right = (layer(x, training=training) for layer in (fused, plain))
        for a, b in zip(found, right, strict=True):
            assert a.dtype == b.dtype == plain.compute_dtype
            np.testing.assert_allclose(a, b, atol=1e-6) if exact else np.testing.assert_array_equal(a, b)


def test_a_mixed_policy_trains_as_in_keras() -> None:
    x, y = _problem()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        plain, fused = (_network(cls) for cls in (keras.layers.LSTM, FusedLSTM))
    finally:
        keras.config.set_dtype_policy(before)
    fused.set_weights(plain.get_weights())
    for model in (plain, fused):
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    assert {layer.compute_dtype for layer in _fused(fused)} == {"float16"}
    for a, b in zip(fused.get_weights(), plain.get_weights(), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_array_equal(a, b)


def test_keras_does_not_hand_the_block_kernel_to_xla() -> None:
    wrapped = keras.layers.Bidirectional(FusedLSTM(8))
    assert not wrapped.forward_layer.supports_jit
    assert not wrapped.backward_layer.supports_jit
    assert FusedLSTM(8, dtype="float16").supports_jit  # Keras' own loop
