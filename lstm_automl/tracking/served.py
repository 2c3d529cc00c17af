"""A bundle as MLflow stores and serves it: facts, signature, input example, requirements."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

LOADER = "lstm_automl.tracking.pyfunc"
_NEEDS = ("lstm_automl", "tensorflow", "keras", "numpy", "pandas", "pydantic", "scikit-learn")
