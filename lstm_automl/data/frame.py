"""Framed data: named flat fields and a table of examples, free of any hyper-parameter, mapped by workers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Field:
    """One named array: with ``offsets`` it has a time axis of its own lengths, stored flat.

    Args:
        values: ``(rows, *shape)`` with a time axis, ``(n, *shape)`` without.
        offsets: ``(n + 1,)`` int64 row offsets, or None for no time axis.
    """

    values: Array
    offsets: Array | None = None


@dataclass(frozen=True)
class Frame:
    """What a search trains on and scores; equal for every trial.

    An *example* reads rows ``[max(low, end - window), end)`` of the fields with a time axis, where
    ``window`` is a hyper-parameter (absent: all of ``[low, end)``). For whole sequences ``low`` and ``end``
    are the row offsets; for forecasting ``end`` is the origin and the target is rows ``[end, end + horizon)``.

    Args:
        fields: ``x`` ``(rows, features)`` unscaled (NaN only where the task allows it); optionally ``y``
            ``(examples, ...)`` targets (int codes or numbers in original units), ``static``
            ``(sequences, s)``, ``weight`` ``(examples,)``.
        examples: ``sequence``, ``low``, ``end``: ``(examples,)`` int64 each. ``sequence`` indexes
            fields without a time axis that are per sequence (``static``).
        info: JSON facts fitted or read while framing (classes, channels, horizon, target_channels,
            known_channels, season, vocabulary ...); enough to frame unseen data the same way.
    """

    fields: Mapping[str, Field]
    examples: Mapping[str, NDArray[np.int64]]
    info: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.examples["end"])

    @property
    def features(self) -> int:
        """Width of ``x``."""
        return int(self.fields["x"].values.shape[1])

    @property
    def static(self) -> int:
        """Width of ``static``; 0 without."""
        return int(self.fields["static"].values.shape[1]) if "static" in self.fields else 0

    @property
    def lengths(self) -> NDArray[np.int64]:
        """``(examples,)`` steps an example may read at most."""
        return np.asarray(self.examples["end"] - self.examples["low"])

    def digest(self) -> str:
        """SHA-256 of names, shapes and bytes; equal data, equal digest."""
        h = hashlib.sha256(json.dumps(self.info, sort_keys=True).encode())
        for name, array in sorted(self._arrays().items()):
            a = np.ascontiguousarray(array)
            h.update(f"{name}{a.dtype.str}{a.shape}".encode())
            h.update(a.data.cast("B") if a.size else b"")
        return h.hexdigest()

    def save(self, folder: Path) -> None:
        """Write one ``.npy`` an array and ``frame.json`` into a new or empty folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in self._arrays().items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        (folder / "frame.json").write_text(json.dumps({"info": dict(self.info)}, sort_keys=True))

    @classmethod
    def load(cls, folder: Path) -> Frame:
        """Map the arrays read-only; nothing is copied."""
        fields: dict[str, Field] = {}
        examples: dict[str, NDArray[np.int64]] = {}
        arrays = {p.stem: np.load(p, mmap_mode="r", allow_pickle=False) for p in sorted(folder.glob("*.npy"))}
        for name, array in arrays.items():
            kind, _, rest = name.partition(".")
            if kind == "example":
                examples[rest] = array
            elif kind == "field":
                fields[rest] = Field(array, arrays.get(f"offsets.{rest}"))
        return cls(fields, examples, json.loads((folder / "frame.json").read_text())["info"])

    def _arrays(self) -> dict[str, Array]:
        out: dict[str, Array] = {f"example.{k}": v for k, v in self.examples.items()}
        for name, f in self.fields.items():
            out[f"field.{name}"] = f.values
            if f.offsets is not None:
                out[f"offsets.{name}"] = f.offsets
        return out
