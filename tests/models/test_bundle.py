"""The model on disk: equal predictions, whatever is asked; damage found; nobody's code run."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
from small_problems import OWN, TINY, equal_lengths, problem, trainer

from lstm_automl.data.combine import take
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError, StateError
from lstm_automl.models import bundle, checkpoint, sealed
from lstm_automl.models.predictor import Predictor
from lstm_automl.models.trainer import Trainer
from lstm_automl.tasks.problem import Problem

VALUES = {"bidirectional": True, "ema": True, "front_end": "fcn", "conv_filters": 4, "dropout": 0.1}


def trained(found: Problem, seed: int = 0, **more: Any) -> Trainer:
    made = trainer(found, (seed,), **VALUES | more)
    made.run_epoch(found.split.folds[0].train[:50], 0)
    return made


def saved(found: Problem, folder: Path, seeds: int = 1, **more: Any) -> tuple[Path, list[Trainer]]:
    members = [trained(found, seed, **more) for seed in range(seeds)]
    paths = [folder / f"{i}.npz" for i in range(seeds)]
    for path, made in zip(paths, members, strict=True):
        checkpoint.save(path, made, {})
    values = {**TINY, **OWN[found.task.name], **VALUES, **more}
    bundle.save(folder / "b", found, values, members[0].state, paths, metrics={"m": 1.0}, about={"note": "x"})
    return folder / "b", members


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundles")


@pytest.fixture(scope="module", params=["classification", "regression", "forecasting"])
def pair(request: pytest.FixtureRequest, home: Path) -> tuple[Problem, Trainer, Predictor]:
    found = problem(request.param)
    folder = home / request.param
    folder.mkdir()
    path, members = saved(found, folder)
    return found, members[0], bundle.load(path)


@pytest.fixture
def copy(pair: tuple[Problem, Trainer, Predictor], home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(home / pair[0].task.name / "b", tmp_path / "b"))


def test_equal_before_and_after(pair: tuple[Problem, Trainer, Predictor]) -> None:
    found, made, loaded = pair
    examples = found.split.folds[0].valid
    np.testing.assert_allclose(loaded.outputs(found.frame, examples), made.predict(examples), atol=1e-6)
    assert loaded.info["metrics"] == {"m": 1.0}
    assert loaded.info["data_digest"] == found.digest()
    assert loaded.task.name == found.task.name
    assert loaded.options == found.options


def demo(found: Problem) -> Sequences:
    data = found.task.demo(0)[0]
    if found.task.name == "forecasting":  # as to predict: the last week has promotions and no sales
        values = data.values.copy()
        for stop in data.offsets[1:]:
            values[stop - 7 : stop, 0] = np.nan
        data = replace(data, values=values)
    return replace(data, targets=None)


def test_no_row_depends_on_another(pair: tuple[Problem, Trainer, Predictor]) -> None:
    found, _, loaded = pair
    data = demo(found)
    together = loaded.predict(data)
    for i in (0, 1, len(data) - 1):
        alone = loaded.predict(take(data, np.array([i])))
        for name, column in alone.items():
            wanted = together[name][i : i + 1]
            if column.dtype.kind == "f":
                np.testing.assert_allclose(column, wanted, atol=1e-6 * max(1.0, np.abs(together[name]).max()))
            else:
                assert column.tolist() == wanted.tolist()


def test_served_form(pair: tuple[Problem, Trainer, Predictor]) -> None:
    found, _, loaded = pair
    data = demo(found)
    served = pd.DataFrame({"sequence": [data.sequence(i).tolist() for i in range(len(data))], "unread": 1})
    wanted, answer = loaded.predict(data), loaded.predict_table(served)
    assert list(answer.columns) == list(wanted)
    assert len(answer) == len(data)
    for name, column in wanted.items():
        if column.dtype.kind == "f":
            got = np.array(answer[name].tolist())
            np.testing.assert_allclose(got, column, atol=1e-6 * max(1.0, np.abs(column).max()))
    one = loaded.predict_table(served.iloc[[1]])
    assert len(one) == 1


def test_evaluate(pair: tuple[Problem, Trainer, Predictor]) -> None:
    found, _, loaded = pair
    scores = loaded.evaluate(found.task.demo(1)[0])
    assert scores.keys() == {m.name for m in found.task.metrics}
    if found.task.name != "forecasting":
        with pytest.raises(DataError):
            loaded.evaluate(demo(found))


def test_pickle_holds_no_keras_object(pair: tuple[Problem, Trainer, Predictor]) -> None:
    found, _, loaded = pair
    content = pickle.dumps(loaded)
    imported = []

    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            imported.append(module.split(".")[0])
            return super().find_class(module, name)

    again = Unpickler(io.BytesIO(content)).load()
    assert set(imported) == {"lstm_automl", "numpy"}
    examples = found.split.folds[0].valid
    np.testing.assert_allclose(again.outputs(found.frame, examples), loaded.outputs(found.frame, examples), atol=1e-6)


def test_without_disk(pair: tuple[Problem, Trainer, Predictor]) -> None:
    found = pair[0]
    made = trained(found)
    examples = found.split.folds[0].valid
    before = Predictor.of(made)
    after = pickle.loads(pickle.dumps(before))
    np.testing.assert_allclose(before.outputs(found.frame, examples), made.predict(examples), atol=1e-6)
    np.testing.assert_allclose(after.outputs(found.frame, examples), made.predict(examples), atol=1e-6)


def test_several_seeds_are_averaged(tmp_path: Path) -> None:
    found = equal_lengths()
    path, members = saved(found, tmp_path, seeds=3)
    examples = found.split.folds[0].valid
    wanted = np.mean([m.predict(examples) for m in members], axis=0)
    np.testing.assert_allclose(bundle.load(path).outputs(found.frame, examples), wanted, atol=1e-6)


def test_equal_lengths_in_training_and_others_later(tmp_path: Path) -> None:
    path, members = saved(equal_lengths(), tmp_path)
    assert not members[0].spec.mask
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(n, 1)) for n in (3, 9, 3, 6)]
    loaded = bundle.load(path)
    table = loaded.predict_table(pd.DataFrame({"sequence": [p.tolist() for p in parts]}))
    for i, part in enumerate(parts):
        alone = loaded.predict_table(pd.DataFrame({"sequence": [part.ravel().tolist()]}))
        assert table["proba_up"][i] == pytest.approx(alone["proba_up"][0], abs=1e-6)


PLAIN: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("classification", 1, {}),
    ("classification", 3, {}),
    ("regression", 1, {"cell": "gru", "recurrent_dropout": 0.1}),
    ("forecasting", 1, {"num_layers": 2, "units": 12}),
)
"""Tasks, members of the ensemble and further values of bundles that Keras alone reads."""


def test_plain_keras_reads_them(tmp_path: Path) -> None:
    wanted = []
    for i, (name, seeds, more) in enumerate(PLAIN):
        found, folder = problem(name), tmp_path / str(i)
        folder.mkdir()
        members = saved(found, folder, seeds, **more)[1]
        feed, examples = members[0].feed, found.split.folds[0].valid[:4]
        batch = feed.inputs(feed.tensors(found.frame), examples, feed.lengths(found.frame, examples).max())[0]
        np.savez(folder / "batch.npz", **{k: np.asarray(v) for k, v in batch.items()})
        wanted.append(np.mean([made.predict(examples) for made in members], axis=0))
    script = (
        "import sys, numpy, keras; from pathlib import Path\n"
        "for folder in map(Path, sys.argv[1:]):\n"
        "    model = keras.models.load_model(folder / 'b' / 'model.keras'); batch = numpy.load(folder / 'batch.npz')\n"
        "    numpy.save(folder / 'out.npy', model({k: batch[k] for k in batch.files}))\n"
        "assert not any(name.startswith('lstm_automl') for name in sys.modules)"
    )
    folders = [tmp_path / str(i) for i in range(len(PLAIN))]
    arguments = [sys.executable, "-I", "-c", script, *map(str, folders)]
    subprocess.run(arguments, check=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"})
    for folder, right in zip(folders, wanted, strict=True):
        np.testing.assert_allclose(np.load(folder / "out.npy"), right, atol=1e-6 * max(1.0, np.abs(right).max()))


def test_note(copy: Path) -> None:
    bundle.note(copy, metrics={"accuracy": 0.5})
    assert bundle.read_info(copy)["metrics"] == {"m": 1.0, "accuracy": 0.5}
    bundle.load(copy)


def test_replaced_whole(tmp_path: Path) -> None:
    saved(equal_lengths(), tmp_path)
    (tmp_path / "b" / "left over").write_text("")
    path, _ = saved(equal_lengths(), tmp_path)
    assert sorted(p.name for p in path.iterdir()) == ["bundle.json", "model.keras", "sha256.json", "state.npz"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.npz", "b"]


@pytest.fixture(scope="module")
def whole(home: Path) -> Path:
    """A bundle to be damaged in copies."""
    (home / "damage").mkdir()
    return saved(equal_lengths(), home / "damage")[0]


class TestDamage:
    """One bundle is enough."""

    @pytest.fixture
    def folder(self, whole: Path, tmp_path: Path) -> Path:
        return Path(shutil.copytree(whole, tmp_path / "b"))

    def rehash(self, folder: Path) -> None:
        """What an author of a hostile bundle would do."""
        contents = {n: (folder / n).read_bytes() for n in ("bundle.json", "state.npz", "model.keras")}
        (folder / "sha256.json").write_bytes(sealed.hashes(contents))

    @pytest.mark.parametrize("name", ["bundle.json", "state.npz", "model.keras", "sha256.json"])
    @pytest.mark.parametrize("how", ["missing", "empty", "cut", "flipped", "directory"])
    def test_is_found(self, folder: Path, name: str, how: str) -> None:
        file = folder / name
        content = bytearray(file.read_bytes())
        file.unlink()
        if how == "directory":
            file.mkdir()
        elif how != "missing":
            content[len(content) // 2] ^= 4
            file.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "flipped": content}[how])
        with pytest.raises(StateError, match=str(folder)):
            bundle.load(folder)

    def test_not_a_bundle(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(StateError, match=r"sha256\.json: not a model bundle"):
                bundle.load(path)

    def test_newer(self, folder: Path) -> None:
        info = json.loads((folder / "bundle.json").read_text())
        (folder / "bundle.json").write_text(json.dumps({**info, "format": 2}))
        self.rehash(folder)
        with pytest.raises(StateError, match=r"bundle.json: bundle format 2; this version reads format 1"):
            bundle.load(folder)

    @pytest.mark.parametrize(
        "changed", [{"task": "nothing"}, {"options": {"x": 1}}, {"head": None}, {"inputs": {"y": 1}}, {"dtypes": 3}]
    )
    def test_foreign_description(self, folder: Path, changed: dict[str, Any]) -> None:
        info = json.loads((folder / "bundle.json").read_text())
        (folder / "bundle.json").write_text(json.dumps(info | changed))
        self.rehash(folder)
        with pytest.raises(StateError, match=r"bundle.json: does not describe a model"):
            bundle.load(folder)

    def test_weights_that_are_not_finite(self, folder: Path) -> None:
        network = keras.models.load_model(folder / "model.keras")
        network.set_weights([np.full_like(w, np.nan) for w in network.get_weights()])
        network.save(folder / "model.keras")
        self.rehash(folder)
        with pytest.raises(StateError, match=r"model.keras: some weights are not finite"):
            bundle.load(folder)

    def test_code_in_the_network_is_not_run(self, folder: Path, tmp_path: Path) -> None:
        mark = tmp_path / "ran"
        code = keras.layers.Lambda(lambda x, path=str(mark): (open(path, "w").close(), x)[1])
        network = keras.Sequential([keras.Input((2,)), code])
        mark.unlink(missing_ok=True)
        network.save(folder / "model.keras")
        self.rehash(folder)
        with pytest.raises(StateError, match=r"model.keras: not a usable network"):
            bundle.load(folder)
        assert not mark.exists()

    def test_a_pickle_is_not_opened(self, folder: Path, tmp_path: Path) -> None:
        class Hostile:
            def __reduce__(self) -> tuple[Any, ...]:
                return Path.touch, (tmp_path / "ran",)

        for name in ("model.keras", "state.npz"):
            before = (folder / name).read_bytes()
            (folder / name).write_bytes(pickle.dumps(Hostile()))
            self.rehash(folder)
            with pytest.raises(StateError, match=name):
                bundle.load(folder)
            (folder / name).write_bytes(before)
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ({"other": [1]}, "table: column 'sequence' is missing"),
            ({"sequence": [[[1.0, 2.0]]]}, r"row 0: 'sequence' has shape \(1, 2\); the model reads \(time, 1\)"),
            ({"sequence": [[[1.0]], ["a"]]}, "row 1: 'sequence' is not a list of"),
            ({"sequence": [3.0]}, "row 0: 'sequence' is not a list of"),
        ],
    )
    def test_a_table_that_does_not_fit(self, whole: Path, table: dict[str, Any], message: str) -> None:
        with pytest.raises(DataError, match=message):
            bundle.load(whole).predict_table(pd.DataFrame(table))
