"""The report of a search, from a real store."""

from __future__ import annotations

import csv
import json
import math
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from lstm_automl.reports import svg
from lstm_automl.reports.curves import Line, Progress, learning_lines
from lstm_automl.reports.leaderboard import as_csv, leaderboard, markdown
from lstm_automl.reports.plots import score_over_time
from lstm_automl.reports.write import write_all
from lstm_automl.search.contracts import Epoch, RungResult, RungSpec, TrialRow
from lstm_automl.search.store import Store
from lstm_automl.spaces.loader import load, loads

BASELINES = {"majority": {"valid": {"accuracy": 0.3}}, "1-nearest <neighbour>": {"valid": {"accuracy": 0.75}}}


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six trials over two folds: four completed, one diverged, one running."""
    directory = tmp_path_factory.mktemp("searches") / "exp[1]"
    space = load("classification")
    meta: dict[str, Any] = {
        "task": "classification", "space": space.to_json(), "data_digest": "d", "metric": "accuracy",
        "direction": "max", "seed": 0, "concurrency": 2, "oracle": "random", "scheduler": "none", "folds": 2,
        "patience": 5, "limits": {}, "name": "exp[1]",
    }  # fmt: skip
    store = Store.open_or_create(directory, meta)
    for trial in range(6):
        values = {**space.defaults(), "units": 16 + trial, "learning_rate": 10.0 ** -(trial + 1)}
        specs = [RungSpec(2 * trial + f, trial, "search", f, 0, values, 0, "", "", 0, 10, 10) for f in (0, 1)]
        store.add(specs, (trial, values))
        for spec in specs:
            store.begin(spec.job)
            scores = [0.5 + 0.05 * trial * (1 - math.exp(-e / 3)) + 0.01 * spec.fold for e in range(10)]
            epochs = [Epoch(e, 1.0, {"accuracy": s, "val_loss": 1 - s}) for e, s in enumerate(scores)]
            if trial == 4:
                store.end(spec.job, RungResult(spec.job, trial, "diverged", epochs[:2]))
            elif trial < 4:
                store.end(spec.job, RungResult(spec.job, trial, "completed", epochs, 9, scores[-1], 0.2))
    store.close()
    return directory


def test_what_is_written(search: Path) -> None:
    folder = write_all(search, BASELINES, {"accuracy": 0.61})
    assert sorted(p.name for p in folder.iterdir()) == [
        "leaderboard.csv", "leaderboard.md", "learning_curves.svg", "report.html", "score_over_time.svg",
        "search_space.yaml", "trials.json",
    ]  # fmt: skip
    rows = list(csv.DictReader((folder / "leaderboard.csv").read_text().splitlines()))
    assert [r["name"] for r in rows] == [
        "1-nearest <neighbour>", "trial 3", "trial 2", "trial 1", "trial 0", "majority", "trial 4", "trial 5",
    ]  # fmt: skip
    assert [r["status"] for r in rows][-2:] == ["diverged", "running"]
    assert rows[1]["units"] == "19"
    assert float(rows[1]["learning_rate"]) == 1e-4
    assert loads((folder / "search_space.yaml").read_text()).to_json() == load("classification").to_json()
    trials = json.loads((folder / "trials.json").read_text())
    assert len(trials[3]["epochs"][1]) == 10
    text = (folder / "leaderboard.md").read_text()
    assert "Test part: accuracy 0.61." in text
    assert "| 1 | *1-nearest <neighbour>* | 0.75 |" in text


def test_the_page_needs_no_network_and_escapes_names(search: Path) -> None:
    page = (write_all(search, BASELINES) / "report.html").read_text()
    assert "<script src=" not in page
    assert "1-nearest &lt;neighbour&gt;" in page
    assert "<neighbour>" not in page.replace("\\u003cneighbour\\u003e", "")
    assert page.count("plotly-graph-div") >= 3


def test_the_pictures_are_xml_and_name_the_best(search: Path) -> None:
    folder = write_all(search, BASELINES)
    for name in ("learning_curves.svg", "score_over_time.svg"):
        texts = [t.text for t in ET.fromstring((folder / name).read_text()).iter("{http://www.w3.org/2000/svg}text")]
        assert ("trial 3" in texts) == (name == "learning_curves.svg")
        assert any("majority" in str(t) for t in texts) == (name == "score_over_time.svg")


def test_a_search_without_a_finished_trial_has_a_report(tmp_path: Path) -> None:
    meta: dict[str, Any] = {
        "task": "regression", "space": load("regression").to_json(), "data_digest": "d", "metric": "rmse",
        "direction": "min", "seed": 0, "concurrency": 2, "oracle": "random", "scheduler": "none", "folds": 1,
        "patience": None, "limits": {},
    }  # fmt: skip
    Store.open_or_create(tmp_path / "s", meta).close()
    folder = write_all(tmp_path / "s", {})
    assert "nothing to show yet" in (folder / "learning_curves.svg").read_text()


def trial(number: int, score: float | None, **more: Any) -> TrialRow:
    status = "failed" if score is None else "completed"
    return TrialRow(number, {"units": number}, status, score, **more)


def test_less_is_better_where_it_is() -> None:
    rows = leaderboard(
        [trial(0, 2.0), trial(1, 1.0), trial(2, None)], {"mean": {"valid": {"rmse": 1.5}}}, "rmse", "min"
    )
    assert [(r["rank"], r["name"]) for r in rows] == [(1, "trial 1"), (2, "mean"), (3, "trial 0"), (None, "trial 2")]


def test_equal_scores_are_ranked_by_loss_and_trials_stand_before_floors() -> None:
    table = [trial(0, 1.0, loss=0.3), trial(1, 1.0, loss=0.2)]
    rows = leaderboard(table, {"majority": {"valid": {"accuracy": 1.0}}, "other": {"test": {}}}, "accuracy", "max")
    assert [r["name"] for r in rows] == ["trial 1", "trial 0", "majority", "other"]


def test_the_leaderboard_tells_how_long_each_trial_was_trained() -> None:
    table = [trial(0, 0.9, epochs=((0.1,) * 50, (0.1,) * 20)), trial(1, 0.8, epochs=((0.1,) * 6,)), trial(2, None)]
    rows = leaderboard(table, {"m": {"valid": {"acc": 0.1}}}, "acc", "max")
    assert [r["epochs"] for r in rows] == [50, 6, None, None]
    assert "| 50 | completed |" in markdown(rows)


def test_a_cut_table_still_shows_the_floors() -> None:
    rows = leaderboard([trial(i, 1.0 - i / 10) for i in range(5)], {"m": {"valid": {"acc": 0.1}}}, "acc", "max")
    text = markdown(rows, limit=2)
    assert text.count("| trial") == 2
    assert "| 6 | *m* | 0.1 |" in text


def test_what_all_trials_share_is_said_once() -> None:
    table = [TrialRow(i, {"units": i, "cell": "lstm"}, "completed", 1.0 - i) for i in range(2)]
    text = markdown(leaderboard(table, {}, "accuracy", "max"))
    assert "| completed | units=1 |" in text
    assert text.endswith("The same in all trials: cell=lstm.")


def test_a_cell_is_never_a_formula() -> None:
    row = TrialRow(0, {"name": "=1+1"}, "completed", 1.0)
    assert "'=1+1" in as_csv(leaderboard([row], {}, "accuracy", "max"))


def test_curves_are_means_over_the_folds_without_what_is_not_finite() -> None:
    row = TrialRow(7, {}, "completed", 1.0, epochs=((0.0, 0.5, math.nan), (1.0, 0.5, 0.5, 0.9)))
    assert learning_lines([row], best=7) == [Line("trial 7", (0.0, 1.0), (0.5, 0.5), strong=True)]


@pytest.mark.parametrize("values", [[1.0], [0.0, 0.0], [1e-9, 2e-9], [-5.0, 1e6], [1.0, 1.1, 1.2, 1.1, 1e12]])
def test_any_numbers_can_be_drawn(values: list[float]) -> None:
    text = svg.chart("a & b", [Line("l", range(len(values)), values, True)], x_label="x", y_label="y")
    numbers = [float(x) for e in ET.fromstring(text).iter() for k, x in e.attrib.items() if k in ("x", "y", "cx", "cy")]
    assert numbers
    assert all(-1 <= n <= svg.WIDTH for n in numbers)


def test_a_floor_far_away_is_named_with_its_value_and_not_drawn_elsewhere() -> None:
    scores = Line("l", range(8), [0.90, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97], strong=True)
    text = svg.chart("t", [scores], x_label="x", y_label="y", levels=[("near", 0.9), ("far", 0.1)])
    assert "far 0.1, below" in text
    assert text.count("stroke-dasharray") == 1


def test_a_far_floor_does_not_flatten_the_scores() -> None:
    scores = [0.97, 0.98, 0.985, 0.99, 0.992, 0.995]
    shown = score_over_time(Progress(scores, [*range(6)], scores, scores), "accuracy", {"majority": 0.1}).layout.yaxis
    low, high = shown.range
    assert 0.8 < low < 0.97
    assert high > 0.995
    assert score_over_time(Progress([], [], [], []), "accuracy", {}).layout.yaxis.range is None
