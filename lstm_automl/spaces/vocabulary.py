"""What each hyper-parameter is: its type, its hard limits, its names. Ranges of a search stand in the YAML.

A name that another distribution's plug-in reads is not listed here and is not limited.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lstm_automl import plugins
from lstm_automl.errors import did_you_mean
from lstm_automl.spaces.space import Value


@dataclass(frozen=True)
class Meaning:
    """What one hyper-parameter can be at all.

    Args:
        kind: ``int``, ``float``, ``bool``, or ``name`` (one of ``names``).
        help: One line, shown by ``spaces show`` and by editors.
        low, high: Inclusive limits of numbers.
        above: ``low`` itself is not allowed.
        below: ``high`` itself is not allowed.
        names: The valid names; empty where ``plugin`` gives them.
        plugin: Kind of plug-in whose registered names are valid.
        needs: Parameter -> values without which this one does nothing.
    """

    kind: Literal["int", "float", "bool", "name"]
    help: str
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    below: bool = False
    names: tuple[str, ...] = ()
    plugin: str = ""
    needs: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def valid_names(self) -> list[str]:
        """The names a ``name`` may take."""
        return plugins.names(self.plugin) if self.plugin else list(self.names)

    def limits(self) -> str:
        """The limits in words.

        >>> VOCABULARY["dropout"].limits(), VOCABULARY["units"].limits()
        ('a number from 0 to below 1', 'a whole number from 1 to 8192')
        """
        if self.kind == "bool":
            return "true or false"
        if self.kind == "name":
            return "one of " + ", ".join(self.valid_names())
        noun = "a whole number" if self.kind == "int" else "a number"
        low = f"{'above' if self.above else 'from'} {self.low:.12g}" if math.isfinite(self.low) else ""
        to = "to below" if self.below else "up to" if self.above else "to"
        high = f"{to} {self.high:.12g}" if math.isfinite(self.high) else ""
        return " ".join(part for part in (noun, low, high) if part)

    def problem(self, value: Value) -> str:
        """Why ``value`` cannot be, or an empty string.

        >>> VOCABULARY["optimizer"].problem("adm")
        "'adm' is not a name it knows; did you mean 'adam'? (valid: adam, nadam, rmsprop)"
        """
        if self.kind == "name":
            if isinstance(value, str):
                valid = self.valid_names()
                hint = did_you_mean(value, valid)
                return "" if value in valid else f"{value!r} is not a name it knows{hint}"
            return f"{shown(value)} is not {self.limits()}"
        if self.kind == "bool":
            return "" if isinstance(value, bool) else f"{shown(value)} is not true or false"
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self._admits(float(value)):
            return f"{shown(value)} is not {self.limits()}"
        return ""

    def _admits(self, value: float) -> bool:
        if not math.isfinite(value) or (self.kind == "int" and not value.is_integer()):
            return False
        low = value > self.low if self.above else value >= self.low
        high = value < self.high if self.below else value <= self.high
        return low and high


def _whole(help: str, high: int = 1_000_000) -> Meaning:
    return Meaning("int", help, 1, high)


def _names(help: str, *names: str, **needs: tuple[Value, ...]) -> Meaning:
    return Meaning("name", help, names=names, needs=needs)


def _share(help: str) -> Meaning:
    return Meaning("float", help, 0, 1, below=True)


VOCABULARY: Mapping[str, Meaning] = {
    "cell": Meaning("name", "recurrent cell", plugin="cell"),
    "num_layers": _whole("recurrent layers", 16),
    "units": _whole("width of a recurrent layer, in each direction", 8192),
    "bidirectional": Meaning("bool", "read the sequence both ways"),
    "merge_mode": _names("how both directions are joined", "concat", "sum", "ave", "mul", bidirectional=(True,)),
    "dropout": _share("share of a recurrent layer's inputs, and of the head's, dropped in training"),
    "recurrent_dropout": _share("share of the recurrent state dropped in training; above 0 is slower"),
    "front_end": Meaning("name", "what stands before or beside the recurrent layers", plugin="front_end"),
    "conv_layers": _whole("convolutional layers", 16),
    "conv_filters": _whole("filters of a convolution", 8192),
    "conv_kernel": _whole("steps a convolution sees", 4096),
    "conv_stride": _whole("steps a convolution moves: n leaves every nth step", 64),
    "pooling": _names("from a sequence to one vector", "last", "mean", "max", "mean_max"),
    "difference": Meaning("bool", "append each channel's change since the step before"),
    "augment": _names(
        "change training sequences at random", "none", "jitter", "scaling", "circular_shift", "mixup"
    ),
    "optimizer": _names("optimizer", "nadam", "adam", "rmsprop"),
    "learning_rate": Meaning("float", "highest learning rate of the schedule", 0, 10, above=True),
    "schedule": _names("course of the learning rate over the training", "constant", "cosine", "one_cycle"),
    "clipnorm": Meaning("float", "longest gradient over all weights", 0, above=True),
    "weight_decay": Meaning("float", "decoupled decay of the weights, per step", 0, 1),
    "ema": Meaning("bool", "validate and keep the running average of the weights"),
    "label_smoothing": _share("share of the target spread over all classes"),
    "batch_size": _whole("examples in one step of the optimizer"),
    "window": _whole("steps of the past that the model sees"),
    "loss": _names("training loss", "mse", "mae", "huber"),
    "normalization": _names("taken from each window, given back to its forecast", "none", "last", "instance"),
    "patch": _whole("steps joined into one before the recurrent layers; 1: none", 4096),
    "channel_independent": Meaning("bool", "one model for each channel by itself, weights shared"),
    "linear_skip": Meaning("bool", "add a linear map from window to forecast"),
}  # fmt: skip


def shown(value: object) -> str:
    """A value as YAML spells it.

    >>> shown(True), shown(0.25), shown("adam"), shown(None)
    ('true', '0.25', "'adam'", 'null')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else repr(value)


def split_layer(name: str) -> tuple[str, int | None]:
    """The base and layer of a per-layer name.

    >>> split_layer("units_2"), split_layer("num_layers")
    (('units', 2), ('num_layers', None))
    """
    found = re.fullmatch(r"(.+)_(0|[1-9][0-9]*)", name)
    return (found[1], int(found[2])) if found else (name, None)
