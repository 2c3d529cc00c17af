"""Memory: what a process holds, what the machine has, and how much of it one worker may keep."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
MOST = 2 << 30
LEAST = 256 << 20


@dataclass(frozen=True)
class Seen:
    """A process from outside: bytes it holds for itself, and whether somebody has stopped it (SIGSTOP)."""

    held: int
    stopped: bool


def look(pid: int) -> Seen | None:
    """A process as it is now; None when it is gone. Mapped files do not count: they are the system's to drop."""
    if not PROC.is_dir():
        return _ask_ps(pid)
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return None
    found = dict(line.split(":", 1) for line in lines if line.startswith(("State:", "RssAnon:", "VmSwap:")))
    held = sum(int(found[key].split()[0]) for key in ("RssAnon", "VmSwap") if key in found)
    return Seen(held * 1024, found.get("State", "").strip()[:1] in ("T", "t"))


def held() -> int:
    """Bytes this process holds for itself."""
    seen = look(os.getpid())
    return 0 if seen is None else seen.held


def machine(proc: Path = PROC, cgroups: Path = CGROUPS) -> int:
    """Bytes of memory this process may use: the machine's, or less where a control group says so."""
    limits = []
    with contextlib.suppress(OSError):
        lines = (proc / "meminfo").read_text().splitlines()
        limits += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal:")]
    found = [cgroups / "memory" / "memory.limit_in_bytes", *groups("memory.max", proc, cgroups)]
    for path in found:
        with contextlib.suppress(OSError, ValueError):  # "max": no limit
            limits.append(int(path.read_text()))
    if not limits:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(limits)


def oom_kills(proc: Path = PROC) -> int | None:
    """How many processes this machine has ever killed for want of memory, in control groups too; None = unknown."""
    with contextlib.suppress(OSError, ValueError):
        for line in (proc / "vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def starved_since(before: int | None, proc: Path = PROC) -> bool | None:
    """Whether that number has grown."""
    now = oom_kills(proc)
    return None if now is None or before is None else now > before


def share(workers: int, total: int) -> int:
    """Bytes a worker may gain before it is replaced: together they keep within half of the machine.

    >>> share(4, 64 << 30) >> 20, share(8, 8 << 30) >> 20, share(64, 8 << 30) >> 20
    (2048, 512, 256)
    """
    return max(LEAST, min(MOST, total // 2 // workers))


def spare_the_others() -> None:
    """When the machine runs out of memory this process is to go, not the driver or somebody else's work."""
    with contextlib.suppress(OSError):
        (PROC / "self" / "oom_score_adj").write_text("500")


def groups(limit: str, proc: Path = PROC, cgroups: Path = CGROUPS) -> list[Path]:
    """Files that may hold a limit: of this process's control group and of those around it."""
    found = [cgroups / limit]
    with contextlib.suppress(OSError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            number, _, name = line.split(":", 2)
            group = Path(name.lstrip("/"))
            if number == "0" and name != "/":
                found += [cgroups / g / limit for g in (group, *group.parents)]
    return found


def _ask_ps(pid: int) -> Seen | None:
    """Where there is no /proc: everything resident counts."""
    done = subprocess.run(["ps", "-o", "rss=,state=", "-p", str(pid)], capture_output=True, text=True, check=False)
    words = done.stdout.split()
    return Seen(int(words[0]) * 1024, words[1].startswith("T")) if len(words) == 2 else None
