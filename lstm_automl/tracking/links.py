"""Addresses in the MLflow UI that open on a search's charts; its own front page opens elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from mlflow import MlflowClient

_MOST = 100  # runs in one comparison: the address must stay short enough for a browser


def charts(base: str, experiment: str, parent: str, direction: str = "max") -> str:
    """The trials of a search with their curves, best first.

    Sorted by start, as by default, the UI would fold all trials into their parent and show no curve.

    Args:
        base: Where the UI listens.
        experiment: Its id.
        parent: Id of the parent run.
        direction: Of the objective.

    >>> charts("http://127.0.0.1:5000", "1", "abc").split("?")[0]
    'http://127.0.0.1:5000/#/experiments/1/runs'
    """
    wanted = quote(f"tags.\"mlflow.parentRunId\"='{parent}'", safe="")
    order = f"orderByKey={quote('metrics.`objective`', safe='')}&orderByAsc={str(direction == 'min').lower()}"
    query = f"workflowType=machine_learning&compareRunsMode=CHART&searchFilter={wanted}&{order}"
    return f"{base}/#/experiments/{experiment}/runs?{query}"


def comparison(base: str, experiment: str, runs: Sequence[str]) -> str:
    """The runs side by side: parallel coordinates, scatter and box plots."""
    chosen = quote(json.dumps(list(runs[:_MOST]), separators=(",", ":")), safe="")
    return f"{base}/#/compare-runs?runs={chosen}&experiments={quote(json.dumps([experiment]), safe='')}"


def of_search(client: MlflowClient, base: str, name: str) -> dict[str, str]:
    """Links to the newest search of an experiment: ``charts`` and ``comparison``; empty if there is none."""
    from lstm_automl.tracking.runs import PARENT, SEARCH_ID, TRIAL

    found = client.get_experiment_by_name(name)
    if found is None:
        return {}
    ours = client.search_runs([found.experiment_id], f"tags.`{SEARCH_ID}` != ''", order_by=["start_time DESC"])
    parents = [run for run in ours if TRIAL not in run.data.tags]
    if not parents:
        return {}
    parent = parents[0].info.run_id
    children = client.search_runs(
        [found.experiment_id], f"tags.`{PARENT}` = '{parent}'", max_results=_MOST, order_by=["start_time ASC"]
    )
    out = {"charts": charts(base, found.experiment_id, parent, parents[0].data.params.get("direction", "max"))}
    if len(children) > 1:
        out["comparison"] = comparison(base, found.experiment_id, [run.info.run_id for run in children])
    return out
