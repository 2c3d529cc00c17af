"""The store keeps the store contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_automl.testing.store import check_store


@pytest.mark.parametrize("name", ["search", "exp[1]", "what? 100% #1"])
def test_contract(name: str, tmp_path: Path) -> None:
    check_store(tmp_path / name)
