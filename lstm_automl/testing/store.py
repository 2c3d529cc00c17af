"""What a store must keep. ``check_store(directory)`` raises AssertionError where it does not."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from lstm_automl.search.contracts import RungResult, RungSpec
from lstm_automl.search.store import Store
from lstm_automl.search.view import StoreView
from lstm_automl.testing.dummy import score
from lstm_automl.testing.search import facts, small_space


def check_store(directory: Path) -> None:
    """What is written is there after a new start, and seen by readers at once.

    Args:
        directory: An empty folder.
    """
    values = small_space().defaults()
    spec = RungSpec(0, 0, "search", 0, 0, values, 0, "", "", 0, 2, 2)
    epochs = [score(spec, 0), score(spec, 1)]
    result = RungResult(0, 0, "completed", tuple(epochs), 1, 0.5, 0.5)
    with closing(Store.open_or_create(directory, facts(small_space()))) as store, StoreView(directory) as view:
        store.add([spec], (0, values))
        assert [j.spec for j in view.jobs()] == [spec], "a job is not seen"
        assert view.table()[0].status == "running", view.table()
        store.begin(0)
        store.add_epochs([(0, epochs[0])])
        store.add_epochs([(0, epochs[0])])
        assert [e.epoch for e in view.epochs()] == epochs[:1], "an epoch is lost, or there twice"
        store.end(0, result)
        assert [e.epoch for e in view.epochs(after_rowid=view.epochs()[0].rowid)] == epochs[1:], "epochs of a result"
        table, meta = view.table(), view.meta()
    with closing(Store.open_or_create(directory, facts(small_space()))) as store, StoreView(directory) as view:
        assert view.table() == table, "the table changed"
        assert store.meta == meta == view.meta(), "facts changed"
        assert store.jobs[0].result == result, "the result changed"
        assert store.repaired == [], "whole rows were taken for damaged"
