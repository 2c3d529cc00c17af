"""Install a plug-in for the length of a test, as a distribution with entry points would."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lstm_automl import plugins


@contextmanager
def installed(folder: Path, points: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Within: the modules in ``folder`` are importable, also by workers, and the plug-ins they hold registered.

    Args:
        folder: Holds the modules; gets the metadata of a distribution.
        points: kind -> name -> ``"module:PLUGIN"``, a :class:`lstm_automl.plugins.Plugin`.

    >>> import tempfile
    >>> from lstm_automl.plugins import names
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = (Path(name) / "my_cells.py").write_text(
    ...         "from lstm_automl.plugins import Plugin\\nMINE = Plugin('my_cells:Mine', 'a cell of mine')"
    ...     )
    ...     with installed(Path(name), {"cell": {"mine": "my_cells:MINE"}}):
    ...         "mine" in names("cell")
    True
    >>> "mine" in names("cell")
    False
    """
    metadata = folder / "extension_under_test-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: extension-under-test\nVersion: 1\n")
    groups = [
        "\n".join([f"[lstm_automl.{kind}]", *(f"{name} = {target}" for name, target in named.items())])
        for kind, named in points.items()
    ]
    (metadata / "entry_points.txt").write_text("\n\n".join(groups) + "\n")
    path = os.environ.get("PYTHONPATH")
    loaded = set(sys.modules)
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), path]))
    _forget()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        os.environ.pop("PYTHONPATH")
        if path is not None:
            os.environ["PYTHONPATH"] = path
        for name in set(sys.modules) - loaded:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                del sys.modules[name]
        _forget()


def _forget() -> None:
    importlib.invalidate_caches()
    plugins.registered.cache_clear()
