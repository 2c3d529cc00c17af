"""Sequences as what a caller has, lists and tables; ``lstm_automl.data.arrays`` takes them back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_automl.data.sequences import Sequences


def to_list(data: Sequences) -> list[NDArray[np.floating]]:
    """One ``(time, features)`` view a sequence."""
    return [data.sequence(i) for i in range(len(data))]


def to_table(data: Sequences) -> pd.DataFrame:
    """Sequences in served form, static columns beside them."""
    columns: dict[str, Any] = {"sequence": [data.sequence(i).tolist() for i in range(len(data))]}
    if data.static is not None:
        columns |= {name: data.static[:, i] for i, name in enumerate(data.static_names)}
    return pd.DataFrame(columns)
