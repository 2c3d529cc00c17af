"""Contracts of what a model is put together from: cells, front ends and heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
        encoded: Whether ``x`` was learnt by a front end (and may be dropped out), or is data.
    """

    x: keras.KerasTensor
    mask: keras.KerasTensor | None = None
    encoded: bool = False


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
        """A stock Keras layer ``(batch, time, features) -> (batch, time, units)`` or ``(batch, units)``.

        ``seed`` is for its dropout masks. Leave initialisers without a seed: the builder seeds them, and a
        seeded one would give both directions of a bidirectional layer the same weights.
        """


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
        encode: Adds the difference channels, gathers ``patch`` steps into one, runs front end and recurrent
            stack and pools: ``encode(signal, patch=1) -> (batch, features)``.
        dropout: Rate before the last dense layer.
    """

    raw: Signal
    static: keras.KerasTensor | None
    known: keras.KerasTensor | None
    encode: Callable[..., keras.KerasTensor]
    dropout: float = 0.0
