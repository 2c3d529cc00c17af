"""From bundle to registered model and back."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from recorded import runs_of
from trained import demo_data, finished

import lstm_automl
from lstm_automl.cli.main import run
from lstm_automl.errors import UsageError
from lstm_automl.models import bundle
from lstm_automl.tracking import client as door
from lstm_automl.tracking import served
from lstm_automl.tracking.lookup import resolve
from lstm_automl.tracking.names import check_name
from lstm_automl.tracking.registry import promote, register
from lstm_automl.tracking.tracker import sync


@pytest.fixture
def search(classified: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(classified, tmp_path / "demo"))


def test_a_bundle_becomes_a_version_once(search: Path, uri: str, tmp_path: Path) -> None:
    first = register(search / "bundle", search, uri, "demo")
    assert (first.model_uri, first.version, first.notes) == ("models:/demo@champion", 1, ())
    assert register(search / "bundle", search, uri, "demo") == first
    sync(search, uri)
    client = door.connect(uri)
    version = client.get_model_version_by_alias("demo", "champion")
    assert version.run_id == runs_of(uri)["parent"].info.run_id
    assert version.description == "classification; no test part"

    from mlflow.models import Model

    stored = Model.load(str(resolve("models:/demo/1", tmp_path, uri).parents[1] / "MLmodel"))
    assert stored.signature is not None
    assert str(stored.signature.inputs) == "['sequence': Array(Array(double)) (required)]"
    assert stored.signature.outputs.input_names() == ["prediction", "proba_left", "proba_right", "proba_still"]
    assert stored.flavors["python_function"]["loader_module"] == served.LOADER
    assert "python_model" not in stored.flavors["python_function"]

    found = resolve("models:/demo@champion", tmp_path, uri)
    assert found.name == "bundle"
    assert bundle.read_info(found) == bundle.read_info(search / "bundle")
    assert resolve("models:/demo/1", tmp_path, uri) == found
    assert resolve(str(search / "bundle"), tmp_path, uri) == search / "bundle"
    assert resolve("demo", tmp_path, uri) == search / "bundle"
    data = demo_data("classification")
    expected = bundle.load(found).predict(data)["prediction"].tolist()
    for model in ("models:/demo@champion", "models:/demo/1", "demo"):
        assert lstm_automl.load(model, tmp_path, uri).predict(data).tolist() == expected


def test_the_loaded_pyfunc_gives_the_predictors_numbers(search: Path, uri: str) -> None:
    register(search / "bundle", search, uri, "demo")
    import numpy as np

    table = served.example_row(search)
    expected = bundle.load(search / "bundle").predict_table(table)
    where = door.connect(uri).get_model_version_download_uri("demo", "1")
    got = door.pyfunc().load_model(where).predict(table)
    assert list(got.columns) == list(expected.columns)
    assert list(got["prediction"]) == list(expected["prediction"])
    np.testing.assert_allclose(got.iloc[:, 1:].astype(float), expected.iloc[:, 1:].astype(float), atol=1e-7)


@pytest.mark.parametrize("task", ["regression", "forecasting"])
def test_other_tasks_are_served_alike(task: str, uri: str, tmp_path: Path) -> None:
    import numpy as np

    search = finished(tmp_path / "searches" / task, task)
    register(search / "bundle", search, uri, task)
    model = door.pyfunc().load_model(str(resolve(f"models:/{task}@champion", tmp_path, uri).parents[1]))
    table = served.example_row(search)
    got, expected = model.predict(table), bundle.load(search / "bundle").predict_table(table)
    assert list(got.columns) == list(expected.columns)
    for name in expected.columns:
        np.testing.assert_allclose(got[name][0], expected[name][0], atol=1e-7)


def test_the_champion_is_kept_unless_a_challenger_is_as_good_on_the_same_data(search: Path, uri: str) -> None:
    bundle.note(search / "bundle", metrics={"accuracy": 0.8})
    assert register(search / "bundle", search, uri, "demo").version == 1
    bundle.note(search / "bundle", metrics={"accuracy": 0.7})
    worse = register(search / "bundle", search, uri, "demo")
    assert worse.model_uri == "models:/demo/2"
    assert "version 1 stays champion: its accuracy is 0.8, the new one's 0.7" in worse.notes[0]
    bundle.note(search / "bundle", metrics={"accuracy": 0.9})
    assert register(search / "bundle", search, uri, "demo").model_uri == "models:/demo@champion"
    assert int(door.connect(uri).get_model_version_by_alias("demo", "champion").version) == 3
    assert promote("demo", 1, uri) == "models:/demo@champion is version 1, was version 3"
    assert int(door.connect(uri).get_model_version_by_alias("demo", "champion").version) == 1


def test_a_champion_of_other_data_is_kept_and_sync_says_so(
    search: Path, uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register(search / "bundle", search, uri, "demo")
    other = finished(tmp_path / "elsewhere" / "demo", "classification", seed=1)
    made = register(other / "bundle", other, uri, "demo")
    assert made.model_uri == "models:/demo/2"
    assert "other data" in made.notes[0]
    assert "lstm-automl promote demo 2" in made.notes[0]
    request = {"meta": {}, "settings": lstm_automl.Search().model_dump(), "name": "demo"}
    (other / "request.json").write_text(json.dumps(request, default=str))
    assert run(["sync", "demo", "--home", str(other.parent), "--tracking-uri", uri]) == 0
    assert capsys.readouterr().out == f"model: models:/demo/2\n{made.notes[0]}\ndemo is up to date\n"


def test_a_name_with_a_quote_is_registered_once(search: Path, uri: str) -> None:
    first = register(search / "bundle", search, uri, "it's")
    assert register(search / "bundle", search, uri, "it's") == first


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("models:/nobody@champion", "no model 'models:/nobody@champion'"),
        ("models:/demo", "write models:/NAME@ALIAS or models:/NAME/VERSION"),
        ("models:/../1", "must not start with a dot"),
        ("models:/demo@champion\n", "write models:/NAME@ALIAS"),
        ("nobody", "no model 'nobody'"),
        ("finisht", "no model 'finisht'; did you mean 'finished'?"),
        ("", "no model ''"),
        ("empty", "has no model yet"),
    ],
)
def test_a_word_that_means_no_model(model: str, says: str, uri: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "finished" / "bundle").mkdir(parents=True)
    with pytest.raises(UsageError, match=re.escape(says)):
        resolve(model, tmp_path, uri)


def test_promote_of_what_does_not_exist(uri: str) -> None:
    with pytest.raises(UsageError, match="no version 7 of model 'demo'"):
        promote("demo", 7, uri)


def test_a_model_of_somebody_else_is_refused_unloaded(uri: str, tmp_path: Path) -> None:
    """Loading a pyfunc runs code by design; ours is found without."""
    (tmp_path / "data.txt").write_text("x")
    folder = tmp_path / "foreign"
    door.pyfunc().save_model(
        str(folder), loader_module="os", data_path=str(tmp_path / "data.txt"), pip_requirements=["numpy"]
    )
    client = door.connect(uri)
    client.create_registered_model("foreign")
    client.create_model_version("foreign", str(folder))
    with pytest.raises(UsageError, match="was not made by lstm-automl"):
        resolve("models:/foreign/1", tmp_path, uri)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "must not be empty"),
        ("..", "must not start with a dot"),
        ("/etc/passwd", "must not hold /"),
        ("a\n", "line breaks or control characters"),
        ("a" * 300, "has 300 characters"),
        ("a@b", "must not hold @"),
        ("a:b", "must not hold :"),
        (" a", "must not start or end with a space"),
        ("\ud800", "control characters"),
    ],
)
def test_names_that_are_refused(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check_name(name, "model name")


@pytest.mark.parametrize("name", ["digits", "exp[1]", "größe", "a b", "x.y-z_1", "it's"])
def test_names_that_work_everywhere(name: str, uri: str) -> None:
    client = door.connect(uri)
    assert check_name(name) == name
    assert client.get_experiment(client.create_experiment(name)).name == name
    assert client.create_registered_model(name).name == name
