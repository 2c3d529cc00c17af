"""The fused GRU and simple RNN give Keras' results: forward, gradients, masks, directions, states, dropout."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_automl.models.builder import build
from lstm_automl.models.inputs import InputSpec
from lstm_automl.models.kernels.choose import fast
from lstm_automl.models.kernels.layer import FusedGRU, FusedSimpleRNN
from lstm_automl.tasks.task import HeadSpec
from lstm_automl.testing import network as n

RNG = np.random.default_rng(0)
X = tf.constant(RNG.normal(size=(6, 14, 5)).astype("float32"))
RIGHT = np.arange(14)[None] < np.array([14, 3, 5, 1, 9, 14])[:, None]
GAPS = RNG.random((6, 14)) < 0.6
CELLS: dict[str, tuple[type[Any], type[Any]]] = {
    "gru": (keras.layers.GRU, FusedGRU),
    "simple_rnn": (keras.layers.SimpleRNN, FusedSimpleRNN),
}


@pytest.fixture(params=CELLS)
def cell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _pair(cell: str, x: Any = X, *, bidirectional: bool = False, right: bool = False, **arguments: Any) -> list[Any]:
    """Keras' layer and ours with the same weights, none of them zero."""
    wrap = keras.layers.Bidirectional if bidirectional else (lambda layer: layer)
    plain, fused = CELLS[cell]
    layers = [wrap(plain(7, **arguments)), wrap(fused(7, right_padded=right, **arguments))]
    for layer in layers:
        layer(x)
    weights = [np.random.default_rng(i).normal(0, 0.3, w.shape) for i, w in enumerate(layers[0].get_weights())]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def _run(layer: Any, x: Any, mask: Any = None, training: bool = True) -> list[Any]:
    """Outputs, and gradients of the input and of all weights."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = tf.nest.flatten(layer(x, mask=mask, training=training))
        value = sum(tf.reduce_sum(tf.sin(3 * y)) for y in outputs)
    return [*outputs, *tape.gradient(value, [x, *(v.value for v in layer.trainable_variables)])]


def _same(found: list[Any], right: list[Any], close: float = 1e-5) -> None:
    for a, b in zip(found, right, strict=True):
        np.testing.assert_allclose(a, b, rtol=close, atol=close * max(1, np.abs(b).max()))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("mask", [None, RIGHT, GAPS], ids=["all", "right", "gaps"])
def test_outputs_and_every_gradient_equal_keras(cell: str, bidirectional: bool, sequences: bool, mask: Any) -> None:
    plain, fused = _pair(cell, bidirectional=bidirectional, return_sequences=sequences, right=mask is RIGHT)
    mask = None if mask is None else tf.constant(mask)
    _same(_run(fused, X, mask), _run(plain, X, mask))


@pytest.mark.parametrize("mask", [None, RIGHT], ids=["all", "right"])
@pytest.mark.parametrize("zeros", [False, True])
def test_states_go_in_and_come_out_against_time(cell: str, mask: Any, zeros: bool) -> None:
    more: dict[str, Any] = {"zero_output_for_mask": zeros, "return_sequences": True, "return_state": True}
    plain, fused = _pair(cell, go_backwards=True, right=True, **more)
    mask = None if mask is None else tf.constant(mask)
    start = tf.constant(RNG.normal(size=(6, 7)).astype("float32"))
    found = [[layer(X, mask=mask, initial_state=start), _run(layer, X, mask)] for layer in (fused, plain)]
    _same(*(tf.nest.flatten(one) for one in found))


@pytest.mark.parametrize("steps", [1, 9, 13, 15])
@pytest.mark.parametrize("bias", [False, True])
def test_any_number_of_steps_known_or_not(cell: str, steps: int, bias: bool) -> None:
    x = tf.constant(RNG.normal(size=(4, steps, 3)))
    plain, fused = _pair(cell, x, dtype="float64", return_sequences=True, use_bias=bias)
    right = _run(plain, x)
    for spec in (x.shape, (None, None, 3)):
        traced = tf.function(partial(_run, fused), input_signature=[tf.TensorSpec(spec, x.dtype)], autograph=False)
        _same(traced(x), right, 1e-11)


def test_a_gradient_of_a_call_that_does_not_train(cell: str) -> None:
    plain, fused = _pair(cell, return_sequences=True)
    _same(_run(fused, X, training=False), _run(plain, X, training=False))


def test_dropout_draws_the_same_mask_as_keras(cell: str) -> None:
    layers = _pair(cell, dropout=0.4, return_sequences=True, seed=7)
    for layer in layers:
        layer.cell.seed_generator.state.assign([1, 2])
    plain, fused = (_run(layer, X) for layer in layers)
    _same(fused, plain)
    assert not np.allclose(fused[0], layers[1](X))


def test_recurrent_dropout_equals_keras_with_one_mask(cell: str) -> None:
    plain, fused = _pair(cell, recurrent_dropout=0.4, return_sequences=True)
    kept = keras.random.dropout(tf.ones((6, 7)), 0.4, seed=1)
    plain.cell.get_recurrent_dropout_mask = lambda state: [kept] * 3 if cell == "gru" else kept
    fused.cell.get_recurrent_dropout_mask = lambda state: kept
    found = _run(fused, X)
    _same(found, _run(plain, X))
    assert not np.allclose(found[0], fused(X))


def test_recurrent_dropout_draws_its_own_mask_in_training_alone(cell: str) -> None:
    fused = _pair(cell, recurrent_dropout=0.4, dropout=0.2)[1]
    before = np.array(fused.cell.seed_generator.state)
    quiet = np.array(fused(X))
    np.testing.assert_array_equal(fused.cell.seed_generator.state, before)
    assert not np.allclose(fused(X, training=True), quiet)
    assert (np.array(fused.cell.seed_generator.state) != before).any()


def test_a_stateful_layer_goes_on_where_it_ended_until_it_is_reset(cell: str) -> None:
    plain, fused = _pair(cell, stateful=True)
    for layer in (plain, fused):
        layer.reset_state()
    for _ in range(2):
        np.testing.assert_allclose(fused(X), plain(X), atol=1e-6)
    fused.reset_state()
    plain.reset_state()
    np.testing.assert_allclose(fused(X), plain(X), atol=1e-6)


def test_it_comes_back_fused_from_its_config(cell: str) -> None:
    layer = keras.layers.Bidirectional(CELLS[cell][1](5, right_padded=True, dropout=0.1, seed=3))
    again = keras.layers.Bidirectional.from_config(layer.get_config())
    for part in (again.forward_layer, again.backward_layer):
        assert type(part) is CELLS[cell][1]
        assert part.right_padded
        assert part.cell.seed == 3


@pytest.mark.parametrize("recurrent_dropout", [0.0, 0.1])
def test_a_fast_stack_trains_fused_and_its_weights_serve_in_stock_layers(cell: str, recurrent_dropout: float) -> None:
    spec, head = InputSpec(3, dtype="float64"), HeadSpec("value", 1, "mse")
    values = {"cell": cell, "num_layers": 2, "units": 6, "bidirectional": True, "recurrent_dropout": recurrent_dropout}
    trained, stock = (build(spec, head, values, seed=1, fast=fast) for fast in (True, False))
    stock.set_weights(trained.get_weights())
    for i in (0, 1):
        layer, other = (model.get_layer(f"recurrent_{i}") for model in (trained, stock))
        for part in (layer.forward_layer, layer.backward_layer):
            assert type(part) is CELLS[cell][1]
            assert part.kernel_for((None, None, 3)) == "hoisted"
        assert type(other.forward_layer) is type(other.backward_layer) is CELLS[cell][0]
    batch = n.ragged(spec)
    np.testing.assert_allclose(n.run(trained, batch), n.run(stock, batch), atol=1e-12)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: keras.layers.GRU(8, reset_after=False),
        lambda: keras.layers.GRU(8, recurrent_activation="hard_sigmoid"),
        lambda: keras.layers.GRU(8, dtype="float16"),
        lambda: keras.layers.SimpleRNN(8, activation="relu"),
    ],
    ids=["reset before", "recurrent activation", "float16", "activation"],
)
def test_layers_that_the_kernels_do_not_compute_stay_as_they_are(layer: Any) -> None:
    made = layer()
    assert fast(made) is made


def test_a_layer_that_stays_plain_is_keras_to_the_bit() -> None:
    more: dict[str, Any] = {"reset_after": False, "recurrent_dropout": 0.2, "dropout": 0.1}
    layers = _pair("gru", return_sequences=True, **more)
    for layer in layers:
        layer.cell.seed_generator.state.assign([1, 2])
    for a, b in zip(*(_run(layer, X) for layer in layers), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_gpu_keeps_the_stock_layer(cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = CELLS[cell][0](8)
    assert type(fast(made)) is CELLS[cell][1]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one"] if kind == "GPU" else [])
    assert fast(made) is made


def test_prediction_saves_nothing_and_gives_the_same_bits(cell: str) -> None:
    fused = _pair(cell, return_sequences=True)[1]
    traced = [
        tf.function(partial(fused, training=training), input_signature=[tf.TensorSpec((None, None, 5))])
        for training in (False, True)
    ]
    np.testing.assert_array_equal(traced[0](X), traced[1](X))
    without, kept = (_pushes(f.get_concrete_function()) for f in traced)
    assert without == kept // (1 + fused.gates.saved) > 0


def _pushes(function: Any) -> int:
    nodes = [n for f in function.graph.as_graph_def().library.function for n in f.node_def]
    return sum(n.op == "TensorListPushBack" for n in nodes)
