"""What many fits in one process leave behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from lstm_automl import LSTMClassifier
from lstm_automl.models import graph


@pytest.fixture
def nothing_collected() -> Iterator[None]:
    """Only what is asked for is given back."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("nothing_collected")
def test_a_fit_gives_back_the_graphs_that_are_not_kept(
    cube: Any, labels: Any, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "MOST", 1)
    made: list[weakref.ref[graph.Graph]] = []
    for units in (2, 3, 5):
        LSTMClassifier(**{**tiny, "units": units, "max_epochs": 1}).fit(cube, labels)
        made += [weakref.ref(kept) for kept in graph._kept.values()]
    assert [kept() is None for kept in made] == [True, True, False]
