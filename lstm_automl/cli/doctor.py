"""``lstm-automl doctor``: what this machine offers a search."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib import metadata

import click

PACKAGES = ("tensorflow", "keras", "keras-tuner", "mlflow", "scikit-learn", "optuna", "numpy", "pandas")


@click.command()
def doctor() -> None:
    """Check this machine and installation; exit 1 when something a search needs is missing."""
    missing = []
    click.echo(f"python {sys.version.split()[0]} on {platform.platform()}")
    for name in PACKAGES:
        try:
            click.echo(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
            click.echo(f"{name} missing: pip install {name}", err=True)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    click.echo(f"cores {cores}; memory {_memory()}")
    disk = shutil.disk_usage(".")
    click.echo(f"disk {disk.free / 1e9:.1f} GB free here; writable: {'yes' if os.access('.', os.W_OK) else 'no'}")
    click.echo(f"gpu {_gpus()}")
    from lstm_automl.spaces import catalog

    click.echo(f"spaces {', '.join(catalog.names())}")
    if missing:
        raise click.exceptions.Exit(1)


def _gpus() -> str:
    """As workers are started: a GPU that TensorFlow cannot compute on is none to a search."""
    from lstm_automl.search.executors import devices

    found = devices.gpus()
    if found and not devices.usable(found):
        return f"none that TensorFlow can use: {len(found)} there without cuDNN (pip install 'tensorflow[and-cuda]')"
    return f"{len(found)}, one worker each" if found else "none"


def _memory() -> str:
    try:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return "unknown"
    return f"{pages / 1e9:.1f} GB"
