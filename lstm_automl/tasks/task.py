"""The task contract: the meaning of data and of a model's outputs, in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from lstm_automl.data.frame import Frame
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.data.split import Index, Split

Outputs = NDArray[np.floating]
Direction = Literal["max", "min"]
Scores = dict[str, float]


class TaskOptions(BaseModel):
    """Base of a task's options; each field's ``description`` is the help of its command-line flag."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Metric:
    """A named score and the direction in which it is better."""

    name: str
    direction: Direction


@dataclass(frozen=True)
class HeadSpec:
    """What a model's last layers must produce.

    Args:
        name: Registered head.
        outputs: Classes (label), numbers (value) or target channels (horizon).
        loss: ``"crossentropy"`` (integer codes), ``"mse"``, ``"mae"`` or ``"huber"`` on the training scale.
        horizon: Steps ahead, 0 where the head has none.
        causal: True where an output may not see later steps: no bidirectional layer may be built.
        options: What else the head needs (JSON), e.g. ``target_channels``, ``known_channels``.
    """

    name: str
    outputs: int
    loss: str
    horizon: int = 0
    causal: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """What was fitted on the training part alone.

    Args:
        info: JSON facts.
        arrays: ``x_mean``, ``x_std`` ``(features,)``: the network sees ``(x - x_mean) / x_std``, NaN as 0;
            ``static_mean``, ``static_std``; ``y_mean``, ``y_std`` ``(outputs,)`` for numeric targets (the network
            sees and returns ``(y - y_mean) / y_std``); ``class_weight`` ``(classes,)`` where asked for. A category
            that the training part lacks has a deviation that takes it to zero.
    """

    info: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """Framed data with its parts."""

    frame: Frame
    split: Split


class Task(Protocol):
    """One file a task. All methods are pure; arrays are NumPy; randomness comes from ``seed``.

    ``outputs`` always means what the network returns for examples, in order: probabilities ``(n, classes)``,
    scaled numbers ``(n, outputs)``, scaled forecasts ``(n, horizon, outputs)``.
    """

    name: ClassVar[str]
    options: ClassVar[type[TaskOptions]]
    metrics: ClassVar[tuple[Metric, ...]]
    """The first is the default objective."""

    def demo(self, seed: int = 0) -> tuple[Sequences, TaskOptions]:
        """A small deterministic set this task makes itself, with the options that go with it."""

    def read(self, path: Path, options: TaskOptions, *, labelled: bool = True) -> Sequences:
        """Read one file. Raises DataError naming file, row and column. ``labelled=False``: targets may be absent."""

    def prepare(
        self,
        parts: Parts,
        options: TaskOptions,
        *,
        seed: int = 0,
        folds: int | None = None,
        sizes: tuple[int, ...] | None = None,
    ) -> Prepared:
        """Frame the parts and split them. ``folds``: None = the small-data rule, 1 = a hold-out part, K.
        ``sizes``: rows (forecasting) or sequences of train, valid[, test] in file order (``--split``)."""

    def frame(self, data: Sequences, options: TaskOptions, info: Mapping[str, Any]) -> Frame:
        """Frame unseen data as ``info`` (of a training frame) says: one example a sequence, to predict."""

    def fit_state(self, frame: Frame, train: Index, options: TaskOptions) -> State:
        """Scalers and weights of the training examples alone."""

    def head(self, frame: Frame, values: Mapping[str, Any]) -> HeadSpec:
        """The head and loss for these hyper-parameter values."""

    def score(self, frame: Frame, examples: Index, outputs: Outputs, state: State) -> Scores:
        """Every metric of ``metrics`` in original units (``*_scaled`` on the training scale)."""

    def baselines(self, prepared: Prepared, options: TaskOptions) -> dict[str, dict[str, Scores]]:
        """Floors: name -> ``{"valid": scores, "test": scores}`` (test only where there is a test part)."""

    def decode(self, frame: Frame, examples: Index, outputs: Outputs, state: State) -> dict[str, NDArray[Any]]:
        """The output table: ``prediction``, ``proba_LABEL`` ..., one entry an example."""

    def example(self) -> str:
        """What a file for this task must look like, shown by ``tasks show``."""
