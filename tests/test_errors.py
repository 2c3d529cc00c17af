"""Bad input through the command line: one clear error, its exit code, nothing written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from lstm_automl.cli.main import run

HEADER = "x0,x1,x2,label\n"

RAY = "" if find_spec("ray") else "--executor ray needs ray: pip install 'lstm_automl[ray]'"
"""What is said of ray where it is not installed."""


def wide(n: int, labels: str = "ab") -> str:
    return "".join(f"0.{i % 7},0.{i * 3 % 5},0.{i * 5 % 9},{labels[i % len(labels)]}\n" for i in range(n))


def series(times: list[str]) -> str:
    return "time,y\n" + "".join(f"{t},{i % 3}\n" for i, t in enumerate(times))


FILES: dict[str, str | bytes] = {
    "good.csv": HEADER + wide(60),
    "empty.csv": "",
    "header.csv": HEADER,
    "ragged.csv": HEADER + wide(30) + "1,2\n",
    "double.csv": "x0,x0,x2,label\n" + wide(30),
    "unlabelled.csv": "x0,x1,x2\n" + "1,2,3\n" * 30,
    "text.csv": HEADER + wide(30) + "0.1,oops,0.3,a\n",
    "nan.csv": HEADER + "".join(f"0.{i % 9},,0.2,{'ab'[i % 2]}\n" for i in range(30)),
    "inf.csv": HEADER + wide(30) + "0.1,inf,0.3,a\n",
    "one_row.csv": HEADER + wide(1),
    "one_class.csv": HEADER + wide(30, "a"),
    "short.csv": series([str(i) for i in range(10)]),
    "nul.csv": HEADER.encode() + wide(20).encode() + b"0.1,\x00,0.3,a\n",
    "bars.csv": (HEADER + wide(30)).replace(",", "|"),
    "unsorted.csv": series([f"2024-01-{i * 7 % 28 + 1:02d}" for i in range(60)]),
    "twice.csv": series([f"2024-01-{i // 2 + 1:02d}" for i in range(60)]),
    "a_file": "x",
    "empty.yaml": "",
    "not_yaml.yaml": "task: [classification\n",
    "tab.yaml": "task: classification\nparameters:\n\tunits: 3\n",
    "list.yaml": "- task\n",
    "unknown_key.yaml": "task: classification\nparametres:\n  units: 3\n",
    "misspelt.yaml": "task: classification\nparameters:\n  unitz: 3\n",
    "duplicate.yaml": "task: classification\nparameters:\n  units: 3\n  units: 4\n",
    "object.yaml": "task: !!python/object/apply:os.system [id]\n",
    "bomb.yaml": "a: &a [x]\n" + "".join(f"{b}: &{b} [{', '.join(8 * [f'*{a}'])}]\n" for a, b in pairwise("abcdefghi")),
    "big.yaml": "# " + "x" * 10_000_000 + "\ntask: classification\n",
    "latin.yaml": "task: classification # \xe9\n".encode("latin-1"),
    **{
        f"{name}.yaml": f"task: classification\ninclude: [classification]\nparameters:\n  {parameter}\n"
        for name, parameter in {
            "min_max": "units: {type: int, min_value: 64, max_value: 8}",
            "nan_bound": "dropout: {type: float, min_value: .nan, max_value: 0.5}",
            "inf_bound": "learning_rate: {type: float, min_value: 0.001, max_value: .inf}",
            "log_0": "learning_rate: {type: float, min_value: 0, max_value: 0.1, sampling: log}",
            "step_0": "units: {type: int, min_value: 8, max_value: 64, step: 0}",
            "step_minus": "units: {type: int, min_value: 8, max_value: 64, step: -8}",
            "default_outside": "units: {type: int, min_value: 8, max_value: 64, default: 65}",
            "empty_choice": "cell: {type: choice, values: []}",
            "mixed_choice": "batch_size: {type: choice, values: [8, many]}",
        }.items()
    },
}  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """A command line and the error it must end in."""

    args: str
    message: str
    code: int = 2

    def __str__(self) -> str:
        return self.args.replace("search classification --data ", "").replace(" ", "_")[:60]


def data(file: str, message: str) -> Expected:
    return Expected(f"search classification --data {file}", message)


def space(file: str, message: str) -> Expected:
    return Expected(f"search classification --data good.csv --space {file}.yaml", message)


def option(text: str, message: str) -> Expected:
    return Expected(f"search classification --data good.csv {text}", message)


CASES = [
    # data files
    data("nosuch.csv", "nosuch.csv: no such file"),
    data("folder.csv", "folder.csv: is a folder; name one file in it"),
    data("empty.csv", "empty.csv: the file is empty"),
    data("header.csv", "header.csv: a header but no row of data"),
    data("ragged.csv", "ragged.csv:32: 2 fields, but the header names 4 columns"),
    data("double.csv", "double.csv:1: duplicate column 'x0'"),
    data("unlabelled.csv --target label", "unlabelled.csv: no target column 'label' (valid: x0, x1, x2)"),
    data("text.csv", "text.csv:32: column 'x1': 'oops' is not a number"),
    data("nan.csv", "nan.csv:2: column 'x1': missing value (NaN), the first of 30; --allow-nan masks missing values"),
    data("inf.csv", "inf.csv:32: column 'x1': infinite value (inf)"),
    data("one_row.csv", "one_row.csv: 1 sequence cannot be split into 2 parts"),
    data("one_class.csv", "one_class.csv: every label is a; at least two classes are needed"),
    Expected("search forecasting --data short.csv --horizon 12", "short.csv: horizon 12 needs at least 38 rows"),
    Expected("search forecasting --data digits", "digits: sequences with a target each, not series"),
    data("nul.csv", "nul.csv:22: NUL byte"),
    data("bars.csv", "bars.csv:1: one column only, 'x0|x1|x2|label': if the delimiter is '|', say --sep '|'"),
    Expected("search forecasting --data unsorted.csv --horizon 3", "unsorted.csv:6: column 'time': time 2024-01-01"),
    Expected("search forecasting --data twice.csv --horizon 3", "twice.csv:3: column 'time': time 2024-01-01"),
    data("good.csv --valid nosuch.csv", "nosuch.csv: no such file"),
    data("good.csv --test empty.csv", "empty.csv: the file is empty"),
    # spaces
    space("empty", "empty.yaml"),
    space("not_yaml", "not_yaml.yaml:"),
    space("tab", "tab.yaml:3:"),
    space("list", "list.yaml:1:1"),
    space("unknown_key", "unknown_key.yaml:2:1: unknown key 'parametres'; did you mean 'parameters'?"),
    space("misspelt", "misspelt.yaml:3:3: unknown parameter 'unitz'; did you mean 'units'?"),
    space("duplicate", "duplicate.yaml:4:3"),
    space("object", "object.yaml:1:"),
    space("bomb", "bomb.yaml"),
    space("big", "big.yaml"),
    space("latin", "latin.yaml"),
    space("min_max", "min_max.yaml:4:"),
    space("nan_bound", "nan_bound.yaml:4:"),
    space("inf_bound", "inf_bound.yaml:4:"),
    space("log_0", "log_0.yaml:4:"),
    space("step_0", "step_0.yaml:4:"),
    space("step_minus", "step_minus.yaml:4:"),
    space("default_outside", "default_outside.yaml:4:"),
    space("empty_choice", "empty_choice.yaml:4:"),
    space("mixed_choice", "mixed_choice.yaml:4:"),
    option("--space nosuch", "unknown search space 'nosuch' (valid: classification, forecasting, regression)"),
    option("--space regression", "a space for regression; this is a search for classification"),
    # command line
    Expected("serch", "unknown command 'serch'; did you mean 'search'?"),
    Expected("--nope", "No such option '--nope'"),
    option("--max-trails 3", "No such option '--max-trails'"),
    option("--max-trials 0", "'--max-trials': 0 is not in the range x>=1"),
    option("--max-trials -3", "'--max-trials': -3 is not in the range x>=1"),
    option("--max-trials 2.5", "'--max-trials': '2.5' is not a valid integer"),
    option("--max-epochs 0", "'--max-epochs': 0 is not in the range x>=1"),
    option("--seed x", "'--seed': 'x' is not a valid integer"),
    option("--seed -1", "'--seed': -1 is not in the range"),
    Expected("search clasification --data good.csv", "unknown task 'clasification'; did you mean 'classification'?"),
    Expected("search classification", "Missing option '--data'"),
    option("--metric acuracy", "unknown metric of classification 'acuracy'; did you mean 'accuracy'?"),
    option("--oracle gird", "unknown oracle 'gird'; did you mean 'grid'?"),
    option("--executor dusk", "unknown executor 'dusk'; did you mean 'dask'? (valid: dask, local, ray)"),
    option("--executor dask", "--executor dask needs --address"),
    option("--address tcp://127.0.0.1:1", "--address is of no use with --executor local"),
    option("--executor ray --address somewhere", RAY or "--address somewhere: write HOST:PORT"),
    option("--executor ray --address 127.0.0.1:1", RAY or "--address 127.0.0.1:1: no ray cluster answers there"),
    option("--executor dask --address nobody", "--address nobody: no dask scheduler answers there"),
    option("--executor dask --address tcp://127.0.0.1:1", "no dask scheduler answers there"),
    option("--executor dask --address tcp://127.0.0.1:1 --storage memory://x", "memory:// is seen by one process"),
    option("--executor dask --address tcp://127.0.0.1:1 --storage nope://x", "--storage nope://x: Protocol not known"),
    option("--scheduler asa", "unknown scheduler 'asa'"),
    option("--horizon 3", "No such option '--horizon'"),
    Expected("search forecasting --data demo --horizon 0", "--horizon: Input should be greater than or equal to 1"),
    option("--split 1,2,x", "'1,2,x' is not A,B or A,B,C"),
    option("--split 10,2 --valid good.csv", "--split cuts one file into parts: give it without --valid and --test"),
    option("--time-budget 5y", "'5y' is not a time; write seconds or 90s, 10m, 2h, 1d"),
    option("--time-budget 0", "'0' is not a time"),
    option("--set units", "--set 'units': expected NAME=VALUE, such as units=64"),
    option("--set units=64 --set units=32", "--set units: given twice, '64' and '32'"),
    option("--set unitz=3", "--set unitz=3: unknown parameter; did you mean 'units'?"),
    option("--set units=many", "--set units=many: units: 'many' is not a whole number"),
    option("--cv 99", "'--cv': 99 is not in the range"),
    option("--workers 0", "'--workers': 0 is not in the range"),
    option("--register a --no-register", "--register and --no-register contradict each other"),
    option("--register ''", "--register: an empty name"),
    option("--tracking-uri nonsense://x", "--tracking-uri 'nonsense://x': "),
    option("--tracking-uri ./mlruns", "MLflow no longer writes runs into folders; a database is 'sqlite:///mlflow.db'"),
    option("--tracking-uri runs.db", "a database is 'sqlite:///runs.db'"),
    option("--home a_file", "a_file is a file; a search needs a folder: choose another --name or --home"),
    option("--home a_file/deeper", "a_file is a file; a search needs a folder"),
    option("--home . --name folder.csv", "folder.csv is not a search (it holds something)"),
    # names
    option("--name ..", "name: name '..' is not usable"),
    option("--name ''", "name: name '' is not usable"),
    option("--name /etc/x", "name: name '/etc/x' is not usable"),
    option("--name 'a\nb'", "name: name 'a\\nb' is not usable"),
    option(f"--name {'x' * 300}", "is not usable: 1 to 128"),
    option("--register ..", "name '..' is not usable"),
    # what is not there
    Expected("resume folder.csv", "no search named 'folder.csv' (no search in searches; give --home)"),
    Expected("resume ..", "no search named '..'"),
    Expected("sync nosuch", "no search named 'nosuch'"),
    Expected("runs show nosuch", "no search named 'nosuch'"),
    Expected("runs best nosuch", "no search named 'nosuch'"),
    Expected("runs clean nosuch --yes", "no search named 'nosuch'"),
    Expected("ui nosuch", "no search named 'nosuch'"),
    Expected("ui --port 99999", "'--port': 99999 is not in the range"),
    Expected("predict nosuch --data good.csv", "no model 'nosuch': give models:/NAME@champion"),
    Expected("predict nosuch --data good.csv -o out.xls", "--output out.xls: use .csv, .json, .jsonl or .parquet"),
    Expected("predict nosuch --data good.csv -o no/out.csv", "--output no/out.csv: there is no folder no"),
    Expected("predict models:nosuch --data good.csv", "model 'models:nosuch': write models:/NAME@ALIAS"),
    Expected("evaluate nosuch --data good.csv", "no model 'nosuch'"),
    Expected("promote nosuch x", "'VERSION': 'x' is not a valid integer"),
    Expected("tasks show nosuch", "unknown task 'nosuch' (valid: classification, forecasting, regression)"),
    Expected("spaces show nosuch", "unknown search space 'nosuch'"),
    Expected("spaces check nosuch", "unknown search space 'nosuch'"),
    Expected("spaces check classification --task regresion", "unknown task 'regresion'; did you mean 'regression'?"),
    Expected("search classification --data digit", "digit: no such file; did you mean 'digits'?"),
    Expected("spaces check misspelt.yaml min_max.yaml", "min_max.yaml:4:"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    for name, content in FILES.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "folder.csv").mkdir()
    (folder / "folder.csv" / "something").touch()
    return folder


def everything(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in folder.rglob("*")}


@pytest.mark.parametrize("expected", CASES, ids=str)
def test_bad_input_is_one_error_and_nothing_written(
    expected: Expected, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    before = everything(place)
    code = run(words(expected.args))
    out, err = capsys.readouterr()
    assert code == expected.code, err
    assert expected.message in err
    assert err.count("Error: ") <= 1  # one error, perhaps of many lines
    assert "Traceback" not in err
    assert out == ""
    assert everything(place) == before


def words(line: str) -> list[str]:
    import shlex

    return shlex.split(line)


def test_all_mistakes_of_a_space_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.yaml").write_text("task: classification\nparameters:\n  unitz: 3\n  dropout: 7\n  cell: elman\n")
    monkeypatch.chdir(tmp_path)
    assert run(["spaces", "check", "s.yaml"]) == 2
    err = capsys.readouterr().err
    assert [line.split(":")[1] for line in err.splitlines() if line.startswith("s.yaml:")] == ["3", "4", "5"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder in which even root cannot write")
def test_a_place_that_cannot_be_written_is_exit_code_5(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "classification", "--data", "demo", "--home", "/proc/self/searches"]) == 5
    assert "Error: cannot lock /proc/self/searches/classification-demo" in capsys.readouterr().err


def test_a_store_of_the_environment_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    assert run(["search", "classification", "--data", "demo"]) == 2
    assert "Error: MLFLOW_TRACKING_URI './mlruns': MLflow no longer writes" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


class TestState:
    """Damage in a search that exists; the making of a search trains nothing, so it is made here by hand."""

    @pytest.fixture
    def made(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        from lstm_automl.estimators import flow, storing
        from lstm_automl.estimators.request import Search

        monkeypatch.chdir(tmp_path)
        settings = Search(max_trials=1, max_epochs=1, cv=1)
        problem, found, name = flow.prepare("classification", "demo", settings)
        return storing.create(Path("searches") / name, problem, found, settings)

    @pytest.mark.parametrize(
        "damage",
        [lambda text: "", lambda text: text[: len(text) // 2], lambda text: "[" * 100_000, lambda text: '{"meta": {}}'],
        ids=["empty", "truncated", "deep", "incomplete"],
    )
    def test_request(self, made: Path, damage: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> None:
        request = made / "request.json"
        request.write_text(damage(request.read_text()))
        assert run(["resume", made.name]) == 4
        assert f"Error: {request} is damaged: " in capsys.readouterr().err

    @pytest.mark.parametrize("content", [b"", b"no database" * 1000], ids=["empty", "foreign"])
    def test_store(self, made: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
        (made / "search.db").write_bytes(content)
        assert run(["runs", "show", made.name]) in (2, 4)
        assert "search.db" in capsys.readouterr().err

    @pytest.mark.parametrize("damage", ["truncated", "missing", "flipped"])
    def test_data(self, made: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
        file = max((made / "data").iterdir(), key=lambda p: p.stat().st_size)
        content = file.read_bytes()
        if damage == "missing":
            file.unlink()
        elif damage == "truncated":
            file.write_bytes(content[: len(content) // 2])
        else:
            file.write_bytes(content[:200] + bytes([content[200] ^ 255]) + content[201:])
        assert run(["resume", made.name]) == 4
        assert str(made / "data") in capsys.readouterr().err

    def test_another_space_or_seed_lists_what_differs(self, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
        args = ["search", "classification", "--data", "demo", "--max-epochs", "1", "--cv", "1"]
        assert run([*args, "--seed", "1", "--set", "units=3"]) == 2
        err = capsys.readouterr().err
        assert f"{made} holds a search made with something else:\n" in err
        assert "  seed: 0 there, 1 now\n" in err
        assert "  space: space " in err
        assert "another --name" in err

    @pytest.mark.parametrize("kept", ["./mlruns", "file:///tmp/runs", "gone://host"])
    @pytest.mark.parametrize("verb", ["resume", "sync"])
    def test_a_store_that_mlflow_no_longer_takes(
        self, made: Path, verb: str, kept: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from lstm_automl.estimators import storing

        monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
        request = made / "request.json"
        request.write_text(request.read_text().replace('"tracking_uri": null', f'"tracking_uri": "{kept}"'))
        before = request.read_bytes()
        assert storing.request(made)[1].tracking_uri == kept
        assert run([verb, made.name]) == 2
        assert f"Error: --tracking-uri {kept!r}: " in capsys.readouterr().err
        assert request.read_bytes() == before

    def test_fewer_trials_than_before(self, made: Path, capsys: pytest.CaptureFixture[str]) -> None:
        request = made / "request.json"
        request.write_text(request.read_text().replace('"max_trials": 1', '"max_trials": 5'))
        assert run(["resume", made.name, "--max-trials", "3"]) == 2
        assert "--max-trials 3 is less than the search's 5" in capsys.readouterr().err

    def test_a_search_killed_while_it_was_made_is_made_again(self, made: Path) -> None:
        from lstm_automl.estimators import storing

        (made / "request.json").unlink()
        storing.check_place(made)
        (made / "notes.txt").touch()
        with pytest.raises(ValueError, match="is not a search"):
            storing.check_place(made)
