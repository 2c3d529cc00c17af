"""What every reader must do; run it over a new one with a function that writes its format.

::

    def test_reader(tmp_path):
        check_reader(read, write, tmp_path / "file.xyz")

    def write(path, data): ...   # sequences with values, offsets, channels and targets
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.data.readers import Reader
from lstm_automl.data.sequences import Sequences
from lstm_automl.errors import DataError

Write = Callable[[Path, Sequences], None]


def check_reader(
    read: Reader, write: Write, path: Path, options: DataOptions | None = None, *, ragged: bool = True
) -> None:
    """Run all checks of a reader.

    Args:
        read: The reader.
        write: Writes sequences in the reader's format.
        path: Where files may be written; its suffix is the format's.
        options: Options with which ``read`` takes back what ``write`` wrote.
        ragged: False where the format holds one univariate sequence a row, all of one length.
    """
    options = options or DataOptions()
    for kind in ("label", "value"):
        data = example(kind, ragged)
        write(path, data)
        check_same(data, read(path, options, kind=kind), path)
        check_same(data, read(path, options, kind=kind), path)
    check_without_targets(read, write, path, options, ragged)
    check_bad_values(read, write, path, options, ragged)
    check_bad_files(read, path, options)
    check_damaged_files(read, write, path, options, ragged)


def example(kind: Kind, ragged: bool = True) -> Sequences:
    """Three sequences whose numbers need all their digits."""
    lengths, width = ([2, 4, 1], 2) if ragged else ([3, 3, 3], 1)
    values = np.sin(np.arange(sum(lengths) * width) + 0.1).reshape(-1, width) / 3
    targets: Any = np.array(["no", "yes", "no"]) if kind == "label" else np.array([0.1, -2.0, 1e-7])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Sequences(values, offsets, tuple(f"c{i}" for i in range(width)), targets)


def check_same(wanted: Sequences, found: Sequences, path: Path) -> None:
    """Equal numbers to the last bit, float64, named after the file."""
    assert found.values.dtype == np.float64
    assert found.offsets.dtype == np.int64
    np.testing.assert_array_equal(found.values, wanted.values)
    np.testing.assert_array_equal(found.offsets, wanted.offsets)
    assert len(found.channels) == found.values.shape[1]
    assert found.targets is not None
    np.testing.assert_array_equal(found.targets, wanted.targets)
    assert not found.target_per_row
    assert found.source == path.name


def check_without_targets(read: Reader, write: Write, path: Path, options: DataOptions, ragged: bool) -> None:
    """Targets may be absent only where ``labelled=False``, and are then None."""
    data = replace(example("label", ragged), targets=None)
    write(path, data)
    found = read(path, options, kind="label", labelled=False)
    assert found.targets is None
    np.testing.assert_array_equal(found.values, data.values)


def check_bad_values(read: Reader, write: Write, path: Path, options: DataOptions, ragged: bool) -> None:
    """Infinity is refused, NaN unless ``allow_nan``; the message begins with the file's name."""
    for bad, word in ((np.nan, "missing value"), (np.inf, "infinite value")):
        data = example("label", ragged)
        data.values[1, 0] = bad
        write(path, data)
        message = refusal(read, path, options)
        assert message.startswith(path.name), message
        assert word in message, message
        masking = options.model_copy(update={"allow_nan": True})
        if np.isnan(bad):
            np.testing.assert_array_equal(read(path, masking, kind="label").values, data.values)
        else:
            assert word in refusal(read, path, masking)


def check_bad_files(read: Reader, path: Path, options: DataOptions) -> None:
    """Empty files, noise and half a file are one DataError naming the file, never another exception."""
    noise = bytes(np.random.default_rng(0).integers(0, 256, 500, dtype=np.uint8))
    for content in (b"", b"\n", noise, b"\0" * 20, b"PK\x03\x04", b"\x1f\x8b\x08"):
        path.write_bytes(content)
        assert path.name in refusal(read, path, options)


def check_damaged_files(
    read: Reader, write: Write, path: Path, options: DataOptions, ragged: bool, count: int = 200
) -> None:
    """A file cut anywhere or changed in one byte is read, or refused by DataError: nothing else escapes."""
    write(path, example("label", ragged))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for i in range(count):
        at = int(rng.integers(len(whole)))
        changed = bytes([int(rng.integers(256))])
        path.write_bytes(whole[:at] if i % 4 == 0 else whole[:at] + changed + whole[at + 1 :])
        with suppress(DataError):
            found = read(path, options, kind="label")
            assert found.offsets[-1] == len(found.values)


def refusal(read: Reader, path: Path, options: DataOptions) -> str:
    """The message with which a file is refused."""
    try:
        read(path, options, kind="label")
    except DataError as error:
        return str(error)
    raise AssertionError(f"{path.name} was read although it is not usable")
