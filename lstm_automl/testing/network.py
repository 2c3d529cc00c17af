"""What the suites of cells, front ends and heads share: ragged batches, and a small network round a part."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lstm_automl.models.builder import seeded
from lstm_automl.models.inputs import InputSpec

Batch = dict[str, NDArray[Any]]
Graph = Callable[[dict[str, keras.KerasTensor]], Any]

LENGTHS = (9, 6, 3, 1)
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


def ragged(spec: InputSpec, *, steps: int = 12, horizon: int = 0, seed: int = 0) -> Batch:
    """A right-padded batch of sequences of ``LENGTHS``; of full length without a mask."""
    rng = np.random.default_rng(seed)
    count = len(LENGTHS)
    walk = rng.normal(size=(count, steps, spec.features)).cumsum(axis=1) / 2
    mask = np.arange(steps)[None] < np.array(LENGTHS)[:, None]
    batch = {"x": walk * mask[..., None] if spec.mask else walk, "mask": mask}
    batch["static"] = rng.normal(size=(count, spec.static))
    batch["known"] = rng.normal(size=(count, horizon, spec.known))
    return {n: batch[n] if n == "mask" else batch[n].astype(spec.dtype) for n in spec.names}


def alone(batch: Batch, i: int) -> Batch:
    """Sequence i of a ragged batch, without padding."""
    steps = int(batch["mask"][i].sum())
    return {n: a[i : i + 1, :steps] if n in ("x", "mask") else a[i : i + 1] for n, a in batch.items()}


def network(spec: InputSpec, graph: Graph, *, horizon: int = 0, seed: int = 1) -> keras.Model:
    """A model ``batch -> graph(tensors)``, seeded as the builder seeds."""
    with seeded(seed, spec.dtype):
        tensors = spec.tensors(horizon)
        return keras.Model(tensors, graph(tensors))


def run(model: keras.Model, batch: Mapping[str, Any], *, training: bool = False) -> NDArray[Any]:
    """Outputs as an array."""
    return np.asarray(keras.ops.convert_to_numpy(model(dict(batch), training=training)))


def check_padding(model: keras.Model, batch: Batch, tolerance: float) -> None:
    """A sequence's outputs do not depend on padding. Statistics are moved first, so that they matter."""
    run(model, batch, training=True)
    outputs = run(model, batch)
    for i in range(len(outputs)):
        error = np.abs(run(model, alone(batch, i))[0] - outputs[i]).max()
        assert error <= tolerance, f"sequence {i}, {LENGTHS[i]} steps: padded differs from unpadded by {error:.2g}"


def check_statistics(make: Callable[[], keras.Model], batch: Batch, tolerance: float) -> None:
    """What a training call leaves in non-trainable weights does not depend on padding."""
    longer = {n: np.pad(a, [(0, 0), (0, 7)] + [(0, 0)] * (a.ndim - 2)) for n, a in batch.items() if n in ("x", "mask")}
    models = make(), make()
    run(models[0], batch, training=True)
    run(models[1], {**batch, **longer}, training=True)
    for one, other in zip(*(statistics(m) for m in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance, err_msg="padding moved the statistics")


def statistics(model: keras.Model) -> list[NDArray[Any]]:
    """Non-trainable weights that are not dropout generators."""
    return [keras.ops.convert_to_numpy(v) for v in model.non_trainable_variables if "seed" not in v.path]


def check_saved(model: keras.Model, batch: Batch) -> None:
    """``.keras`` and back in safe mode, equal outputs, nothing of ours in the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = keras.saving.load_model(path, safe_mode=True, compile=False)
    np.testing.assert_array_equal(run(loaded, batch), run(model, batch), err_msg="differs after .keras")
    assert "lstm_automl" not in json.dumps(model.get_config(), default=str), "holds more than stock layers"


def check_repeats(make: Callable[[], keras.Model]) -> None:
    """Equal seeds, equal initial weights."""
    for one, other in zip(make().get_weights(), make().get_weights(), strict=True):
        np.testing.assert_array_equal(one, other, err_msg="equal seeds, different initial weights")
