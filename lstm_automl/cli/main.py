"""The lazy group: ``--help`` imports click and nothing else of weight."""

from __future__ import annotations

import errno
import importlib
import os
import time

import click

from lstm_automl import __version__
from lstm_automl.errors import LstmAutomlError, did_you_mean

# verb -> (module, one line of help); the module's attribute is the verb, with "-" as "_".
VERBS = {
    "search": ("lstm_automl.cli.search", "Find, log and register the best model for a data set."),
    "resume": ("lstm_automl.cli.resume", "Continue a search, with larger limits if wanted."),
    "sync": ("lstm_automl.cli.sync", "Send to MLflow what has not arrived there yet."),
    "runs": ("lstm_automl.cli.runs", "List, show and clean searches."),
    "predict": ("lstm_automl.cli.predict", "Predict with a trained model."),
    "evaluate": ("lstm_automl.cli.evaluate", "Score a trained model on labelled data."),
    "promote": ("lstm_automl.cli.promote", "Make a registered version the champion."),
    "spaces": ("lstm_automl.cli.spaces", "List, show and check search spaces."),
    "tasks": ("lstm_automl.cli.tasks", "List tasks and show what their data must look like."),
    "ui": ("lstm_automl.cli.ui", "Start the MLflow UI and print links to the search's charts."),
    "doctor": ("lstm_automl.cli.doctor", "Check this machine and installation."),
}

BEGAN = "lstm_automl.began"
DISK = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EDQUOT)


class LazyGroup(click.Group):
    """Loads a verb's module when it is called; help lines stand in :data:`VERBS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in the order of a first use."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one verb."""
        if cmd_name not in VERBS:
            return None
        command = getattr(importlib.import_module(VERBS[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Help without importing the verbs."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Say what was meant by an unknown verb."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            raise click.UsageError(f"unknown command {args[0]!r}{did_you_mean(args[0], VERBS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lstm-automl")
@click.pass_context
def cli(context: click.Context) -> None:
    """Search LSTM and BiLSTM models for sequence data: declare a space, search it, keep the best model."""
    context.meta[BEGAN] = time.monotonic()


def began() -> float:
    """When the command under way was called, on the monotonic clock: its time budget counts from there."""
    return float(click.get_current_context().meta.get(BEGAN, time.monotonic()))


def run(args: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        # not standalone: click gives a verb's exit code back instead of leaving the process
        code = cli.main(args=args, prog_name="lstm-automl", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return _stopped_code() or 130
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except LstmAutomlError as wrong:
        click.echo(f"Error: {wrong}", err=True)
        return wrong.exit_code
    except BrokenPipeError:  # ``| head`` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as wrong:
        click.echo(f"Error: {wrong.strerror or wrong}{f': {wrong.filename}' if wrong.filename else ''}", err=True)
        return 5 if wrong.errno in DISK else 2
    return code if isinstance(code, int) and code else _stopped_code()


def _stopped_code() -> int:
    from lstm_automl.cli import signals

    return signals.exit_code()
