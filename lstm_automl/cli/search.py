"""``lstm-automl search TASK``: one sub-command a task, its own options beside the common ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lstm_automl import plugins
from lstm_automl.cli import options
from lstm_automl.errors import UsageError, did_you_mean


def _common() -> list[click.Parameter]:
    def opt(*names: str, **kwargs: Any) -> click.Option:
        return click.Option(list(names), **kwargs)

    return [
        opt("--data", required=True, metavar="F", help="digits, demo, or a CSV, Parquet, NPZ or .ts file."),
        opt("--valid", metavar="F", help="Published validation file."),
        opt("--test", metavar="F", help="Published test file, looked at once."),
        opt("--split", type=options.Sizes(), metavar="A,B,C", help="Sizes of train, valid and test in file order."),
        opt("--space", metavar="F|NAME", help="Search space.  [default: the task's]"),
        opt("--set", "fixed", multiple=True, metavar="NAME=VALUE", help="Hold a parameter at a value; repeatable."),
        opt("--name", metavar="NAME", help="Name of search, experiment and model.  [default: TASK-DATA]"),
        opt("--home", default="searches", show_default=True, metavar="DIR", help="Folder of searches."),
        opt("--oracle", default="tpe", show_default=True, type=_Registered("oracle"), help="What to try next."),
        opt("--scheduler", default="asha", show_default=True, type=_Registered("scheduler"), help="How far to train."),
        opt("--metric", metavar="M", help="Objective.  [default: the task's first]"),
        opt("--max-trials", default=40, show_default=True, type=click.IntRange(1)),
        opt("--max-epochs", default=50, show_default=True, type=click.IntRange(1),
            help="Epochs of a trial; an epoch is 16 to 256 optimiser steps."),
        opt("--patience", default=10, show_default=True, type=click.IntRange(1),
            help="Epochs without a better score before a trial ends; from the middle of a falling schedule on."),
        opt("--time-budget", type=options.Duration(), metavar="T", help="Limit for everything: 90s, 10m, 2h."),
        opt("--cv", type=click.IntRange(1, 50), metavar="K",
            help="Folds.  [default: 5 below 500 examples without --valid and --split, else 1]"),
        opt("--workers", type=click.IntRange(1), metavar="N",
            help="Processes, at most --concurrency.  [default: one a GPU, else one a core]"),
        opt("--trial-time", type=options.Duration(), metavar="T", help="A trial that takes longer a fold is failed."),
        opt("--trial-memory", type=click.IntRange(1), metavar="MIB", help="Likewise for memory, after three attempts."),
        opt("--concurrency", default=8, show_default=True, type=click.IntRange(1), help="Jobs decided ahead."),
        opt("--executor", default="local", show_default=True, type=_Registered("executor"), help="Where trials run."),
        opt("--address", metavar="URL", help="Of the cluster: tcp://HOST:PORT (dask), HOST:PORT (ray)."),
        opt("--storage", metavar="URL", help="Directory through which files reach a cluster's workers: s3://, file://."),
        opt("--ensemble", default=5, show_default=True, type=click.IntRange(1),
            help="Refitted copies of the best, averaged in the model."),
        opt("--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1)),
        opt("--tracking-uri", metavar="URI", callback=options.checked_uri,
            help="MLflow store.  [default: $MLFLOW_TRACKING_URI, else sqlite:///mlflow.db]"),
        opt("--register", "register_as", metavar="NAME", help="Name of the registered model.  [default: the search's]"),
        opt("--no-register", is_flag=True, help="Do not register the model."),
        opt("--dry-run", is_flag=True, help="Show split, parameters and estimated time; write nothing."),
        opt("--json", "as_json", is_flag=True, help="Last line of output is one JSON object."),
    ]  # fmt: skip


class _Registered(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """A registered name of a kind, with what was meant."""

    def __init__(self, kind: str) -> None:
        self.kind, self.name = kind, "|".join(plugins.names(kind))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, checked."""
        if value not in plugins.names(self.kind):
            self.fail(
                f"unknown {self.kind} {value!r}{did_you_mean(str(value), plugins.names(self.kind))}",
                param,
                ctx,
            )
        return str(value)


class TaskGroup(click.Group):
    """One sub-command a registered task; only the named task is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Registered tasks."""
        return plugins.names("task")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one task."""
        if cmd_name not in plugins.names("task"):
            return None
        task = plugins.load("task", cmd_name)
        own = options.from_model(task.options)
        names = frozenset(o.name or "" for o in own)

        def run(**given: Any) -> None:
            mine = {k: v for k, v in given.items() if k in names and v is not None}
            _search(cmd_name, mine, {k: v for k, v in given.items() if k not in names})

        helped = (
            f"Search {cmd_name}: {plugins.find('task', cmd_name).help}. 'tasks show {cmd_name}' describes the data."
        )
        return click.Command(cmd_name, params=[*_common(), *own], callback=run, help=helped)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Tasks with their one line, none imported."""
        with formatter.section("Tasks"):
            formatter.write_dl([(n, plugins.find("task", n).help) for n in plugins.names("task")])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say what was meant by an unknown task."""
        if args and not args[0].startswith("-"):
            plugins.find("task", args[0])
        return super().resolve_command(ctx, args)


@click.group(cls=TaskGroup, subcommand_metavar="TASK --data F [OPTIONS]")
def search() -> None:
    """Find, log and register the best model for a data set.

    Each task has options of its own: lstm-automl search TASK --help.
    """


def _search(task: str, task_options: dict[str, Any], given: dict[str, Any]) -> None:
    from lstm_automl.cli.main import began
    from lstm_automl.estimators.request import Search
    from lstm_automl.spaces.settings import parse_items

    started = began()
    overrides = parse_items(given.pop("fixed"))
    source = {k: given.pop(k) for k in ("data", "valid", "test", "split")}
    as_json, dry = given.pop("as_json"), given.pop("dry_run")
    if given["register_as"] == "":
        raise UsageError("--register: an empty name; --no-register leaves the model out of the registry")
    if given.pop("no_register"):
        if given["register_as"]:
            raise click.UsageError("--register and --no-register contradict each other")
        given["register_as"] = ""
    settings = Search(set=overrides, **given)
    from lstm_automl.estimators import flow
    from lstm_automl.search.executors import ready

    if not dry:
        _refuse_locked(task, source["data"], settings)
    with ready.at_hand(not dry and settings.executor == "local"):
        with options.warnings_told():
            problem, space, name = flow.prepare(task, options=task_options, settings=settings, **source)
        if dry:
            from lstm_automl.cli.dry_run import describe

            click.echo(describe(problem, space, settings, name))
            return
        from lstm_automl.cli.running import run_and_report
        from lstm_automl.estimators import storing

        directory = storing.create(Path(settings.home) / name, problem, space, settings)
        result = run_and_report(directory, settings, started, quiet=as_json)
    if as_json:
        click.echo(options.as_line(result.to_json()))


def _refuse_locked(task: str, data: str, settings: Any) -> None:
    """A second driver hears of the first before anything heavy is imported."""
    from lstm_automl.estimators.preparing import default_name
    from lstm_automl.estimators.storing import REQUEST, check_place
    from lstm_automl.search.lock import SearchLock

    directory = Path(settings.home) / (settings.name or default_name(task, data))
    check_place(directory)
    if (directory / REQUEST).is_file():
        with SearchLock(directory):
            pass
