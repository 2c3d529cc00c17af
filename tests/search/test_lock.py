"""One driver a directory, whatever becomes of the other."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lstm_automl.errors import LockedError, StorageError
from lstm_automl.search.lock import SearchLock, is_held

HOLD = "import sys, time; from pathlib import Path; from lstm_automl.search.lock import SearchLock\n"
HOLD += "with SearchLock(Path(sys.argv[1])): print('held', flush=True); time.sleep(3600)"


def test_the_second_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    with SearchLock(tmp_path), pytest.raises(LockedError, match=r"pid [0-9]+.*choose another --name"):
        SearchLock(tmp_path).acquire()
    with SearchLock(tmp_path):
        pass


def test_kill_9_frees_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        with pytest.raises(LockedError, match=f"pid {owner.pid}"):
            SearchLock(tmp_path).acquire()
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    with SearchLock(tmp_path):
        pass


def test_looking_is_not_taking(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    assert list(tmp_path.iterdir()) == [], "nothing is written"
    with SearchLock(tmp_path):
        assert is_held(tmp_path)
        assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_a_look_at_it_refuses_no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lock").touch()
    with (tmp_path / "lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
        with SearchLock(tmp_path):
            assert is_held(tmp_path)


def test_it_imports_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys; from lstm_automl.search.lock import SearchLock; SearchLock\n"
    code += "assert not {'numpy', 'pydantic', 'sqlite3', 'keras'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot lock"):
        SearchLock(tmp_path / "file").acquire()
