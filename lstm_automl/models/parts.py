"""Contracts of what a model is put together from: cells, front ends and heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    import keras

from lstm_automl.tasks.task import HeadSpec

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Signal:
    """A sequence inside a network.

    Args:
        x: ``(batch, time, features)``, right padded, zero where ``mask`` is False.
        mask: ``(batch, time)`` booleans, or None where every batch is full length.
    """

    x: keras.KerasTensor
    mask: keras.KerasTensor | None = None


class Cell(Protocol):
    """A recurrent layer of one direction."""

    name: ClassVar[str]

    def layer(
        self,
        units: int,
        *,
        dropout: float,
        recurrent_dropout: float,
        return_sequences: bool,
        seed: int,
        name: str,
    ) -> keras.Layer:
        """A stock Keras layer ``(batch, time, features) -> (batch, time, units)`` or ``(batch, units)``."""


class FrontEnd(Protocol):
    """What stands before or beside the recurrent layers."""

    name: ClassVar[str]

    def before(self, signal: Signal, values: Values, seed: int) -> Signal:
        """What the recurrent layers read."""

    def beside(self, signal: Signal, values: Values, seed: int) -> keras.KerasTensor | None:
        """A vector ``(batch, features)`` joined to the pooled recurrent output, or None."""


class Head(Protocol):
    """From encoded sequence to outputs. Stock layers only."""

    name: ClassVar[str]

    def build(self, network: Network, spec: HeadSpec, values: Values, seed: int) -> keras.KerasTensor:
        """The outputs: ``(batch, outputs)`` or ``(batch, horizon, outputs)``."""


@dataclass(frozen=True)
class Network:
    """What a head builds on.

    Args:
        raw: The scaled input before front end and difference channel.
        static: ``(batch, s)`` scaled static columns, or None.
        known: ``(batch, horizon, k)`` scaled covariates known ahead, or None.
        encode: Runs front end and recurrent stack on a signal and pools it: ``(batch, features)``.
    """

    raw: Signal
    static: keras.KerasTensor | None
    known: keras.KerasTensor | None
    encode: Any
