"""A text file as one string: unpacked, decoded, free of NUL bytes."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from lstm_automl.errors import DataError


def read_text(path: Path) -> str:
    """Read UTF-8 text, through gzip where the name ends in ``.gz``.

    Raises:
        DataError: not readable, not gzip, not UTF-8, NUL bytes, or empty.
    """
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path.name}: not a whole gzip file: {error}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    at = data.find(b"\0")
    if at >= 0:
        line = data.count(b"\n", 0, at) + 1
        raise DataError(f"{path.name}:{line}: NUL byte: this is not a text file (or UTF-16: save it as UTF-8)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path.name}:{line}: not UTF-8 text: byte 0x{data[error.start]:02x}") from None
    if not text.strip():
        raise DataError(f"{path.name}: the file is empty")
    return text
