"""GPUs, counted without TensorFlow; how many workers a machine takes, and which of them sees which GPU."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from ctypes.util import find_library
from pathlib import Path
from typing import Literal

Mode = Literal["fork", "spawn"]
NVIDIA = Path("/proc/driver/nvidia/gpus")
VISIBLE = "CUDA_VISIBLE_DEVICES"


def gpus(folder: Path = NVIDIA, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What a process may name in ``CUDA_VISIBLE_DEVICES`` to see one GPU, an entry a GPU.

    Args:
        folder: Where the driver lists the machine's GPUs.
        environment: None = this process's own.
    """
    allowed = (os.environ if environment is None else environment).get(VISIBLE)
    if allowed is not None:
        return _listed(allowed)
    there = len(list(folder.glob("*"))) if folder.is_dir() else _ask_smi()
    return tuple(str(i) for i in range(there))


def usable(found: tuple[str, ...]) -> tuple[str, ...]:
    """The GPUs TensorFlow can compute on: none without the CUDA libraries it loads."""
    return found if found and (_wheel() or find_library("cudnn")) else ()


def kind() -> Literal["cpu", "gpu"]:
    """What rungs on this machine are computed by; the last digits differ."""
    return "gpu" if usable(gpus()) else "cpu"


def default_mode(found: tuple[str, ...]) -> Mode:
    """``spawn`` where a forked process could hang: with a GPU in use, or not on Linux."""
    return "spawn" if found or sys.platform != "linux" else "fork"


def slots(found: tuple[str, ...] | None = None) -> int:
    """Workers this machine takes: one a GPU, else one a core this process may use."""
    found = usable(gpus()) if found is None else found
    return len(found) or cores()


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def seen_by(slot: int, found: tuple[str, ...]) -> dict[str, str]:
    """The environment of the worker in a slot: one GPU, which workers beyond their number share.

    >>> seen_by(3, ("0", "1"))
    {'CUDA_VISIBLE_DEVICES': '1', 'TF_FORCE_GPU_ALLOW_GROWTH': 'true'}
    >>> seen_by(3, ())
    {}
    """
    if not found:
        return {}
    return {VISIBLE: found[slot % len(found)], "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


def _listed(allowed: str) -> tuple[str, ...]:
    """The entries up to the first that names none, as CUDA reads them."""
    names = []
    for name in map(str.strip, allowed.split(",")):
        if not name or name.startswith("-"):
            break
        names.append(name)
    return tuple(names)


def _ask_smi() -> int:
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        done = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines()) if done.returncode == 0 else 0


def _wheel() -> bool:
    """CUDA installed beside TensorFlow, as ``tensorflow[and-cuda]`` does."""
    try:
        return importlib.util.find_spec("nvidia.cudnn") is not None
    except ModuleNotFoundError:
        return False
