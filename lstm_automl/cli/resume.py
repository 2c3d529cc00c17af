"""``lstm-automl resume NAME``: continue a search with the settings it was called with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstm_automl.cli import options

if TYPE_CHECKING:
    from lstm_automl.estimators.request import Search

NONE = object()
"""Given instead of a value: there is to be none. An option that was not given is None."""


class _Removable(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """A limit, or ``none`` (or 0) for the end of it."""

    def __init__(self, kind: click.ParamType) -> None:  # type: ignore[type-arg]
        self.kind, self.name = kind, kind.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The limit, or :data:`NONE`."""
        if str(value).strip().lower() in ("0", "none"):
            return NONE
        return self.kind.convert(value, param, ctx)


@click.command()
@click.argument("name")
@options.home
@click.option("--max-trials", type=click.IntRange(1), help="A larger number of trials.")
@click.option("--time-budget", type=_Removable(options.Duration()), metavar="T",
              help="A new time budget for this call; 'none' removes it.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Processes.")
@click.option("--trial-time", type=_Removable(options.Duration()), metavar="T", help="Of a trial on a fold; or 'none'.")
@click.option("--trial-memory", type=_Removable(click.IntRange(1)), metavar="MIB", help="Likewise.")
@click.option("--executor", metavar="NAME", help="Where trials run from now on.")
@click.option("--address", metavar="URL", help="Of the cluster, where it is another one now.")
@click.option("--storage", metavar="URL", help="Directory through which files reach the cluster's workers.")
@options.tracking_uri
@options.as_json
def resume(name: str, home: str, as_json: bool, **changes: Any) -> None:
    """Continue the search NAME where it was stopped, with larger limits if wanted."""
    from lstm_automl.cli.main import began
    from lstm_automl.cli.places import executor_of, search_folder
    from lstm_automl.search.lock import SearchLock

    started, directory = began(), search_folder(name, home)
    with SearchLock(directory):
        pass
    from lstm_automl.search.executors import ready

    # workers import while this process does
    with ready.at_hand((changes["executor"] or executor_of(directory)) == "local"):
        from lstm_automl.cli.running import run_and_report
        from lstm_automl.estimators import placing, storing

        with SearchLock(directory):
            settings = _changed(directory, {k: v for k, v in changes.items() if v is not None})
            # kept for the next call: what cannot work must not be
            placing.reach(settings)
            storing.remember(directory, settings)
        result = run_and_report(directory, settings, started, quiet=as_json)
    if as_json:
        click.echo(options.as_line(result.to_json()))


def _changed(directory: Path, given: dict[str, Any]) -> Search:
    """The settings of the search, with what is given instead; the whole is checked."""
    from lstm_automl.errors import UsageError
    from lstm_automl.estimators import storing
    from lstm_automl.estimators.request import Search

    _, before = storing.request(directory)
    changed: dict[str, Any] = {k: None if v is NONE else v for k, v in given.items()}
    if changed.get("executor", before.executor) != before.executor:
        changed = {"address": None, "storage": None, **changed}
    if changed.get("max_trials", before.max_trials) < before.max_trials:
        raise UsageError(f"--max-trials {changed['max_trials']} is less than the search's {before.max_trials}")
    return Search(**{**before.model_dump(), **changed})
